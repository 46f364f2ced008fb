"""Notebook 1: what a neuron learns, what it cannot, and what a hidden layer adds; each claim beside its cause removed."""

import numpy as np
import pytest

from multicnn.lessons import approximation, chain_rule, neuron, weight_counts


@pytest.mark.parametrize(
    ("name", "rows"),
    [("AND", [0, 0, 0, 1]), ("OR", [0, 1, 1, 1]), ("NAND", [1, 1, 1, 0]), ("XOR", [0, 1, 1, 0]), ("NOT", [1, 0])],
)
def test_truth_tables(name, rows):
    inputs, targets = neuron.gate(name)
    assert targets.tolist() == rows
    assert inputs.tolist() == ([[0], [1]] if name == "NOT" else [[0, 0], [0, 1], [1, 0], [1, 1]])


def test_an_unknown_gate_is_refused():
    with pytest.raises(ValueError, match="Received: name='NOR'"):
        neuron.gate("NOR")


@pytest.mark.parametrize("name", ["AND", "OR", "NOT", "NAND"])
def test_a_perceptron_learns_what_a_line_divides(name):
    inputs, targets = neuron.gate(name)
    learned = neuron.perceptron(inputs, targets)
    assert learned.accuracy(inputs, targets) == 1
    assert learned.mistakes[-1] == 0
    assert neuron.perceptron(inputs, targets, learning_rate=0).accuracy(inputs, targets) < 1  # without the rule


def test_without_a_hidden_layer_xor_stays_at_three_of_four():
    inputs, targets = neuron.gate("XOR")
    assert neuron.best_line(inputs, targets) == 0.75
    assert neuron.best_line(*neuron.gate("AND")) == 1  # so the search itself finds a line where there is one
    single = neuron.perceptron(inputs, targets, epochs=200)
    assert single.accuracy(inputs, targets) <= 0.75
    assert single.mistakes.min() > 0


@pytest.mark.parametrize("seed", range(1, 6))
def test_with_a_hidden_layer_xor_is_learned(seed):
    inputs, targets = neuron.gate("XOR")
    network = chain_rule.train_by_hand(inputs, targets, seed=seed)
    assert network.accuracy(inputs, targets) == 1
    assert network.losses[-1] < 0.1 < network.losses[0]


def test_a_single_hidden_neuron_is_still_a_line():
    inputs, targets = neuron.gate("XOR")
    assert chain_rule.train_by_hand(inputs, targets, units=1).accuracy(inputs, targets) <= 0.75


def numeric(weights, x, targets, step=1e-6):
    """Return the slopes of the loss by differences: an oracle without any rule."""
    slopes = [np.zeros_like(value) for value in weights]
    for which, value in enumerate(weights):
        for index in np.ndindex(value.shape):
            losses = []
            for sign in (1, -1):
                moved = [np.array(each) for each in weights]
                moved[which][index] += sign * step
                losses.append(chain_rule.forward(chain_rule.Weights(*moved), x, targets).loss)
            slopes[which][index] = (losses[0] - losses[1]) / (2 * step)
    return chain_rule.Weights(*slopes)


def test_the_chain_rule_by_hand_is_automatic_differentiation_and_the_slope():
    random = np.random.default_rng(0)
    x, targets, weights = random.normal(size=(7, 3)), random.integers(0, 2, 7), chain_rule.initial(3, 5, seed=2)
    by_hand = chain_rule.gradients_by_hand(weights, x, targets)
    assert chain_rule.largest_difference(by_hand, chain_rule.gradients_automatic(weights, x, targets)) < 1e-6
    assert chain_rule.largest_difference(by_hand, numeric(weights, x, targets)) < 1e-6
    hidden, probability, _ = chain_rule.forward(weights, x, targets)
    without_slope = x.T @ np.outer((probability - targets) / 7, weights.output)  # no factor for tanh
    assert np.abs(without_slope - by_hand.hidden).max() > 1e-3
    assert np.abs(hidden).max() > 0.5


def test_one_example_and_its_numbers():
    shown = chain_rule.backward(chain_rule.initial(2, 2, seed=1), x=[1, 0], target=1)
    assert shown.difference < 1e-6
    assert shown.gradients.hidden[1].tolist() == [0, 0]  # the weights of the input that is 0
    assert shown.gradients.output_bias == pytest.approx(shown.values.probability[0] - 1)


def test_a_bump_is_two_steps():
    bump = approximation.bump(0.35, 0.65, 2.0)
    inside, outside = (bump.x > 0.45) & (bump.x < 0.55), (bump.x < 0.25) | (bump.x > 0.75)
    np.testing.assert_allclose(bump.output[inside], 2, atol=1e-3)
    np.testing.assert_allclose(bump.output[outside], 0, atol=1e-3)
    assert bump.up[bump.x > 0.75].min() > 1.99  # a step alone does not come down


def test_many_bumps_are_a_curve_and_twice_the_neurons_halve_the_error():
    curve = approximation.approximate(bumps=(8, 16, 32, 64, 128))
    ratios = curve.errors[:-1] / curve.errors[1:]
    assert np.all((ratios > 1.7) & (ratios < 2.3)), ratios
    assert curve.errors[-1] < 0.02
    straight = approximation.approximate(lambda x: np.full_like(x, 0.3), bumps=(4, 8))  # nothing to approximate
    assert straight.errors.max() < 1e-6


def test_a_dense_layer_needs_a_weight_for_every_pixel_and_a_convolution_does_not():
    counts = weight_counts.weight_counts((8, 224), units=64)
    assert counts.dense.tolist() == [8 * 8 * 3 * 64 + 64, 224 * 224 * 3 * 64 + 64]
    assert counts.conv.tolist() == [3 * 3 * 3 * 64 + 64] * 2


def test_regions_hold_the_answers_over_the_plane():
    table = neuron.gate("AND")
    shown = neuron.regions({"AND": lambda x: (x.sum(axis=1) > 1.5).astype(float)}, {"AND": table})
    along = np.linspace(-0.5, 1.5, 201)
    expected = along[:, None] + along[None] > 1.5
    assert np.mean(shown.outputs[0] == expected) > 0.99
