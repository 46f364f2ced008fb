"""A checkpoint is a file that is whole or not there, and damage to it is noticed."""

import errno
import json

import numpy as np
import pytest
from support.file_operations import FileOperations

from multicnn.training import checkpoint
from multicnn.training.checkpoint import Checkpoints, Damaged

PLAIN = {"loss": 0.1 + 0.2, "epochs": [1, 2], "none": None}


def arrays(value):
    rng = np.random.default_rng(value)
    return {
        "state": [rng.normal(size=(3, 4)).astype(np.float32), np.int64(value), np.array([value, 1], np.uint32)],
        "best": [rng.normal(size=12).astype(np.float16)] * 11,
    }


def silent(line):
    raise AssertionError(line)


def same(found, value):
    plain, read = found
    assert plain == PLAIN | {"value": value}
    for name, values in arrays(value).items():
        for ours, theirs in zip(values, read[name], strict=True):
            assert theirs.dtype == ours.dtype
            np.testing.assert_array_equal(ours, theirs)


def save(checkpoints, value):
    checkpoints.save(value // 10, value % 10, PLAIN | {"value": value}, arrays(value))


def test_what_is_read_is_what_was_written(tmp_path):
    checkpoints = Checkpoints(tmp_path / "run" / "checkpoints", silent)
    assert checkpoints.newest() is None
    save(checkpoints, 7)
    same(Checkpoints(tmp_path / "run" / "checkpoints", silent).newest(), 7)


def test_the_last_two_in_time_are_kept(tmp_path):
    checkpoints = Checkpoints(tmp_path, silent)
    for value in (3, 9, 10, 11):  # the end of an epoch comes after its ninth step
        save(checkpoints, value)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "epoch-00001-step-0000000.npz",
        "epoch-00001-step-0000001.npz",
    ]
    same(Checkpoints(tmp_path, silent).newest(), 11)


def test_any_damage_is_noticed(tmp_path):
    path = tmp_path / "a.npz"
    checkpoint.write(path, PLAIN | {"value": 5}, arrays(5))
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    noticed = 0
    damages = [whole[:n] for n in range(0, len(whole), 97)]
    for position in range(0, len(whole), 5):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << rng.integers(8)
        damages.append(bytes(flipped))
    for damaged in damages:
        path.write_bytes(damaged)
        try:
            same(checkpoint.read(path), 5)  # a bit that says nothing of the contents, such as one of a date
        except Damaged as error:
            noticed += 1
            assert "a.npz" in str(error)
    assert noticed > len(damages) / 2


def test_a_damaged_newest_one_falls_back_and_says_so(tmp_path):
    checkpoints = Checkpoints(tmp_path, silent)
    for value in (1, 2, 3):
        save(checkpoints, value)
    newest = tmp_path / "epoch-00000-step-0000003.npz"
    newest.write_bytes(newest.read_bytes()[:-30])
    said = []
    after = Checkpoints(tmp_path, said.append)
    same(after.newest(), 2)
    assert len(said) == 1
    assert newest.name in said[0]
    save(after, 3)
    same(Checkpoints(tmp_path, silent).newest(), 3)
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"all are damaged. Received: resume="):
        Checkpoints(tmp_path, said.append).newest()


def test_killed_in_any_file_operation_the_old_or_the_new_one_is_there(tmp_path):
    def attempt(folder, at):
        checkpoints = Checkpoints(folder, silent)
        for value in (1, 2):
            save(checkpoints, value)
        with FileOperations(at) as operations:
            save(checkpoints, 3)
        return operations

    total = attempt(tmp_path / "count", None).done
    assert total > 10  # else the operations are not those of the checkpoint
    found = []
    for at in range(1, total + 1):
        folder = tmp_path / str(at)
        assert attempt(folder, at).dead
        newest = Checkpoints(folder, silent).newest()
        found.append(newest[0]["value"])
        same(newest, found[-1])
    assert set(found) == {2, 3}
    assert found == sorted(found)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS])
def test_a_full_disk_is_one_line_and_leaves_the_last_good_one(error, tmp_path):
    checkpoints = Checkpoints(tmp_path / "checkpoints", silent)
    save(checkpoints, 1)
    with FileOperations() as operations:
        save(checkpoints, 2)
    for at in range(1, operations.done - 1):  # the last two come after the new name: it is there already
        last = "the last good checkpoint is epoch-00000-step-0000002.npz"
        with FileOperations(at, error), pytest.raises(OSError, match=last) as told:
            save(checkpoints, 3)
        assert "\n" not in str(told.value)
        assert "epoch-00000-step-0000003.npz cannot be written" in str(told.value)
        assert f"--resume {tmp_path}" in str(told.value)
        same(Checkpoints(tmp_path / "checkpoints", silent).newest(), 2)
    save(checkpoints, 3)
    same(Checkpoints(tmp_path / "checkpoints", silent).newest(), 3)


@pytest.mark.parametrize("step_seconds", [0.01, 1.0, 90.0])
@pytest.mark.parametrize("save_seconds", [0.001, 0.5, 20.0])
def test_saving_costs_under_two_percent_and_is_not_rarer_than_that(step_seconds, save_seconds, tmp_path, monkeypatch):
    now = [0.0]

    def spend(*_):
        now[0] += save_seconds

    monkeypatch.setattr(checkpoint.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    monkeypatch.setattr(checkpoint, "write", lambda path, *_: (spend(), path.touch()))
    checkpoints = Checkpoints(tmp_path, silent, seconds=60)
    save(checkpoints, 0)
    started, saved, gaps = now[0], [], []
    for epoch in range(8):
        for step in [*range(1, 200), 0]:
            now[0] += step_seconds
            if checkpoints.due(step):
                gaps.append(now[0] - (saved[-1] if saved else started))
                checkpoints.save(epoch, step, {}, {})
                saved.append(now[0])
    assert save_seconds * len(saved) <= 0.021 * (now[0] - started)
    assert max(gaps, default=0) <= max(60, 50 * save_seconds) + step_seconds + 1e-6
    if 200 * step_seconds > 50 * save_seconds:
        assert len(saved) >= 8  # at least each epoch


def test_every_so_many_steps_whatever_it_costs(tmp_path):
    checkpoints = Checkpoints(tmp_path, silent, steps=4)
    checkpoints._cost = 1e9
    assert [step for step in range(10) if checkpoints.due(step)] == [0, 4, 8]


def test_variables_must_be_those_of_the_checkpoint():
    class Variable:
        shape = (2, 3)

        def assign(self, value):
            self.value = value

    variable = Variable()
    checkpoint.assign([variable], [np.ones((2, 3))])
    assert variable.value.sum() == 6
    for values in ([np.ones((3, 2))], [], [np.ones((2, 3))] * 2):
        with pytest.raises(ValueError, match="do not fit"):
            checkpoint.assign([variable], values)


def test_plain_data_is_json_that_anything_can_read(tmp_path):
    checkpoint.write(tmp_path / "a.npz", PLAIN, {})
    with np.load(tmp_path / "a.npz") as members:
        assert json.loads(bytes(members["head"])) == {"plain": PLAIN, "arrays": {}}
