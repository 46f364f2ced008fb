"""Notebook 5: slopes, what many of them in a row do, dead units, scaled inputs and batch normalisation."""

import numpy as np
import pytest

from multicnn.lessons import activations, deep, scaling


def test_slopes_are_the_differences_of_the_curves():
    curves = activations.curves(reach=3)
    step = curves.x[1] - curves.x[0]
    for name, values in curves.values.items():
        middle = np.abs(curves.x[1:-1]) > 1.5 * step  # ReLU and the leak have no slope at 0
        differences = (values[2:] - values[:-2]) / (2 * step)
        np.testing.assert_allclose(curves.slopes[name][1:-1][middle], differences[middle], atol=1e-3, err_msg=name)
    assert curves.slopes["sigmoid"].max() == 0.25
    assert curves.slopes["tanh"].max() == 1


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="Received: names='bent'"):
        activations.curves(["bent"])


def test_a_sigmoid_layer_passes_at_most_a_quarter_and_a_relu_layer_nearly_all():
    settings = {"sigmoid": "orthogonal", "relu": ("orthogonal", {"gain": 2**0.5})}
    networks = {name: deep.deep(10, activation=name, initializer=way) for name, way in settings.items()}
    layers = deep.by_layer(networks, examples=128)
    sigmoid, relu = layers.ratios("sigmoid"), layers.ratios("relu")
    assert len(sigmoid) == len(relu) == 9
    assert np.all((sigmoid > 0.15) & (sigmoid <= 0.25)), sigmoid
    assert sigmoid.prod() <= 0.25**9
    assert np.all((relu > 0.5) & (relu < 2)), relu  # the cause: another slope
    assert relu.prod() > 1000 * 0.25**9


def test_gradients_by_layer_are_those_of_the_chain_rule():
    layers = deep.by_layer({"one": deep.deep(1, activation="tanh")}, examples=64)
    network = deep.blocks.network(deep.deep(1, activation="tanh"), (64,))
    hidden, bias, output, last = (np.asarray(value, dtype=np.float64) for value in network.trainable_variables)
    x, classes = (values[:64] for values in deep.digits())
    answers = np.tanh(x @ hidden + bias)
    odds = np.exp(answers @ output + last)
    slopes = (odds / odds.sum(axis=1, keepdims=True) - np.eye(10)[classes]) @ output.T
    assert layers.gradients["one"][0] == pytest.approx(np.linalg.norm(slopes, axis=1).mean(), rel=1e-4)
    assert layers.activations["one"][0] == pytest.approx(answers.std(), rel=1e-4)


def test_a_round_valley_takes_one_step():
    ways = scaling.scaling()
    conditions = list(ways.conditions.values())
    assert conditions[0] > 5 * conditions[1] > 5 * conditions[2] >= 5
    assert conditions[2] < 1.5
    assert ways.steps["as they come"] > 5 * ways.steps["centred and scaled"]
    assert ways.steps["centred and scaled"] <= 5
    already = scaling.scaling(offset=0.0, ratio=1.0)  # the cause
    assert already.steps["as they come"] <= 5


@pytest.mark.slow
def test_units_die_of_large_steps_on_inputs_above_0_unless_they_leak():
    networks = {"relu": deep.deep(1), "leak": deep.deep(1, activation="leaky_relu")}
    small, large = (deep.train(networks, steps=100, learning_rate=rate, centred=False).dead for rate in (0.05, 0.3))
    assert small["relu"] < 0.1 < 0.15 < large["relu"]
    assert small["leak"] == large["leak"] == 0
    assert deep.train({"relu": deep.deep(1)}, steps=100, learning_rate=0.3).dead["relu"] < 0.02


@pytest.mark.slow
def test_batch_normalisation_lets_a_sigmoid_network_learn():
    pair = {
        name: deep.deep(8, activation="sigmoid", initializer="glorot_uniform", norm=norm)
        for name, norm in (("without", None), ("with", "batch"))
    }
    trained = deep.train(pair, steps=300, learning_rate=0.2)
    assert trained.accuracies["without"] < 0.2
    assert trained.accuracies["with"] > 0.8
    assert trained.gradients["with"][:20].mean() > 50 * trained.gradients["without"][:20].mean()
    running, of_all = deep.running_statistics(trained, "with", 2)
    assert np.corrcoef(running, of_all)[0, 1] > 0.95
