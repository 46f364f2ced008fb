"""Training on data in memory: the same weights as on the same examples in a file, and resuming."""

import hashlib

import numpy as np
import pytest
import soundfile
from PIL import Image

import multicnn
from multicnn.blocks import network

RNG = np.random.default_rng(0)
Y = np.array(["dark", "light"] * 30)
X = np.clip(RNG.integers(0, 100, (60, 5, 6)) + 120 * (Y == "light")[:, None, None], 0, 255).astype(np.uint8)
SMALL = {
    "model": "linear",
    "epochs": 2,
    "optimizer": multicnn.Optimizer(),
}  # with a schedule, more epochs would be another run


def sha(predictor):
    return hashlib.sha256(b"".join(weights.tobytes() for weights in predictor.network.get_weights())).hexdigest()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memory") / "run"
    return multicnn.train((X, Y), folder, **SMALL), folder


@pytest.mark.slow
def test_the_same_weights_as_from_an_archive(trained, tmp_path):
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    assert sha(multicnn.train(tmp_path / "a.npz", tmp_path / "run", **SMALL)) == sha(trained[0])


def test_evaluate_knows_the_data_of_the_training():
    prepared = multicnn.prepare((X, Y), model="linear")
    built = network(prepared.block, prepared.input_shape)
    task, recipe = prepared.manifest.task, prepared.recipe.to_dict()
    predictor = multicnn.Predictor(prepared.preprocess, prepared.block, built, task, recipe)
    for data in ((X, Y), (X[::-1], Y[::-1])):
        test = multicnn.evaluate(predictor, data, split="test")
        ids = prepared.manifest.table["hash"][prepared.manifest.rows("test")]
        assert sorted(test.manifest.table["hash"][test.rows]) == sorted(ids)
    with pytest.raises(ValueError, match="must have a test split of its own"):
        multicnn.evaluate(predictor, (X[1:], Y[1:]), split="test")
    assert predictor.evaluate((X[1:], Y[1:]))["n"] == 59


def test_no_run_is_started_in_a_folder_that_holds_none(tmp_path):
    for folder in (tmp_path, tmp_path / "nosuch"):
        with pytest.raises(ValueError, match="`resume` must be the folder of a run that was started"):
            multicnn.train((X, Y), resume=folder)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_run_is_resumed_with_its_data_alone(trained):
    predictor, folder = trained
    longer = multicnn.train((X, Y), resume=folder, epochs=3)
    assert longer.metrics["train"]["n"] == predictor.metrics["train"]["n"] and sha(longer) != sha(predictor)
    reverse = multicnn.train((X[::-1], Y[::-1]), resume=folder, epochs=3)  # the run is finished
    assert sha(reverse) == sha(longer)
    with pytest.raises(ValueError, match="a run can only be resumed with its own data: 1 examples gone"):
        multicnn.train((X[:-1], Y[:-1]), resume=folder, epochs=4)
    with pytest.raises(ValueError, match="data in memory: pass them again, as `data`"):
        multicnn.train(resume=folder, epochs=4)


@pytest.mark.slow
def test_data_in_memory_in_every_command(tmp_path):
    assert multicnn.doctor((X, Y), tmp_path / "doctor.html").linear["accuracy"] > 0.5
    assert multicnn.preview((X, Y), tmp_path / "preview.html").is_file()
    assert [len(batch) for batch, _ in multicnn.dataset((X, Y), "test")] == [
        multicnn.prepare((X, Y)).manifest.rows("test").size
    ]
    crossed = multicnn.crossval((X, Y), tmp_path / "folds", folds=2, model="linear", epochs=1)
    assert len(crossed.metrics) == 2
    again = multicnn.crossval((X, Y), resume=tmp_path / "folds", folds=2)
    assert again.metrics.keys() == crossed.metrics.keys()
    with pytest.raises(ValueError, match="pass them again"):
        multicnn.crossval(resume=tmp_path / "folds")


def batches(data, **fields):
    """Return the hashes of the examples of each split, and the batches of the first epoch."""
    prepared = multicnn.prepare(data, **fields)
    table = prepared.manifest.table
    splits = sorted(zip(table["hash"], table["split"]))
    return splits, [(x.numpy(), y.numpy()) for x, y in prepared.dataset("train")]


CLIPS = (RNG.uniform(-1, 1, (60, 800)) * 2**14 * (1 + (Y == "light"))[:, None]).astype(np.int16)


def folder_of(root, write):
    for i, label in enumerate(Y):
        (root / label).mkdir(parents=True, exist_ok=True)
        write(root / label / f"{i:02}", i)
    return multicnn.DataSource(path=str(root), hash="content")


@pytest.mark.parametrize("kind", ["image", pytest.param("audio", marks=pytest.mark.slow)])
def test_a_folder_of_lossless_files_is_divided_and_trained_as_its_arrays(kind, tmp_path):
    order = np.argsort(Y, kind="stable")  # of the folder
    if kind == "image":
        source = folder_of(tmp_path, lambda path, i: Image.fromarray(X[i]).save(f"{path}.png"))
        data = X[order], Y[order]
    else:
        source = folder_of(
            tmp_path, lambda path, i: soundfile.write(f"{path}.{('wav', 'flac')[i % 2]}", CLIPS[i], 8000)
        )
        data = (CLIPS[order], 8000), Y[order]
    (splits, files), (expected, arrays) = batches(source), batches(data)
    assert splits == expected
    for (x, y), (other_x, other_y) in zip(files, arrays, strict=True):
        np.testing.assert_array_equal(x, other_x)
        np.testing.assert_array_equal(y, other_y)
