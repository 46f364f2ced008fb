"""Temperatures, weight and choice against grids and draws in NumPy."""

import itertools

import numpy as np
import pytest

from multicnn.tasks import Classification, Multilabel
from multicnn.training.blend import FEWEST, HIGHEST, LOWEST, blend_weight, choose, temperature

LOSSES = Classification().plain_losses


def log_softmax(logits):
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.log(exponents / exponents.sum(axis=1, keepdims=True))


def nats(logits, targets):
    """The losses of all examples in sum: softmax of one class, or a logistic function for each label."""
    if targets.ndim == 2:
        odds = 1 / (1 + np.exp(-logits))
        return -np.log(np.where(targets > 0, odds, 1 - odds)).sum()
    return -log_softmax(logits)[np.arange(len(targets)), targets].sum()


def accuracy(logits, targets):
    return float((logits.argmax(axis=1) == targets).mean())


def drawn(rng, n, quality, shared=0.3, classes=4):
    """Targets, and the logits of one model for each quality, whose errors are alike in part; their own scale is right."""
    targets = rng.integers(0, classes, n)
    common, truth = rng.normal(size=(n, classes)), np.eye(classes)[targets]
    noises = [np.sqrt(shared) * common + np.sqrt(1 - shared) * rng.normal(size=(n, classes)) for _ in quality]
    return targets, [mu * (mu * truth + noise) for mu, noise in zip(quality, noises)]


def least(values, function):
    return values[int(np.argmin([function(value) for value in values]))]


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("n", [15, 500])
@pytest.mark.parametrize("multilabel", [False, True])
def test_temperature_and_weight_are_the_least_of_a_grid(multilabel, n, scale):
    targets, (own, other) = drawn(np.random.default_rng(n), n, (1.5, 1.0))
    losses, own = LOSSES, scale * own
    if multilabel:
        targets, losses = np.eye(4, dtype=int)[targets], Multilabel().plain_losses
        own, other = own - own.mean(), other - other.mean()
    grid = np.exp(np.linspace(np.log(LOWEST), np.log(HIGHEST), 500))
    expected = least(grid, lambda t: nats(own / t, targets) + np.log(t) ** 2 / 2)
    assert temperature(own, targets, losses) == pytest.approx(expected, rel=0.01)
    grid = np.linspace(0, 1, 501)
    expected = least(grid, lambda w: nats(w * own + (1 - w) * other, targets) + ((w - 0.5) / 0.25) ** 2 / 2)
    assert blend_weight(own, other, targets, losses) == pytest.approx(expected, abs=0.003)


def test_a_temperature_undoes_a_scale_as_far_as_examples_tell_and_bounds_allow():
    rng = np.random.default_rng(0)
    targets, (logits,) = drawn(rng, 5000, (1.5,))
    for scale in (0.5, 1.0, 4.0):
        assert temperature(scale * logits, targets, LOSSES) == pytest.approx(scale, rel=0.1)
    few = [temperature(np.tile(4 * logits[:9], (n, 1)), np.tile(targets[:9], n), LOSSES) for n in (1, 4, 100)]
    assert 1 < few[0] < few[1] < few[2]
    assert temperature(1000 * logits, targets, LOSSES) == pytest.approx(HIGHEST, rel=0.01)
    assert temperature(50 * np.eye(4)[targets] * 1e-3, targets, LOSSES) == pytest.approx(LOWEST, rel=0.01)


def test_a_weight_is_one_half_of_equals_and_moves_with_the_examples():
    rng = np.random.default_rng(1)
    targets, (own, other) = drawn(rng, 3000, (1.5, 0.2))
    assert blend_weight(own, own, targets, LOSSES) == pytest.approx(0.5, abs=1e-3)
    weights = [blend_weight(own[:n], other[:n], targets[:n], LOSSES) for n in (3, 30, 3000)]
    assert 0.5 < weights[0] < weights[1] < weights[2] <= 1
    assert blend_weight(other, own, targets, LOSSES) == pytest.approx(1 - weights[2], abs=1e-3)


CHOICES = {  # the qualities of network and baseline, the number of examples, and what is chosen
    "no examples": ((1.5, 0.2), 0, "blend", "there are no validation examples"),
    "too few": ((1.5, 0.2), FEWEST - 1, "blend", "9 validation examples are too few to choose by"),
    "a better network": ((3.0, 0.1), 400, "network", "on 400 validation examples it is ahead by "),
    "a better baseline": ((0.1, 3.0), 400, "baseline", "on 400 validation examples it is ahead by "),
    "equals": ((1.2, 1.2), 100, "blend", "on 100 validation examples neither is ahead by two standard errors"),
    "a better blend": ((1.6, 1.3), 1500, "blend", "and the blend is better still"),
}


@pytest.mark.parametrize("case", CHOICES)
def test_what_is_chosen_and_why(case):
    quality, n, choice, why = CHOICES[case]
    targets, (own, other) = drawn(np.random.default_rng(2), n, quality)
    decision = choose(4 * own, other, targets, LOSSES, accuracy)
    assert decision.choice == choice and why in decision.why
    assert decision.weight == {"network": 1.0, "baseline": 0.0}.get(choice, decision.weight)
    if n < FEWEST:
        assert decision.factors == (0.5, 0.5)
    said = decision.to_dict()
    assert set(said) == {"choice", "weight", "temperatures", "why"} and set(said["temperatures"]) == {
        "network",
        "baseline",
    }


def test_the_choice_does_not_depend_on_who_is_asked_first():
    targets, (own, other) = drawn(np.random.default_rng(3), 300, (1.5, 1.0))
    one, two = choose(own, other, targets, LOSSES, accuracy), choose(other, own, targets, LOSSES, accuracy)
    assert two.factors == pytest.approx(one.factors[::-1], rel=1e-3)
    assert choose(own, other, targets, LOSSES, accuracy) == one


# Of network and baseline, as `drawn` takes them: equals, one that is better, one that is useless.
SETTINGS = [((1.5, 1.5), 60), ((1.2, 1.5), 60), ((1.5, 1.2), 60), ((0.4, 1.5), 60), ((1.2, 1.5), 400)]


@pytest.mark.parametrize("draws", [8, pytest.param(150, marks=pytest.mark.slow)])
def test_law_12_over_draws_of_validation_examples_it_is_not_below_the_baseline(draws):
    """The network is four times too sure, and its epoch is chosen on the same examples."""
    gains = []
    for (quality, n), seed in itertools.product(SETTINGS, range(draws)):
        rng = np.random.default_rng(seed)
        targets, (*epochs, other) = drawn(rng, n, (*[quality[0]] * 4, quality[1]), shared=0.5)
        best = int(np.argmax([accuracy(own, targets) for own in epochs]))
        factors = choose(4 * epochs[best], other, targets, LOSSES, accuracy).factors
        new, (own, other) = drawn(rng, 3000, quality, shared=0.5)
        mixed = factors[0] * 4 * own + factors[1] * other
        gains.append((quality, n, accuracy(mixed, new) - accuracy(other, new)))
    below = np.mean([gain < -0.01 for *_, gain in gains])
    assert below < 0.05
    for setting in SETTINGS:
        assert np.mean([gain for *known, gain in gains if tuple(known) == setting]) > -0.005
