"""Fine-tuning in stages."""

import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.loops import loop_of

import multicnn
from multicnn.blocks import chain, conv, dense, embed, global_average_pool, network, stage
from multicnn.blocks.cost import measure
from multicnn.data.load import load_unsplit
from multicnn.recipe import DataSource, Optimizer, Recipe, Start
from multicnn.training import finetuning
from multicnn.training.finetuning import GradualUnfreezing, suggested
from multicnn.training.freezing import rate_shares
from multicnn.training.optimizers.factory import discriminative, make
from multicnn.training.selection import LatestWithinError

NET = chain(
    *(stage(name, conv(3, 3, norm="batch" if name == "b" else None, activation="relu")) for name in "abcdef"),
    global_average_pool(),
    dense(3),
)
SHAPE = (6, 6, 1)
GRADUAL = Start(path="x.npz", finetune="gradual", unfreeze_every=2)


def unfreezing(net=NET, shape=SHAPE, fitted=True, heads=("dense",), **start):
    built = network(net, shape)
    return built, GradualUnfreezing(
        built, measure(net, shape).layers(), dataclasses.replace(GRADUAL, **start), heads, fitted
    )


@pytest.mark.parametrize(
    ("start", "fitted", "frozen"),
    [
        ({}, True, ["abcd", "abcd", "ab", "ab", "", "", "", ""]),
        ({}, False, ["abcdef", "abcdef", "abcd", "abcd", "ab", "ab", "", ""]),
        ({"unfreeze_every": 1}, True, ["abcd", "ab", "", ""]),
        ({"finetune": "continue"}, True, ["", "", ""]),
    ],
)
def test_stages_are_unfrozen_from_the_top_in_thirds(start, fitted, frozen):
    built, stages = unfreezing(fitted=fitted, **start)
    for epoch, expected in enumerate(frozen):
        stages.at(epoch)
        assert "".join(stages.still) == expected
        trained = {variable.path.split("/")[0] for variable in built.trainable_variables}
        assert trained == {f"{name}.conv" for name in "abcdef" if name not in expected} | {"dense"}
    assert not stages.at(len(frozen))


def test_norms_keep_their_statistics_and_scales():
    built, stages = unfreezing()
    stages.at(99)
    before = [np.array(weight) for weight in built.get_layer("b.conv.norm").weights]
    built(np.random.default_rng(0).normal(5, 3, (4, *SHAPE)).astype(np.float32), training=True)
    for one, other in zip(before, built.get_layer("b.conv.norm").weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not any("norm" in variable.path for variable in built.trainable_variables)


def test_what_is_trained_in_words():
    _, stages = unfreezing(fitted=False)
    words = [stages.trained(epoch) for epoch in (-1, 0, 2, 4, 6)]
    assert words == ["the head on frozen features", "the head alone", "e and above", "c and above", "all layers"]
    assert str(stages).startswith("frozen: ")
    continued = unfreezing(finetune="continue")[1]
    assert continued.trained(-1) == "the weights as they were"
    assert str(continued) == "fine-tuning: all layers continue from the loaded weights"


def test_given_vectors_stay_static():
    net = chain(embed(9, 4, trainable=False), conv(3, 3), global_average_pool(), dense(2))
    built, stages = unfreezing(net, (5,))
    stages.at(99)
    assert not any("embed" in variable.path for variable in built.trainable_variables)


PATH = 'start.path="x.npz"'
NAMED = {"data.path": "photos"}
# The recipe, the settings, the names of given fields; which fields are suggested beside the rest.
SUGGESTED = {
    "weights by an option": (Recipe(data=DataSource(path="photos")), [PATH], [], {"epochs", "optimizer.learning_rate"}),
    "weights by a field": (Recipe(start=Start(path="x.npz")), [], ["start"], {"epochs", "optimizer.learning_rate"}),
    "epochs and a rate of one's own": (Recipe(), [PATH, "epochs=3", "optimizer.learning_rate=0.1"], [], set()),
    "no weights": (Recipe(), [], [], None),
    "a recipe that names weights": (Recipe(start=Start(path="x.npz")), [], [], None),
    "turned off": (Recipe(), [PATH, 'start.finetune="off"'], [], None),
    "frozen by hand": (Recipe(), [PATH, 'start.freeze_until="a"'], [], None),
    "rates by hand": (Recipe(), [PATH, "start.rate_decay=0.5"], [], None),
    "a schedule": (Recipe(), [PATH, 'optimizer.schedule="cosine"'], [], None),
    "an optimizer": (Recipe(optimizer=Optimizer(name="sgd")), [PATH], [], None),
}


def manifest(examples):
    """A manifest of so many training examples."""
    x = (np.arange(examples)[:, None, None] + np.zeros((4, 4))).astype(np.uint16).astype(np.uint8)
    return load_unsplit(DataSource(), data=(x, np.arange(examples) % 2))


@pytest.mark.parametrize("name", SUGGESTED)
def test_weights_that_are_named_beside_data_are_fine_tuned(name):
    recipe, settings, given, expected = SUGGESTED[name]
    found = suggested(recipe, settings, manifest(100), None, given)
    names = {setting.partition("=")[0] for setting in found}
    assert ("start.finetune" in names) == (expected is not None)
    if expected is not None:
        assert names & {"epochs", "optimizer.learning_rate"} == expected
        whole = recipe.replaced([*found, *settings])
        assert whole.start.finetune == "gradual" and whole.start.path == "x.npz"


@pytest.mark.parametrize(("examples", "epochs"), [(20, 24), (10_000, 10), (200, 19), (600, 13)])
def test_few_examples_get_more_epochs(examples, epochs):
    assert f"epochs={epochs}" in suggested(Recipe(), [PATH], manifest(examples), None, [])


def test_a_resumed_run_is_what_it_was():
    for finetune, same in (("gradual", True), (None, False)):
        started = Recipe(start=Start(path="x.npz", finetune=finetune))
        assert bool(suggested(Recipe(), [PATH], manifest(100), started, [])) == same


def test_what_start_refuses():
    for fields, words in (
        ({"finetune": "gradual"}, "path must say"),
        ({"path": "x", "finetune": "gradual", "freeze_until": "a"}, "freeze_until must be left out"),
        ({"path": "x", "finetune": "never"}, "finetune"),
    ):
        with pytest.raises(ValueError, match=words):
            Start(**fields)


TINY = chain(*(stage(name, conv(2, 1)) for name in "abc"), global_average_pool(), dense(3))  # compiled three times


class Bench:
    """A staged loop on noise, whose validation scores are given."""

    def __init__(self, folder, scores, epochs=6):
        keras.utils.set_random_seed(0)
        rng = np.random.default_rng(0)
        x, y = rng.normal(1, 1, (8, *SHAPE)).astype(np.float32), (np.arange(8) % 3).astype(np.int32)
        self.net, self.stages = unfreezing(TINY)
        recipe = Recipe(epochs=epochs, start=GRADUAL)
        self.net.compile(
            discriminative(
                make(recipe.optimizer, 2, epochs), rate_shares(self.net, measure(TINY, SHAPE).layers(), 0.5)
            ),
            jit_compile=False,
        )
        self.scores, self.seen = list(scores), []

        def batches(epoch, first):
            return tf.data.Dataset.from_tensor_slices((x, y)).batch(4).repeat().skip(first)

        self.loop = loop_of(
            self.net, batches, 2, folder, epochs=epochs, freezing=self.stages, validate=self.validate,
            selection=LatestWithinError("accuracy", "max", lambda: self.values),
        )  # fmt: skip

    def validate(self):
        self.seen.append([np.array(weight) for weight in self.net.weights])
        done = self.loop.at.epoch if self.loop.at.start is None else self.loop.at.epoch + 1
        self.values = (np.arange(50) < self.scores[done]).astype(float)
        return {"accuracy": self.values.mean(), "loss": 1.0, "n": 50}


@pytest.mark.parametrize(
    ("scores", "saved"),
    [([20, 30, 40, 40, 39, 30, 30], 3), pytest.param([30, 20, 20, 20, 20, 20, 20], -1, marks=pytest.mark.slow)],
)
def test_the_best_of_all_stages_is_left_in_the_network(scores, saved, tmp_path):
    bench = Bench(tmp_path, scores)
    bench.loop.run()
    assert bench.loop.at.best_epoch == saved
    for one, other in zip(bench.seen[saved + 1], bench.net.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    stages = finetuning.stages_of(bench.loop)
    report = stages.to_dict()
    assert report["saved"]["epoch"] == saved + 1
    assert [stage["epoch"] for stage in report["stages"]] == [0, 2, 4, 6]
    line = stages.sentence("accuracy")
    assert line.startswith("fine-tuning: the network is ") and "\n" not in line and f"{scores[0] / 50:.3f}" in line
    json.dumps(report)


def image_data():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    return (rng.normal(100 + 40 * y[:, None, None], 20, (60, 8, 8)).clip(0, 255).astype(np.uint8), y)


def audio_data():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    t = np.arange(4000) / 8000
    tones = np.sin(2 * np.pi * (300 + 900 * y[:, None]) * t) + rng.normal(0, 0.1, (60, 4000))
    return (tones.astype(np.float32) / 4, y)


def text_data():
    words = [["good", "fine", "nice"], ["bad", "poor", "dull"]]
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    return [" ".join(rng.choice(words[i], 6)) + f" it was number {n}" for n, i in enumerate(y)], y


MODALITIES = {
    "image": (image_data, []),
    "audio": (audio_data, ["data.sample_rate=8000"]),
    "text": (text_data, []),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODALITIES)
@pytest.mark.parametrize("same_classes", [True, False])
def test_an_artefact_of_ours_is_fine_tuned_in_every_modality(name, same_classes, tmp_path):
    make_data, settings = MODALITIES[name]
    x, y = make_data()
    labels = np.array(["a", "b"])[y]
    multicnn.train((x, labels), tmp_path / "first", settings=[*settings, "epochs=1"])
    weights = f"start.path={tmp_path / 'first' / 'model.keras'}"
    others = labels if same_classes else np.array(["c", "d"])[y]
    predictor = multicnn.train((x, others), tmp_path / "second", settings=[*settings, weights, "epochs=4"])
    recipe = Recipe.from_dict(predictor.recipe)
    assert recipe.start.finetune == ("continue" if same_classes else "gradual")
    stages = predictor.metrics["finetuning"]["stages"]
    assert stages[0]["epoch"] == 0 and stages[-1]["epoch"] == 4
    assert predictor.metrics["val"]["accuracy"] >= 0.5
    again = multicnn.load(tmp_path / "second" / "model.keras")
    for one, other in zip(again.network.get_weights(), predictor.network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_plain_recipe_with_weights_is_not_staged(tmp_path):
    x, y = image_data()
    multicnn.train((x, y), tmp_path / "first", settings=["epochs=1"])
    off = [f"start.path={tmp_path / 'first' / 'model.keras'}", 'start.finetune="off"', "epochs=1"]
    predictor = multicnn.train((x, y), tmp_path / "second", settings=off)
    assert "finetuning" not in predictor.metrics
