"""The n-th write, rename or fsync fails, or the power goes in it: nothing is lost, and a run ends with its bits."""

import csv
import errno
import hashlib
import itertools
import json
import os
from functools import partial

import matplotlib.figure
import numpy as np
import pytest
from PIL import Image
from support.command_line import call
from support.file_operations import FileOperations, Killed
from support.fuzzing.files import MODALITIES, predictor, saved
from support.reporters import Recorder

import multicnn
from multicnn.blocks import chain, dense, drop, flatten
from multicnn.data import store
from multicnn.data.load import load_unsplit
from multicnn.recipe import DataSource

FULL, BROKEN, DEAD = (errno.ENOSPC, False), (errno.EIO, True), (None, False)  # error number, and whether only one fails
FAULTS = {"disk full": FULL, "one error": BROKEN, "power cut": DEAD}
EACH = pytest.mark.parametrize("fault", ["in turn", *(pytest.param(name, marks=pytest.mark.slow) for name in FAULTS)])
TINY = chain(flatten(), drop(0.5), dense(2)).to_dict()
SETTINGS = [
    "batch_size=8",
    "epochs=1",
    "runtime.checkpoint_steps=2",
    "runtime.jit_compile=false",
    "monitor=loss",
    "seed=3",
]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Neither waiting for the disk nor drawing is what is tried; a figure is a file like others."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", _write_nothing)


def _write_nothing(figure, target, **options):
    if hasattr(target, "write"):
        target.write(b"a figure")
    else:
        with open(target, "wb") as file:
            file.write(b"a figure")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    root, random = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for i in range(24):
        (root / "ab"[i % 2]).mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 256, (6, 6), dtype=np.uint8)).save(root / "ab"[i % 2] / f"{i}.png")
    return root


def failing(at, fault, folder):
    """Return file operations of which number `at` fails, by a kind of fault or by each in turn; none if it is None."""
    error, once = FAULTS.get(fault) or list(FAULTS.values())[(at or 0) % len(FAULTS)]
    return FileOperations(at, error, once=once, under=folder)


def one_line(error):
    assert len(str(error)) > 10 and "\n" not in str(error).strip(), repr(error)


# Training.


def live(images, folder):
    """Resume the run in a folder; start it where it was killed before it could be told from none."""
    run = partial(multicnn.train, images, settings=SETTINGS, model=TINY, reporter=Recorder())
    try:
        return run(resume=folder)
    except ValueError as error:
        if "must be the folder of a run that was started" not in str(error):
            raise
    return run(out=folder)


def bits(folder):
    """Return what must not depend on faults: the hash of the weights, the metrics and the history, but for the time it took."""
    weights = multicnn.load(folder / "model.keras").network.get_weights()
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(each).tobytes() for each in weights)).hexdigest()
    metrics = json.loads((folder / "metrics.json").read_text())
    with open(folder / "history.csv", newline="") as file:
        history = [{**row, "seconds": 0, "waited": 0} for row in csv.DictReader(file)]
    return digest, {**metrics, "seconds": 0, "waited": 0}, history, sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def undisturbed(images, tmp_path_factory):
    """Return the bits of a run without faults, and the number of its operations."""
    folder = tmp_path_factory.mktemp("runs") / "undisturbed"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        patch.setattr(matplotlib.figure.Figure, "savefig", _write_nothing)
        with FileOperations(under=folder) as operations:
            live(images, folder)
    return bits(folder), operations.done


def disturb(images, folder, at, error, once):
    """Live with a fault; return whether the run has come to its end all the same."""
    with FileOperations(at, error, once=once, under=folder) as operations:
        try:
            live(images, folder)
        except (OSError, ValueError) as refusal:
            one_line(refusal)
            assert operations.failed
            return False
    return not operations.dead


def test_a_run_with_fault_after_fault_ends_with_its_bits(images, undisturbed, tmp_path):
    """In each life another kind of fault comes, ten operations later, and it resumes what the one before has left."""
    lives, kinds = 1, itertools.cycle(FAULTS.values())
    while not disturb(images, tmp_path / "run", 10 * lives, *next(kinds)):
        lives += 1
        assert lives < undisturbed[1]
    assert bits(tmp_path / "run") == undisturbed[0]
    assert lives > 5


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_run_with_a_fault_in_any_operation_ends_with_its_bits(fault, images, undisturbed, tmp_path):
    for at in range(1, undisturbed[1] + 1):
        disturb(images, tmp_path / str(at), at, *FAULTS[fault])
        live(images, tmp_path / str(at))
        assert bits(tmp_path / str(at)) == undisturbed[0], at


# Saving.


@EACH
def test_what_was_saved_before_is_there_until_the_new_file_is_complete(fault, tmp_path):
    model, path = predictor("image"), tmp_path / "model.keras"
    model.save(path)
    before = path.read_bytes()
    with FileOperations(under=tmp_path) as operations:
        model.save(path)
    for at in range(1, operations.done + 1):
        path.write_bytes(before)
        with failing(at, fault, tmp_path) as operations:
            try:
                model.save(path)
            except OSError as error:
                one_line(error)
                assert str(path) in str(error)
                assert os.listdir(tmp_path) == [path.name]
        assert operations.failed
        multicnn.load(path)  # the old one or the new one, and whole
    model.save(path)
    multicnn.load(path)


# Caching.


@EACH
def test_the_cache_gives_the_examples_or_says_why_not(fault, images, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "MEMORY_LIMIT", 0)
    manifest = load_unsplit(DataSource(path=str(images)))

    def load(home, at=None):
        monkeypatch.setenv("MULTICNN_CACHE", str(home))
        with failing(at, fault, tmp_path) as operations:
            try:
                found, _ = store.load_examples(manifest, MODALITIES["image"], manifest.rows())
                return np.array(found.array), operations
            except (OSError, ValueError) as error:
                one_line(error)
                assert operations.failed and not (home.exists() and os.listdir(home))
        return None, operations

    whole, counted = load(tmp_path / "0")
    for at in range(1, counted.done + 1):
        home = tmp_path / str(at)
        found, operations = load(home, at)
        assert operations.failed
        assert found is None or np.array_equal(found, whole)
        for _ in range(2):  # decoded anew, and from the entry
            assert np.array_equal(load(home)[0], whole)


# Predicting.


@EACH
def test_a_table_of_predictions_is_complete_or_not_there(fault, images, tmp_path, monkeypatch, capsys):
    model, table = tmp_path / "model.keras", tmp_path / "out" / "table.csv"
    model.write_bytes(saved("image"))

    def predict(at=None):
        with failing(at, fault, table.parent) as operations:
            try:
                code, _, err = call(monkeypatch, capsys, "predict", model, images, "--csv", table)
            except Killed:
                return None, "", operations
        return code, err, operations

    table.parent.mkdir()
    code, _, counted = predict()
    assert code == 0
    whole = table.read_bytes()
    assert len(whole.splitlines()) == 25
    for at in range(1, counted.done + 1):
        table.unlink(missing_ok=True)
        code, err, operations = predict(at)
        assert operations.failed
        if code == 2:
            assert len(err.splitlines()) == 1 and err.startswith("multicnn: "), err
            assert set(os.listdir(table.parent)) <= {table.name}
        assert not table.exists() or table.read_bytes() == whole
    assert predict()[0] == 0 and table.read_bytes() == whole
