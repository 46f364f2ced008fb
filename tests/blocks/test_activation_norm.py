"""Activations, norms and output units, against NumPy written from the equation."""

import math

import numpy as np
import pytest
from support.gradients import value_and_gradient
from support.oracles import IMAGE, WAVEFORM, array, built, close, example

from multicnn import layers
from multicnn.blocks import activation, chain, conv, dense, network, norm, rbf

SELU = 1.0507009873554805, 1.6732632423543772
ACTIVATIONS = {
    "sigmoid": (activation("sigmoid"), lambda x: 1 / (1 + np.exp(-x))),
    "tanh": (activation("tanh"), np.tanh),
    "lecun_tanh": (activation("lecun_tanh"), lambda x: 1.7159 * np.tanh(2 * x / 3)),
    "relu": (activation("relu"), lambda x: np.maximum(x, 0)),
    "leaky_relu": (activation("leaky_relu", negative_slope=0.01), lambda x: np.where(x > 0, x, 0.01 * x)),
    "elu": (activation("elu"), lambda x: np.where(x > 0, x, np.expm1(x))),
    "elu with its alpha": (activation("elu", alpha=0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    "selu": (activation("selu"), lambda x: SELU[0] * np.where(x > 0, x, SELU[1] * np.expm1(x))),
    "silu": (activation("silu"), lambda x: x / (1 + np.exp(-x))),
    "gelu": (activation("gelu"), lambda x: x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))),
    "random_gradient_relu": (activation("random_gradient_relu"), lambda x: np.maximum(x, 0)),
    "randomized_leaky_relu": (activation("randomized_leaky_relu"), lambda x: np.where(x > 0, x, 0.03 * x)),
}


@pytest.mark.parametrize("shape", [WAVEFORM, IMAGE, (7,)], ids=str)
@pytest.mark.parametrize(("block", "function"), ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_activations(block, function, shape):
    x = 3 * example(shape)
    close(network(block, shape), x, function(x))


def test_lecun_tanh_is_one_at_one():
    model = network(activation("lecun_tanh"), (2,))
    np.testing.assert_allclose(array(model(np.array([[1.0, -1.0]]))), [[1.0, -1.0]], atol=1e-4)


@pytest.mark.parametrize("shape", [WAVEFORM, IMAGE, (4,)], ids=str)
def test_prelu_has_a_slope_for_each_channel(shape):
    x = example(shape)
    model = network(activation("prelu"), shape)
    slopes = np.array([0.1, 0.2, -0.3, 0.5])
    (weight,) = model.get_weights()
    model.set_weights([slopes.reshape(weight.shape)])
    close(model, x, np.where(x > 0, x, slopes * x))


def test_the_first_slopes_of_prelu_are_kerass_or_given():
    assert (network(activation("prelu"), (4,)).get_weights()[0] == 0).all()
    given = activation("prelu", alpha_initializer=("constant", {"value": 0.25}))
    assert (network(given, (4,)).get_weights()[0] == 0.25).all()


def test_randomised_slopes_are_drawn_in_training():
    model = network(activation("randomized_leaky_relu", lower=0.1, upper=0.3), (5000,))
    x = -np.ones((2, 5000))
    first, second = (-array(model(x, training=True)) for _ in range(2))
    assert first.min() >= 0.1 and first.max() <= 0.3
    assert abs(first.mean() - 0.2) < 0.005 and abs(first.std() - 0.2 / math.sqrt(12)) < 0.005
    assert (first != second).mean() > 0.99 and (first[0] != first[1]).mean() > 0.99
    assert (array(model(-x, training=True)) == 1).all()


@pytest.mark.parametrize("training", [False, True])
def test_a_gradient_below_zero_is_drawn_and_the_value_is_relus(training):
    layer, x = layers.RandomGradientReLU(seed=3), example((2000,), batch=2)
    x[0, :3] = [0.0, -1e-30, -1e30]
    values, slopes = value_and_gradient(layer, x, training)
    np.testing.assert_array_equal(values, np.maximum(x, 0))
    assert (slopes[x > 0] == 1).all() and (slopes[x == 0] == 0).all()
    below = slopes[x < 0]
    if not training:
        assert (below == 0).all(), "plain ReLU"
        return
    assert below.min() >= 0.01 and below.max() <= 0.05
    assert abs(below.mean() - 0.03) < 0.001 and abs(below.std() - 0.04 / math.sqrt(12)) < 0.001
    assert len(np.unique(below)) > 0.99 * len(below)


def test_drawn_gradients_are_a_function_of_seed_and_step():
    x = example((500,))
    first, second = ([value_and_gradient(layer, x, True)[1] for _ in range(3)] for layer in two_relus())
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (first[0] != first[1]).any() and (first[1] != first[2]).any()
    # The state is all that a resumed run needs.
    layer, again = layers.RandomGradientReLU(seed=1), layers.RandomGradientReLU(seed=2)
    value_and_gradient(layer, x, True)
    again.seed_generator.state.assign(layer.seed_generator.state)
    np.testing.assert_array_equal(value_and_gradient(layer, x, True)[1], value_and_gradient(again, x, True)[1])


def two_relus():
    return layers.RandomGradientReLU(lower=0.1, upper=0.9, seed=5), layers.RandomGradientReLU(0.1, 0.9, 5)


def test_activations_by_name_and_arguments_in_a_layer():
    one = conv(4, 3, activation=("leaky_relu", {"negative_slope": 0.3}))
    x, model, bare = example(WAVEFORM), built(one, WAVEFORM), built(conv(4, 3), WAVEFORM)
    before = array(bare(x))
    close(model, x, np.where(before > 0, before, 0.3 * before))
    assert network(dense(3, activation="prelu"), (5,)).count_params() == 5 * 3 + 3 + 3


@pytest.mark.parametrize("shape", [(6, 12), (4, 5, 12), (12,)], ids=str)
@pytest.mark.parametrize("size", [5, 3, 4])
def test_local_response_norm_is_the_papers(shape, size):
    x, out = 5 * example(shape), None
    out = np.empty_like(x)
    for i in range(12):
        near = x[..., max(0, i - size // 2) : i - size // 2 + size]
        out[..., i] = x[..., i] / (2 + 0.1 * np.square(near).sum(-1)) ** 0.75
    close(network(norm("local_response", size=size, alpha=0.1), shape), x, out)


def test_local_response_norm_has_alexnets_constants():
    x = 20 * example((3, 8))
    near = np.stack([np.square(x)[..., max(0, i - 2) : i + 3].sum(-1) for i in range(8)], axis=-1)
    close(network(norm("local_response"), (3, 8)), x, x / (2 + 1e-4 * near) ** 0.75)


def test_rbf_is_minus_the_squared_distance_to_fixed_codes():
    x, model = example((84,)), network(rbf(10), (84,))
    (codes,) = model.get_weights()
    assert set(np.unique(codes)) == {-1.0, 1.0} and not model.trainable_weights
    assert 0.4 < (codes > 0).mean() < 0.6
    np.testing.assert_allclose(array(model(x)), -np.square(x[:, :, None] - codes).sum(1), rtol=1e-4)
    assert (network(rbf(10), (84,)).get_weights()[0] == codes).all()
    assert (network(rbf(10, seed=1), (84,)).get_weights()[0] != codes).any()


BAD = {
    "kind": (lambda: norm("group"), r"'local_response'\]. Received: kind='group'"),
    "arguments": (lambda: activation("relu", slope=1.0), "prelu.*Received: name='relu'"),
    "unknown": (lambda: network(activation("swishy"), WAVEFORM), "swishy"),
    "slopes": (
        lambda: network(chain(activation("randomized_leaky_relu", lower=0.5, upper=0.1)), WAVEFORM),
        "Received: lower=0.5, upper=0.1",
    ),
    "slopes of a gradient": (
        lambda: network(activation("random_gradient_relu", lower=-0.5), WAVEFORM),
        "Received: lower=-0.5, upper=0.05",
    ),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
