"""Dead units, saturated activations and gradient norms, layer by layer."""

import keras
import numpy as np
import pytest

from multicnn.blocks import activation, chain, conv, dense, drop, flatten, global_average_pool, network, stage
from multicnn.tasks.losses import class_losses
from multicnn.training.health import complaints, examine

NET = chain(
    stage("first", conv(4, 3, norm="batch", activation="relu"), drop(0.3)),
    stage("second", conv(2, 1), activation("tanh")),
    global_average_pool(),
    dense(3),
)
TARGETS = np.array([0, 1, 2, 1])


def losses(logits):
    return class_losses(logits, TARGETS)


@pytest.fixture
def built():
    keras.utils.set_random_seed(0)
    return network(NET, (5, 5, 1))


def batch():
    return np.random.default_rng(0).normal(size=(4, 5, 5, 1)).astype(np.float32)


def by_layer(rows):
    return {row.pop("layer"): row for row in map(dict, rows)}


def test_a_row_for_each_layer_with_weights_or_an_activation(built):
    rows = examine(built, batch(), losses)
    names = ["first.conv", "first.conv.norm", "first.conv.activation", "second.conv", "second.activation", "dense"]
    assert [row["layer"] for row in rows] == names
    assert list(complaints(rows)) == []


def test_dead_units_are_those_that_answer_nothing(built):
    built.get_layer("first.conv.norm").beta.assign([0, -100, 0, -100])
    rows = examine(built, batch(), losses)
    assert by_layer(rows)["first.conv.activation"]["dead"] == 0.5
    assert list(complaints(rows)) == []
    built.get_layer("first.conv.norm").beta.assign([-100, -100, 0, -100])
    (said,) = complaints(examine(built, batch(), losses))
    assert said[0] == "first.conv.activation"
    assert said[1].startswith("75% of the units of layer 'first.conv.activation' are dead")


def test_saturated_outputs_are_those_near_an_end():
    keras.utils.set_random_seed(0)
    built = network(chain(activation("tanh"), flatten(), dense(3)), (2, 2, 1))
    inputs = np.arctanh(np.array([-0.95, -0.92, -0.88, 0.0, 0.0, 0.5, 0.89, 0.91] * 2)).reshape(4, 2, 2, 1)
    rows = examine(built, inputs.astype(np.float32), losses)
    assert by_layer(rows)["activation"] == {"dead": None, "saturated": 3 / 8, "gradient_norm": None}
    (said,) = complaints(examine(built, 10 * inputs.astype(np.float32), losses))
    assert said[1].startswith("75% of the outputs of layer 'activation' are saturated")


def test_gradient_norms_against_numpy():
    """Of a linear network: the gradient of the mean loss is X'(p - t) / n, and the sum of (p - t) / n of the bias."""
    keras.utils.set_random_seed(0)
    built = network(dense(3), (7,))
    inputs = np.random.default_rng(0).normal(size=(4, 7)).astype(np.float32)
    kernel, bias = built.get_weights()
    logits = inputs @ kernel + bias
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    error = (p - np.eye(3)[TARGETS]) / 4
    expected = np.sqrt(np.square(inputs.T @ error).sum() + np.square(error.sum(0)).sum())
    (row,) = examine(built, inputs, losses)
    assert row["gradient_norm"] == pytest.approx(expected, rel=1e-5)


def test_a_vanished_gradient_is_named(built):
    built.get_layer("second.conv").kernel.assign(np.zeros((1, 1, 4, 2)))
    said = dict(complaints(examine(built, batch(), losses)))
    assert set(said) == {"first.conv", "first.conv.norm"}
    assert "has vanished (0.0e+00)" in said["first.conv"]


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_looking_changes_nothing(precision):
    keras.utils.set_random_seed(0)
    built = network(NET, (5, 5, 1), dtype=precision)
    before = [np.array(variable) for variable in built.variables]
    first = examine(built, batch(), losses)
    for ours, theirs in zip(before, built.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert examine(built, batch(), losses) == first
