"""Notebook 8: losses as curves, as likelihoods and in training; a network that is surely wrong."""

import numpy as np
import pytest

from multicnn.lessons import loss_curves, surely_wrong


def test_slopes_are_the_differences_of_the_curves():
    margins = np.array([-2.3, -0.4, 0.3, 0.8, 1.7])
    for name, loss in loss_curves.LOSSES.items():
        differences = (loss(margins + 1e-6) - loss(margins - 1e-6)) / 2e-6
        np.testing.assert_allclose(loss_curves.SLOPES[name](margins), differences, atol=1e-6, err_msg=name)


def test_the_logistic_loss_bounds_the_step_only_with_the_logarithm_of_two():
    curves = loss_curves.losses()
    step = curves.values["step"]
    for name in ("hinge", "squared", "logistic, log2"):
        assert np.all(curves.values[name] >= step - 1e-12), name
    assert np.any(curves.values["logistic, natural"] < step)
    natural, log2 = curves.values["logistic, natural"], curves.values["logistic, log2"]
    np.testing.assert_allclose(natural, log2 * np.log(2))
    assert loss_curves.LOSSES["logistic, natural"](np.zeros(1))[0] == pytest.approx(np.log(2))


def test_which_losses_are_likelihoods_of_two_answers():
    likely = loss_curves.likelihoods()
    assert likely.spread("logistic, natural") < 1e-12
    assert likely.spread("step") < 1e-12
    assert likely.spread("hinge") > 0.1
    z = 0.7  # the squared error is that of a number: over all numbers it adds up to the same for every z
    totals = [np.trapezoid(np.exp(-((np.linspace(-9, 9, 4001) - z) ** 2)), dx=18 / 4000) for z in (z, -1.3)]
    assert totals[0] == pytest.approx(totals[1])


def test_the_step_loss_cannot_be_trained():
    trained = loss_curves.descents()
    for name, accuracies in trained.accuracies.items():
        if name == "step":
            assert np.all(accuracies == accuracies[0]) and accuracies[0] < 0.5
        else:
            assert accuracies[-1] > 0.9


def test_squared_error_on_softmax_is_silent_where_it_is_surely_wrong():
    logits, right = np.array([[20.0, 0.0]]), np.array([[0.0, 1.0]])
    lengths = {name: np.abs(surely_wrong.gradient(name, logits, right)).max() for name in surely_wrong.NAMES}
    assert lengths["cross_entropy"] == pytest.approx(1, abs=1e-6)
    assert 1e-9 < lengths["squared_error"] < 1e-7
    unsure = {name: np.abs(surely_wrong.gradient(name, 0 * logits, right)).max() for name in surely_wrong.NAMES}
    assert unsure["squared_error"] > 0.3  # the cause is being sure


@pytest.mark.parametrize("name", surely_wrong.NAMES)
def test_gradients_by_hand_are_automatic_ones(name):
    random = np.random.default_rng(0)
    logits, targets = random.normal(size=(6, 4)), np.eye(4)[random.integers(0, 4, 6)]
    expected = surely_wrong.gradient(name, logits, targets)
    np.testing.assert_allclose(surely_wrong.by_hand(name, logits, targets), expected, atol=1e-12)


def test_training_gets_stuck_with_the_squared_error_only():
    stuck = surely_wrong.stuck(steps=60)
    assert stuck.accuracies["cross_entropy"][0] == stuck.accuracies["squared_error"][0] == 0
    assert stuck.accuracies["cross_entropy"][-1] > 0.8
    assert stuck.accuracies["squared_error"][-1] == 0
    assert surely_wrong.stuck(start=0.0, steps=60).accuracies["squared_error"][-1] > 0.8  # the cause


def test_the_reach_must_be_a_number_above_0():
    with pytest.raises(ValueError, match="Received: reach=0"):
        loss_curves.losses(reach=0)
