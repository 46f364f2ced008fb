"""The layer in which a NaN or an infinity begins."""

import keras
import numpy as np
import pytest

from multicnn.blocks import add, chain, conv, dense, drop, global_average_pool, lift, network, stage
from multicnn.training.nan_check import NotFinite, first_layer

NET = chain(
    stage("front", conv(2, 3, norm="batch"), drop(0.5)),
    stage("middle", add(lift(keras.layers.Rescaling, scale=1e20), chain())),
    lift(keras.layers.Rescaling, scale=1e-20),
    global_average_pool(),
    dense(3),
)


@pytest.fixture
def built():
    keras.utils.set_random_seed(0)
    return network(NET, (5, 5, 1))


def batch(scale=1.0):
    return np.random.default_rng(0).normal(size=(4, 5, 5, 1)).astype(np.float32) * scale


def test_a_healthy_step(built):
    assert first_layer(built, batch()) == "when the step is repeated, every layer's output is finite"


def test_a_batch_that_is_not_finite(built):
    spoilt = batch()
    spoilt[2, 0, 0, 0] = np.nan
    assert first_layer(built, spoilt) == "the batch itself holds a number that is not"


def test_a_layer_that_overflows(built):
    built.get_layer("front.conv.norm").gamma.assign([1e20, 1])
    assert first_layer(built, batch()).startswith(
        "it begins in layer 'middle.main.rescaling', whose weights are finite"
    )


def test_a_layer_with_a_weight_that_is_not_finite(built):
    layer = built.get_layer("dense")
    layer.bias.assign([0, np.inf, 0])
    assert (
        first_layer(built, batch())
        == f"it begins in layer {layer.name!r}, whose weights are not finite since the step before"
    )


def test_in_float16_it_is_the_layer_that_leaves_its_range():
    keras.utils.set_random_seed(0)
    net = chain(conv(2, 3, activation="relu"), global_average_pool(), dense(3))
    built = network(net, (5, 5, 1), dtype="mixed_float16")
    assert "every layer" in first_layer(built, batch())
    assert first_layer(built, batch(1e5)).startswith("it begins in layer 'conv'")


def test_the_error_counts_from_one():
    error = NotFinite(1, 4, "here")
    assert str(error) == "the loss is no longer finite in step 5 of epoch 2: here"
    assert (error.epoch, error.step) == (1, 4)
