"""Several workers: what they tell one another, and that a run of several is that of one."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from support import cluster

import multicnn
from multicnn.backends.processes import Workers
from multicnn.blocks import chain, conv, dense, drop, global_average_pool


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_workers_tell_one_another(count, monkeypatch):
    made = []

    def work():
        workers = Workers()
        first = workers.broadcast(lambda: made.append(workers.index) or np.arange(3))
        asked = workers.any(15 if workers.index == count - 1 else None)
        return workers.all_gather({"i": workers.index}), first.tolist(), asked, workers.any(None)

    all_gather = [{"i": i} for i in range(count)]
    assert cluster.run(count, work, monkeypatch) == [(all_gather, [0, 1, 2], 15, None)] * count
    assert made == [0]


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 6, 7, 12])
def test_the_parts_are_the_batch_or_each_is_all_of_it(n, count, devices, monkeypatch):
    parts = cluster.run(count, lambda: list(range(n))[Workers().shard(n, devices)], monkeypatch)
    if n % (count * devices):
        assert parts == [list(range(n))] * count
    else:
        assert [each for part in parts for each in part] == list(range(n))
        assert {len(part) for part in parts} == {n // count}


def test_all_begin_with_the_run_folder_of_the_first(tmp_path, monkeypatch):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "one.npz").write_bytes(b"state")
    (tmp_path / "recipe.json").write_text("{}")

    def work():
        with Workers().folder(tmp_path) as folder:
            found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
            (folder / "recipe.json").write_text("changed")
        return folder, folder.exists(), found

    (one, kept, files), (other, left, copied) = cluster.run(2, work, monkeypatch)
    assert (one, kept, left) == (tmp_path, True, False) and other != tmp_path
    assert files == copied == {"checkpoints/one.npz": b"state", "recipe.json": b"{}"}
    assert (tmp_path / "recipe.json").read_text() == "changed"


def test_tensorflow_trains_alone(monkeypatch):
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("JAX does not")
    monkeypatch.setenv("KERAS_DISTRIBUTION_JOB_ADDRESSES", "127.0.0.1:1")
    with pytest.raises(ValueError, match=r"KERAS_BACKEND must be jax for several workers. Received: .*127.0.0.1:1"):
        multicnn.train("digits")


TINY = chain(conv(4, 3, norm="batch", activation="relu"), drop(0.5), global_average_pool(), dense(2)).to_dict()
SETTINGS = [
    "batch_size=4",
    "augment.shift=1",
    "mixup=0.2",
    "epochs=30",
    "runtime.checkpoint_steps=5",
    "monitor=loss",
    "seed=3",
]


class Job:
    """Training on JAX by the command line, in processes of its own."""

    def __init__(self, folder, *arguments, workers=None, devices=1):
        self.folder = folder
        environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
        flags = f"--xla_backend_optimization_level=0 --xla_force_host_platform_device_count={devices}"
        command = [sys.executable, "-m", "multicnn.cli", "train", *map(str, arguments)]
        command += [] if workers is None else ["--workers", str(workers)]
        environment["XLA_FLAGS"] = flags
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    def wait(self):
        _, said = self.process.communicate(timeout=600)
        return self.process.returncode, said

    def kill(self, epoch, signum):
        """After so many epochs."""
        while not (self.folder / "history.csv").exists() or len(self.history()) < epoch:
            assert self.process.poll() is None, self.wait()
            time.sleep(0.05)
        self.process.send_signal(signum)
        return self.wait()[0]

    def history(self):
        lines = (self.folder / "history.csv").read_text().splitlines()[1:]
        return [[float(cell) for cell in line.split(",")[:7]] for line in lines]

    def weights(self):
        return multicnn.load(self.folder / "model.keras").network.get_weights()


@pytest.mark.slow
def test_several_workers_or_devices_train_what_one_does_and_go_on_exactly(pictures, tmp_path):
    new = [str(pictures), *(f"--set={each}" for each in SETTINGS), f"--set=model.name={json.dumps(TINY)}", "--out"]
    one = Job(tmp_path / "one", *new, tmp_path / "one")
    assert one.wait()[0] == 0
    two = Job(tmp_path / "two", *new, tmp_path / "two", workers=2)
    assert two.wait()[0] == 0
    shared = Job(tmp_path / "shared", *new, tmp_path / "shared", "--set=runtime.devices=2", devices=2)
    assert shared.wait()[0] == 0
    for other in (two, shared):
        np.testing.assert_allclose(other.history(), one.history(), atol=1e-5)
        for ours, theirs in zip(other.weights(), one.weights(), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert "dark/bad.png" in (tmp_path / "two" / "bad_files.csv").read_text()
    killed = Job(tmp_path / "killed", *new, tmp_path / "killed", workers=2)
    assert killed.kill(2, signal.SIGKILL) == -signal.SIGKILL
    resume = "--resume", tmp_path / "killed"
    interrupted = Job(tmp_path / "killed", *resume, workers=2)
    assert interrupted.kill(len(interrupted.history()) + 2, signal.SIGINT) == 130
    assert Job(tmp_path / "killed", *resume, workers=2).wait()[0] == 0
    assert killed.history() == two.history()
    for ours, theirs in zip(killed.weights(), two.weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
