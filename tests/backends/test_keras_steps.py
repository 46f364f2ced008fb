"""Layers that Keras unrolls over time: those of a user load, a made-up million steps is refused before it is taken."""

import json
import time

import keras
import numpy as np
import pytest
from support import hostile

from multicnn.backends import keras_private, keras_steps
from multicnn.blocks import Block, chain, dense, flatten, global_average_pool, lift, network
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.predictor import ArtefactError, Predictor, load
from multicnn.tasks import Classification


class each_row(Block):
    """A dense layer for each row of an image, as a user would write it."""

    units: int = 3

    def build(self, x, builder):
        return keras.layers.TimeDistributed(keras.layers.Dense(self.units))(x)


class two_cells(Block):
    """A recurrent layer of two cells, unrolled."""

    def build(self, x, builder):
        cells = keras.layers.StackedRNNCells([keras.layers.SimpleRNNCell(2), keras.layers.SimpleRNNCell(3)])
        return keras.layers.RNN(cells, unroll=True)(x)


def saved(path, block):
    preprocess = ImagePreprocess(size=(6, 6), channels=1, mean=(0.5,), std=(0.5,))
    keras.utils.set_random_seed(0)
    predictor = Predictor(preprocess, block, network(block, (6, 6, 1)), Classification(("a", "b")))
    predictor.save(path)
    return predictor


def in_time(size, layer):
    """Return a network that makes `size` steps of each row of an image, and has a layer for each step."""
    return chain(lift("Reshape", target_shape=(6, 6)), lift("UpSampling1D", size=size), layer, dense(2))


LAYERS = {
    "GRU": lambda: lift("GRU", units=3, unroll=True),
    "two cells": lambda: two_cells(),
    "TimeDistributed": lambda: chain(each_row(), global_average_pool()),
    "a loop": lambda: lift("SimpleRNN", units=3),
}


def slow(name):
    return pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.parametrize("name", [name if name == "TimeDistributed" else slow(name) for name in LAYERS])
def test_the_layers_of_a_user_load(name, tmp_path):
    predictor = saved(tmp_path / "model.keras", in_time(2, LAYERS[name]()))
    loaded = load(tmp_path / "model.keras")
    pixels = np.arange(36, dtype=np.uint8).reshape(6, 6)
    assert loaded.predict(pixels) == predictor.predict(pixels)


@pytest.mark.parametrize("name", [slow(name) if name == "two cells" else name for name in LAYERS])
def test_a_million_steps_are_refused_before_they_are_taken(name, tmp_path):
    saved(tmp_path / "model.keras", in_time(10**6, LAYERS[name]()))
    start = time.thread_time()
    with pytest.raises(
        ArtefactError, match=r"too long: its network takes [\d,]+ steps one by one .*MULTICNN_LIMITS=layer_steps="
    ):
        load(tmp_path / "model.keras")
    assert time.thread_time() - start < 5
    assert keras.layers.RNN.call.__module__.startswith("keras") and not hasattr(keras.layers.RNN.call, "__wrapped__")


def test_steps_inside_steps_count_each_time(monkeypatch):
    inner = keras.layers.TimeDistributed(keras.layers.LeakyReLU())
    model = keras.Sequential([keras.Input((6, 10, 2)), keras.layers.TimeDistributed(inner)])
    monkeypatch.setenv("MULTICNN_LIMITS", "layer_steps=65")
    with pytest.raises(ValueError, match="too long: its network takes 66 steps"), keras_steps.bounded():
        keras_private.sizes_inside(model, (6, 10, 2))
    monkeypatch.setenv("MULTICNN_LIMITS", "layer_steps=66")
    with keras_steps.bounded():
        assert keras_private.sizes_inside(model, (6, 10, 2))[-1] == 6 * 10 * 2


@pytest.mark.parametrize(("operation", "option"), [("Diff", "n"), ("Split", "indices_or_sections")])
def test_an_operation_repeated_without_end_is_refused(operation, option, tmp_path):
    saved(tmp_path / "model.keras", chain(flatten(), dense(2)))

    def repeated(members):
        config = json.loads(members["config.json"])
        added = {"module": "keras.src.ops.numpy", "class_name": operation, "config": {option: 10**6}, "name": "more"}
        config["config"]["layers"].append({**added, "registered_name": operation, "inbound_nodes": []})
        members["config.json"] = json.dumps(config).encode()
        description = json.loads(members["multicnn.json"])
        del description["checksums"]
        members["multicnn.json"] = json.dumps(description).encode()

    with pytest.raises(ArtefactError, match=rf"too long: its network has {operation} of 1,000,000 times"):
        load(hostile.retold(tmp_path / "model.keras", tmp_path / "x.keras", repeated))
