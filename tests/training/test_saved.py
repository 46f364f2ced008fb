"""What a run saves: the network, the linear baseline or their blend, in each modality, by each command, after each death."""

import dataclasses
import json
import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
from support.command_line import call
from support.reporters import Recorder

import multicnn
from multicnn.evaluation.inspect import of_block
from multicnn.recipe import Recipe
from multicnn.training.inner_network import inner_network

P = [np.array([[0.3, 0.1, 0.3, 0.3]]), np.array([[0.1, 0.3, 0.3, 0.3]])]  # of the words of each class
SLOW = pytest.mark.slow
NETWORK = {
    "image": ["model.name=mlp", "model.arguments.units=[8]"],
    "audio": ["model.name=res8", "model.arguments.maps=4", "preprocess.sample_rate=8000", "preprocess.n_mels=20"],
    "text": ["model.arguments.filters=4", "model.embedding.dims=8"],
}


def write(modality, folder):
    """Write 240 examples of two classes that a linear model tells apart with some mistakes; return their path."""
    rng = np.random.default_rng(0)
    y = np.arange(240) % 2
    if modality == "text":
        words = [" ".join(rng.choice(["good", "bad", "film", "plot"], 5, p=p)) for p in np.where(y[:, None], *P)]
        pd.DataFrame({"text": [f"{w} {i}" for i, w in enumerate(words)], "label": y}).to_csv(folder / "t.csv")
        return folder / "t.csv"
    if modality == "image":
        x = rng.normal(110 + 20 * y[:, None, None], 60, (240, 8, 8)).clip(0, 255).astype(np.uint8)
    else:
        noise, tone = rng.normal(0, 0.1, (240, 2000)), np.sin(np.arange(2000) * (0.5 + 0.6 * y[:, None]))
        x = (noise + 0.01 * tone).astype(np.float32)
    np.savez(folder / "x.npz", x=x, y=y)
    return folder / "x.npz"


MODALITIES = ["image", pytest.param("audio", marks=SLOW), pytest.param("text", marks=SLOW)]


@pytest.fixture(scope="module", params=MODALITIES)
def blend(request, choosing, tmp_path_factory):
    """A run that saved a blend: its modality, data, folder, predictor and messages."""
    folder = tmp_path_factory.mktemp(request.param)
    data = write(request.param, folder)
    settings = [*NETWORK[request.param], f"data.modality={request.param}", "epochs=2", "data.test_fraction=0.3"]
    reporter = Recorder()
    predictor = multicnn.train(data, folder / "run", settings=settings, reporter=reporter)
    return request.param, data, folder / "run", predictor, reporter.lines


def test_metrics_and_messages_say_what_was_saved_and_why(blend):
    _, _, folder, predictor, lines = blend
    measured = json.loads((folder / "metrics.json").read_text())
    assert measured == predictor.metrics
    saved = measured["saved"]
    assert saved["choice"] == "blend" and 0 <= saved["weight"] <= 1
    line = f"saved: a blend of network (weight {saved['weight']:.2f}) and linear baseline: {saved['why']}"
    assert line in lines and any(measured["verdict"] in after for after in lines[lines.index(line) :])
    assert f"S{line[1:]}." in (folder / "report.html").read_text()
    assert "blend of" in repr(predictor) and f"{saved['weight']:.2f}" in repr(predictor)
    assert {split: measured[split]["n"] for split in ("test", "network", "linear_baseline")} == dict.fromkeys(
        ("test", "network", "linear_baseline"), measured["test"]["n"]
    )


def test_what_is_saved_is_what_was_measured(blend):
    _, data, folder, predictor, _ = blend
    loaded = multicnn.load(folder / "model.keras")
    for one in (predictor, loaded, pickle.loads(pickle.dumps(predictor))):
        measured = multicnn.evaluate(one, data, split="test").metrics
        assert measured["accuracy"] == predictor.metrics["test"]["accuracy"]
        assert measured["loss"] == pytest.approx(predictor.metrics["test"]["loss"], rel=1e-4)


@SLOW
def test_the_network_in_it_is_that_of_a_plain_run(blend, tmp_path):
    modality, data, _, predictor, _ = blend
    settings = [*NETWORK[modality], f"data.modality={modality}", "epochs=2", "data.test_fraction=0.3", "baseline=off"]
    told = Recorder()
    plain = multicnn.train(data, tmp_path / "run", settings=settings, reporter=told)
    assert "saved: the network alone, since baseline is off" in told.lines
    assert "saved" not in plain.metrics and "network" not in plain.metrics
    assert predictor.metrics["network"] == plain.metrics["test"]
    assert predictor.metrics["linear_baseline"] == plain.metrics["linear_baseline"]
    inner = inner_network(predictor)
    assert inner.block == plain.block
    factor = predictor.metrics["saved"]["weight"] / predictor.metrics["saved"]["temperatures"]["network"]
    arrays = list(zip(inner.network.get_weights(), plain.network.get_weights(), strict=True))
    for ours, theirs in arrays[:-2]:
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in arrays[-2:]:  # kernel and bias of the last layer
        np.testing.assert_allclose(ours, factor * theirs, rtol=1e-3, atol=1e-6)


def test_its_stages_are_called_as_options_take_them(blend):
    model = blend[2] / "model.keras"
    names = [row["stage"] for row in multicnn.inspect(model).rows]
    inner = inner_network(multicnn.load(model))
    own = [row["stage"] for row in of_block(inner.block, inner.preprocess, "it").rows]
    assert names[: len(own)] == own
    *baseline, total = names[len(own) :]
    assert baseline and all(name.startswith("linear baseline: ") for name in baseline), names
    assert total == "add"


@SLOW
def test_every_command_takes_it(blend, tmp_path, monkeypatch, capsys):
    modality, data, folder, predictor, _ = blend
    model = folder / "model.keras"
    out = call(monkeypatch, capsys, "inspect", model)[1]
    assert "saved: a blend of network" in out
    assert call(monkeypatch, capsys, "evaluate", model, data, "--split", "test")[0] == 0
    extracted, head = multicnn.features(model, data, tmp_path / "features.npz", head="linear")
    assert extracted.values.shape[1] < 100 and head is not None, "of the network"
    if modality == "text":
        (explained,) = multicnn.explain_texts(predictor, "a good film")
        assert explained.method == "n-grams" and explained.label in "01"
        assert call(monkeypatch, capsys, "predict", model, "a good film", "--json")[0] == 0
        assert call(monkeypatch, capsys, "words", "nearest", model, "good")[0] == 0
    started = Recorder()
    settings = [f"data.modality={modality}", f"start.path={model}", "epochs=1", "baseline=off"]
    multicnn.train(data, tmp_path / "again", settings=settings, reporter=started)
    assert any("nothing is new" in line for line in started.lines)


@pytest.mark.parametrize(
    "left", [pytest.param(False, marks=SLOW), True], ids=["before anything is saved", "before the choice"]
)
def test_killed_between_training_and_choice_it_ends_with_the_same_bits(left, blend, tmp_path):
    _, _, folder, predictor, _ = blend
    shutil.copytree(folder, tmp_path / "run")
    for name in ("metrics.json", "report.html", "model.keras", "mistakes.csv"):
        (tmp_path / "run" / name).unlink()
    if left:  # the network alone, without metrics
        bare = dataclasses.replace(inner_network(predictor), metrics={})
        bare.save(tmp_path / "run" / "model.keras")
    again = multicnn.train(resume=tmp_path / "run")
    assert {**again.metrics, "seconds": 0} == {**predictor.metrics, "seconds": 0}
    for ours, theirs in zip(again.network.get_weights(), predictor.network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.fixture(scope="module")
def images(choosing, tmp_path_factory):
    return write("image", tmp_path_factory.mktemp("image"))


@SLOW
def test_an_ensemble_is_blended_once(images, tmp_path):
    members = ({"seed": 1}, {"seed": 2})
    settings = [*NETWORK["image"], "epochs=1", "data.test_fraction=0.3"]
    predictor = multicnn.train(images, tmp_path / "run", members=members, settings=settings)
    for i in (1, 2):
        assert "saved" not in json.loads((tmp_path / "run" / f"member-{i}" / "metrics.json").read_text())
    assert predictor.metrics["saved"]["choice"] == "blend"
    names = {layer.name for layer in predictor.network.layers}
    assert {"main.network.1.member-1.dense", "main.network.2.member-2.dense"} <= names, names
    measured = multicnn.evaluate(tmp_path / "run" / "model.keras", images, split="test").metrics
    assert measured["accuracy"] == predictor.metrics["test"]["accuracy"]
    with pytest.raises(ValueError, match="a member cannot change 'baseline'"):
        Recipe(members=({"baseline": "blend"}, {})).member(0)


@SLOW
def test_the_better_one_alone(images, tmp_path):
    settings = [*NETWORK["image"], "epochs=1", "data.validation_fraction=0.5", "data.test_fraction=0.1"]
    hopeless = multicnn.train(images, tmp_path / "run", settings=[*settings, "model.initializer=zeros"])
    assert hopeless.metrics["saved"]["choice"] == "baseline"
    assert "<Predictor linear baseline on image" in repr(hopeless)


@SLOW
def test_cross_validation_says_what_was_saved(images, tmp_path, monkeypatch, capsys):
    settings = [*NETWORK["image"], "epochs=1"]
    validation = multicnn.crossval(images, tmp_path / "run", folds=2, settings=settings)
    saved = [measured["saved"] for measured in validation.metrics.values()]
    assert validation.table()["saved"].tolist() == [
        f"blend of network (weight {each['weight']:.2f}) and linear baseline" for each in saved
    ]
    words = [word for setting in settings for word in ("--set", setting)]
    code, _, err = call(
        monkeypatch, capsys, "crossval", images, "--folds", "2", "--plain", "--out", tmp_path / "plain", *words
    )
    assert code == 0, err
    assert json.loads((tmp_path / "plain" / "plan.json").read_text())["recipe"]["baseline"] == "off"


def test_a_recipe_of_before_means_the_network_alone():
    whole = Recipe().to_dict()
    assert whole["baseline"] == "blend" and Recipe.from_dict(whole).baseline == "blend"
    del whole["baseline"]
    assert Recipe.from_dict(whole).baseline == "off"
    assert Recipe.from_dict({"epochs": 3}).baseline == "blend", "written by hand"


@SLOW
def test_a_baseline_alone_is_no_network_to_start_from(images, tmp_path):
    settings = [*NETWORK["image"], "epochs=1", "data.validation_fraction=0.5", "model.initializer=zeros"]
    multicnn.train(images, tmp_path / "run", settings=settings)
    with pytest.raises(ValueError, match="this file holds the linear baseline alone: train again with --plain"):
        multicnn.train(images, tmp_path / "next", settings=[f"start.path={tmp_path / 'run' / 'model.keras'}"])
