"""Law 3 on whole runs: killed at any moment and resumed, a run ends with the same bits as one never interrupted."""

import csv
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.lives import live
from support.reporters import Recorder

import multicnn
from multicnn.blocks import chain, conv, dense, drop, global_average_pool
from multicnn.data.load import load_manifest
from multicnn.recipe import DataSource, Recipe
from multicnn.training import checkpoint, run_folder
from multicnn.training.context import RunContext
from multicnn.training.preparation import prepare

TINY = chain(conv(4, 3, norm="batch", activation="relu"), drop(0.5), global_average_pool(), dense(2)).to_dict()
SETTINGS = ["batch_size=4", "augment.shift=1", "runtime.checkpoint_steps=3", "monitor=loss", "seed=3"]


def outcome(folder):
    """What a run ends with, but for the time it took."""
    with open(folder / "history.csv", newline="") as file:
        history = [{**row, "seconds": None, "waited": None} for row in csv.DictReader(file)]
    metrics = json.loads((folder / "metrics.json").read_text()) | {"seconds": None, "waited": None}
    predictor = multicnn.load(folder / "model.keras")
    best = [weight.tobytes() for weight in predictor.network.get_weights()]
    newest = sorted((folder / "checkpoints").glob("epoch-*"))[-1]
    state = [value.tobytes() for value in checkpoint.read(newest)[1]["state"]]
    kept = {
        name: (folder / name).read_bytes() for name in ("mistakes.csv", "per_class.csv", "labels.txt", "health.csv")
    }
    kept["bad"] = pd.read_csv(folder / "bad_files.csv")[["id", "reason"]].to_dict()
    return {"history": history, "metrics": metrics, "best": best, "state": state, **kept}


def same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name] == other[name], name


@pytest.fixture(scope="module")
def unbroken(pictures, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    multicnn.train(pictures, folder, model=TINY, epochs=3, settings=SETTINGS)
    return folder


@pytest.fixture
def told():
    """A reporter and the lines that it was told."""
    reporter = Recorder()
    return reporter, reporter.lines


def test_killed_with_kill_9_and_resumed_somewhere_else(pictures, unbroken, tmp_path, told):
    folder, moved = tmp_path / "run", tmp_path / "moved"
    model = f"model.name={json.dumps(TINY)}"
    assert live(pictures, folder, step=9, settings=["epochs=3", model, *SETTINGS]) == -9
    assert not (folder / "model.keras").exists()
    shutil.copytree(pictures, moved)
    resumed = multicnn.train(resume=folder, settings=[f"data.path={moved}"])
    same(outcome(folder), outcome(unbroken))
    assert {path.name for path in folder.iterdir()} == {path.name for path in unbroken.iterdir()}
    shutil.rmtree(moved)  # a finished run needs its data no more
    again = multicnn.train(resume=folder, reporter=told[0])
    assert told[1] == [f"the run in {folder} is finished: {folder / 'model.keras'}"]
    for ours, theirs in zip(again.network.get_weights(), resumed.network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_may_not_change_is_named(unbroken, tmp_path):
    for settings, words in {
        "optimizer.learning_rate=0.5": "optimizer.learning_rate was None, now 0.5",
        "seed=4": "seed was 3, now 4",
        "epochs=2": "epochs was 3, now 2",
        "augment.mirror=true": "augment.mirror was None, now True",
        "preprocess.size=[9,9]": "preprocess.size was None, now [9, 9]",
    }.items():
        with pytest.raises(
            ValueError, match=r"a run can only be resumed with its own recipe: .* Received: resume="
        ) as error:
            multicnn.train(resume=unbroken, settings=[settings])
        assert words in str(error.value)
    with pytest.raises(ValueError, match=r"batch_size was 4, now 32; .*model\.name was {.*"):
        multicnn.train(Recipe(data=DataSource(path="digits")), resume=unbroken)
    with pytest.raises(ValueError, match="a run can only be resumed with its own data"):
        multicnn.train("digits", resume=unbroken)
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ValueError, match="`resume` must be the folder of a run that was started"):
            multicnn.train(resume=folder)


def _other_content(root):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(root / "dark" / "3.png")


CHANGES = {
    "1 examples gone, the first 'dark/3.png'": lambda root: (root / "dark" / "3.png").unlink(),
    "1 examples new, the first 'dark/new.png'": lambda root: shutil.copy(root / "dark/3.png", root / "dark/new.png"),
    "1 examples of other content, the first 'dark/3.png'": _other_content,
    "1 examples new, the first 'bright/moved.png'": lambda root: (root / "dark/3.png").rename(
        root / "bright/moved.png"
    ),
}


@pytest.mark.parametrize("words", CHANGES)
def test_other_data_is_refused_and_named(words, pictures, unbroken, tmp_path):
    shutil.copytree(pictures, tmp_path / "data")
    CHANGES[words](tmp_path / "data")
    before = outcome(unbroken)
    with pytest.raises(ValueError, match="a run can only be resumed with its own data") as error:
        multicnn.train(resume=unbroken, settings=[f"data.path={tmp_path / 'data'}"])
    assert words in str(error.value)
    same(outcome(unbroken), before)


def test_the_run_goes_on_with_the_preprocessing_it_was_begun_with(unbroken, tmp_path):
    """Even where a fit would now learn another."""
    path = tmp_path / "preprocess.json"
    path.write_text(json.dumps(json.loads((unbroken / "preprocess.json").read_text()) | {"mean": [0.25]}))
    recipe = run_folder.saved_recipe(unbroken)
    manifest, context = load_manifest(recipe.data), RunContext(tmp_path)
    assert prepare(recipe, manifest, context).preprocess.mean == (0.25,)
    path.unlink()
    (tmp_path / "manifest.parquet").unlink()
    assert prepare(recipe, manifest, context).preprocess.mean != (0.25,)
    assert path.read_text() == (unbroken / "preprocess.json").read_text()


def test_a_loss_that_is_no_longer_finite_names_step_layer_and_examples(pictures, tmp_path):
    net = chain(conv(4, 3), global_average_pool(), dense(2)).to_dict()
    settings = [*SETTINGS, "optimizer.name=sgd", "optimizer.learning_rate=1e38"]
    with pytest.raises(ValueError, match=r"in step \d+ of epoch 1: it begins in layer '.*Received: optimizer") as error:
        multicnn.train(pictures, tmp_path / "run", model=net, epochs=3, settings=settings)
    said = str(error.value)
    assert "\n" not in said
    listed = pd.read_csv(tmp_path / "run" / "not_finite.csv")["id"].tolist()
    assert f"({', '.join(listed[:3])} ...)" in said
    multicnn.train(pictures, tmp_path / "run", model=net, epochs=1, settings=SETTINGS)  # the list does not block it
    table = pd.read_parquet(tmp_path / "run" / "manifest.parquet")
    good = np.flatnonzero((table["split"] == "train") & (table["status"] == "good"))
    step = int(re.search(r"in step (\d+)", said)[1]) - 1
    batch = np.random.default_rng([3, 0]).permutation(good)[4 * step : 4 * step + 4]
    assert listed == table["id"].iloc[batch].tolist()


MODALITIES = {
    "digits": ["augment.shift=1", "model.name=vgg_small", "model.arguments.width=4", "epochs=4"],
    "spoken_digits": [
        "augment.time_mask=4",
        "model.name=res8",
        "model.arguments.maps=8",
        "epochs=4",
        "runtime.precision=mixed_bfloat16",
    ],
    "docstrings": [
        "augment.word_dropout=0.1",
        "model.name=textcnn",
        "model.arguments.filters=8",
        "model.embedding.dims=8",
        "epochs=4",
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("data", MODALITIES)
def test_killed_at_twenty_random_moments(data, tmp_path):
    settings = [*MODALITIES[data], "runtime.checkpoint_steps=5", "optimizer.schedule=cosine"]
    assert live(data, tmp_path / "unbroken", settings=settings) == 0
    steps = _steps(tmp_path / "unbroken")
    rng = np.random.default_rng(0)
    folder, killed = tmp_path / "killed", 0
    for step in sorted(rng.integers(0, steps - 10, 20)):  # the last life too is to die in training
        begun = (folder / "recipe.json").exists()
        killed += live("-" if begun else data, folder, step, rng.uniform(1e-6, 0.02), () if begun else settings) < 0
    assert killed == 20
    assert live("-", folder, steps) == -9, "trained to the end, and nothing measured or saved yet"
    assert not (folder / "model.keras").exists()
    assert live("-", folder) == 0
    same(outcome(folder), outcome(tmp_path / "unbroken"))


def _steps(folder):
    """Steps of a whole run."""
    recipe = json.loads((folder / "recipe.json").read_text())
    examples = json.loads((folder / "metrics.json").read_text())["train"]["n"]
    return recipe["epochs"] * -(-examples // recipe["batch_size"])


@pytest.fixture(scope="module")
def weights(unbroken):
    """Weights of other classes, as arrays by our own names but for the head."""
    arrays = {}
    for layer in multicnn.load(unbroken / "model.keras").network.layers:
        if layer.name != "dense":
            arrays |= {f"{layer.name}/{weight.name}": np.array(weight) for weight in layer.weights}
    path = unbroken.parent / "weights.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("step", [0, 1, 7, 12, 22])
def test_a_staged_run_killed_in_any_stage_ends_with_the_same_bits(step, pictures, weights, tmp_path):
    """Before the first step, in the first, a later and the last stage, and after the last step."""
    fine = ['start.names={"conv": "conv", "conv.norm": "conv.norm"}', f"start.path={weights}", "epochs=4"]
    settings = [*fine, f"model.name={json.dumps(TINY)}", *SETTINGS]
    whole = tmp_path / "whole"
    multicnn.train(pictures, whole, settings=settings)
    assert json.loads((whole / "metrics.json").read_text())["finetuning"]["stages"][0]["epoch"] == 0
    steps = multicnn.load(whole / "model.keras").metrics
    assert steps["finetuning"]["stages"][-1]["epoch"] == 4
    assert live(pictures, tmp_path / "run", step=step, settings=settings) in (-9, 0)
    multicnn.train(resume=tmp_path / "run")
    same(outcome(tmp_path / "run"), outcome(whole))
