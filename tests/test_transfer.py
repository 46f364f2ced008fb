"""Runs that begin with the weights of others."""

import keras
import numpy as np
import pytest
from PIL import Image

import multicnn
from multicnn.blocks import chain, conv, dense, global_average_pool, network, stage
from multicnn.classifier import Classifier
from multicnn.modalities.image import ImagePreprocess
from multicnn.recipe import Recipe
from multicnn.run import Reporter

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the loop is TensorFlow's")

PREPROCESS = ImagePreprocess(size=(8, 8), channels=1, mean=(0.4,), std=(0.2,))
BODY = stage("one", conv(4, 3, norm="batch")), stage("two", conv(4, 3)), global_average_pool()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for label, level in (("bright", 150), ("dark", 100)):
        (root / label).mkdir()
        for i in range(12):
            Image.fromarray(rng.normal(level, 60, (8, 8)).clip(0, 255).astype(np.uint8)).save(root / label / f"{i}.png")
    return root


@pytest.fixture
def trained(tmp_path):
    """An artefact of three other classes; its network, and its path."""
    block = chain(*BODY, dense(3))
    keras.utils.set_random_seed(7)
    model = network(block, (8, 8, 1))
    classifier = Classifier(PREPROCESS, block, model, ("a", "b", "c"), Recipe(model="mine:net").to_dict())
    return model, classifier.save(tmp_path / "trained.keras")


def settings(path, *more):
    return [f"start.path={path}", "batch_size=8", "epochs=2", *more]


def weights(model, layer):
    return [np.array(weight) for weight in model.get_layer(layer).weights]


def test_a_run_from_another(pictures, trained, tmp_path):
    model, path = trained
    net, said = chain(*BODY, dense(2)).to_dict(), []
    reporter = Reporter()
    reporter.say = said.append
    wanted = settings(path, "start.freeze_until=one")
    made = multicnn.train(pictures, tmp_path / "run", model=net, settings=wanted, reporter=reporter)
    assert f"3 of 4 layers with weights (200 numbers) are those of {path}; new: dense" in said
    assert "frozen: one" in said
    assert made.preprocess == PREPROCESS
    for layer in ("one.conv", "one.conv.norm"):
        for ours, theirs in zip(weights(made.network, layer), weights(model, layer), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert (weights(made.network, "two.conv")[0] != weights(model, "two.conv")[0]).any()
    loaded = multicnn.load(tmp_path / "run" / "model.keras")
    assert all(layer.trainable for layer in loaded.network.layers)
    # A run that goes on needs the file no more, wherever it lay.
    path.unlink()
    longer = multicnn.train(resume=tmp_path / "run", settings=["epochs=3"])
    for ours, theirs in zip(weights(longer.network, "one.conv"), weights(model, "one.conv"), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_run_begun_with_other_weights_is_refused(pictures, trained, tmp_path):
    model, path = trained
    net = chain(*BODY, dense(2)).to_dict()

    class Stop(Reporter):
        def callbacks(self):
            raise KeyError  # before the first checkpoint

    for change in (None, lambda: model.get_layer("two.conv").bias.assign(np.ones(4))):
        if change is not None:
            change()
            Classifier(PREPROCESS, chain(*BODY, dense(3)), model, ("a", "b", "c"), Recipe(model="x").to_dict()).save(
                path
            )
        resume = {"resume": tmp_path / "run"} if change else {"data": pictures, "out": tmp_path / "run", "model": net}
        error, words = (ValueError, "with the weights that it began with") if change else (KeyError, None)
        with pytest.raises(error, match=words):
            multicnn.train(**resume, settings=[] if change else settings(path), reporter=Stop())


BAD = {
    "stage": (["start.freeze_until=three"], "must be a stage: one, two, .*Received: freeze_until='three'"),
    "new": (["start.freeze_until=dense"], "would freeze layers that got no weights: dense"),
    "file": (["start.path=nowhere.npz"], "must be a file that ends in one of .*Received: start.path='nowhere.npz'"),
}


@pytest.mark.parametrize(("more", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be(more, words, pictures, trained, tmp_path):
    net = chain(*BODY, dense(2)).to_dict()
    with pytest.raises(ValueError, match=words):
        multicnn.train(pictures, tmp_path / "run", model=net, settings=settings(trained[1], *more))
