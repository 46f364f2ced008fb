"""Notebook 7: the steps of each optimizer against its equation, and what the surfaces show."""

import numpy as np
import pytest

from multicnn.lessons import optimizer_paths, surfaces

RAVINE = surfaces.RAVINE


def by_equation(name, rate, steps):
    """Return the path of an optimizer on the ravine, written from its paper's equations."""
    w, path = np.array(RAVINE.start), [np.array(RAVINE.start)]
    m, v, u = np.zeros(2), np.zeros(2), np.zeros(2)
    for t in range(1, steps + 1):
        g = RAVINE.gradient(w)
        match name:
            case "sgd":
                change = -rate * g
            case "momentum":
                m = 0.9 * m - rate * g
                change = m
            case "nesterov":
                m = 0.9 * m - rate * g
                change = 0.9 * m - rate * g
            case "adagrad":
                v = v + g**2
                change = -rate * g / np.sqrt(v)
            case "rmsprop":
                v = 0.9 * v + 0.1 * g**2
                change = -rate * g / np.sqrt(v + 1e-7)
            case "adam":
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
                change = -rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
            case "adamax":
                m, v = 0.9 * m + 0.1 * g, np.maximum(0.999 * v, np.abs(g))
                change = -rate / (1 - 0.9**t) * m / (v + 1e-7)
            case "adadelta":
                v = 0.95 * v + 0.05 * g**2
                step = -np.sqrt(u + 1e-6) / np.sqrt(v + 1e-6) * g
                u = 0.95 * u + 0.05 * step**2
                change = rate * step
        w = w + change
        path.append(w)
    return np.stack(path)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamax", "adadelta"])
def test_a_path_is_its_equation(name):
    rate = optimizer_paths.RATES[name]
    path = optimizer_paths.paths(RAVINE, {name: rate}, steps=25).paths[name]
    np.testing.assert_allclose(path, by_equation(name, rate, 25), atol=2e-3)


@pytest.mark.parametrize("surface", [RAVINE, surfaces.SADDLE, surfaces.of_digits()], ids=lambda each: each.name)
def test_gradients_of_surfaces_are_their_slopes(surface):
    point = np.array([0.3, -0.7])
    steps = 1e-5 * np.eye(2)
    slopes = [(surface.loss(point + step) - surface.loss(point - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(surface.gradient(point), slopes, atol=1e-6)
    grid = np.stack(np.meshgrid(*(np.linspace(*side, 61) for side in surface.window)), axis=-1)
    assert surface.loss(grid).min() >= surface.lowest - 1e-9


def test_momentum_is_faster_in_a_ravine_and_plain_descent_has_a_largest_rate():
    shown = optimizer_paths.paths(RAVINE, {"sgd": 0.095, "momentum": 0.05}, steps=100)
    assert shown.steps_to_bottom("momentum") < 80
    slow = optimizer_paths.paths(RAVINE, {"sgd": 0.05}, steps=100)
    assert slow.steps_to_bottom("sgd") is None or slow.steps_to_bottom("sgd") > 2 * shown.steps_to_bottom("momentum")
    gone = optimizer_paths.paths(RAVINE, {"sgd": 0.102}, steps=100)  # 2 / 20 is the largest
    assert gone.losses("sgd")[-1] > shown.losses("sgd")[-1] * 100


def test_both_conventions_of_momentum_are_one_while_the_rate_is_constant():
    inside, outside = optimizer_paths.momentum_two_ways(RAVINE, np.full(60, 0.05))
    np.testing.assert_allclose(inside, outside, atol=1e-12)
    inside, outside = optimizer_paths.momentum_two_ways(RAVINE, np.r_[np.full(20, 0.05), np.full(40, 0.005)])
    assert np.abs(inside - outside).max() > 0.1


def test_rates_for_each_variable_leave_a_saddle_earlier():
    shown = optimizer_paths.paths(surfaces.SADDLE, {"sgd": 0.05, "adam": 0.05}, steps=90)
    left = {name: int(np.argmax(np.abs(path[:, 1]) > 0.5)) for name, path in shown.paths.items()}
    assert 0 < left["adam"] < left["sgd"] / 2


def test_on_a_loss_that_no_rate_suits_nothing_is_claimed():
    assert optimizer_paths.paths(RAVINE, {"sgd": 1e-6}, steps=5).steps_to_bottom("sgd") is None


@pytest.mark.parametrize("rates", [{"sgdd": 0.1}, {"sgd": 0}, {"sgd": float("nan")}, {"sgd": float("inf")}])
def test_what_cannot_walk_is_refused(rates):
    with pytest.raises(ValueError, match="Received: "):
        optimizer_paths.paths(RAVINE, rates, steps=1)


def test_an_unknown_surface_is_refused():
    assert surfaces.by_name("saddle") is surfaces.SADDLE
    with pytest.raises(ValueError, match="Received: surface='hill'"):
        surfaces.by_name("hill")
