"""Losses of two variables, on which the way of an optimizer can be drawn."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

Values = np.ndarray


@dataclasses.dataclass(frozen=True)
class Surface:
    """A loss of two variables.

    Attributes:
        name: What it is called.
        loss: Of float64 (..., 2) to (...,).
        gradient: Of float64 (2,) to (2,).
        start: Where optimizers begin.
        lowest: The loss at its bottom; None where it has none.
        window: The lowest and highest of each variable that is drawn, ((low, high), (low, high)).
    """

    name: str
    loss: Callable[[Values], Values]
    gradient: Callable[[Values], Values]
    start: tuple[float, float]
    lowest: float | None
    window: tuple[tuple[float, float], tuple[float, float]]


def _ravine(w: Values) -> Values:
    return 0.5 * (0.1 * w[..., 0] ** 2 + 20 * w[..., 1] ** 2)


def _ravine_gradient(w: Values) -> Values:
    return w * np.array([0.1, 20.0])


def _saddle(w: Values) -> Values:
    return 0.5 * w[..., 0] ** 2 - 0.5 * w[..., 1] ** 2 + 0.125 * w[..., 1] ** 4


def _saddle_gradient(w: Values) -> Values:
    return np.array([w[0], -w[1] + 0.5 * w[1] ** 3])


RAVINE = Surface("ravine", _ravine, _ravine_gradient, (-4.0, 0.3), 0.0, ((-4.5, 1.5), (-0.45, 0.45)))
# A valley on either side; who starts on the ridge, but for a hair, must leave it.
SADDLE = Surface("saddle", _saddle, _saddle_gradient, (-2.0, 0.01), -0.5, ((-2.4, 1.2), (-2.2, 2.2)))


def of_digits(first: int = 3, second: int = 8) -> Surface:
    """Return a real loss: the cross-entropy of a neuron that tells two digits apart by two numbers of each image.

    The numbers are the ink in the left and in the right half of scikit-learn's digits, centred, the second times 0.4, so that they
    differ in size; there is no bias. The bottom has no closed form, and comes from Newton's method.

    Args:
        first: The digit whose answer is 0.
        second: The one whose answer is 1.
    """
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    rows = (classes == first) | (classes == second)
    images, targets = pixels[rows].reshape(-1, 8, 8) / 16, (classes[rows] == second).astype(np.float64)
    x = np.stack([images[:, :, :4].sum(axis=(1, 2)), images[:, :, 4:].sum(axis=(1, 2))], axis=1)
    x = (x - x.mean(axis=0)) * np.array([1.0, 0.4])

    def loss(w: Values) -> Values:
        sums = np.tensordot(np.asarray(w), x, axes=(-1, -1))
        return np.mean(np.logaddexp(0, sums) - targets * sums, axis=-1)

    def gradient(w: Values) -> Values:
        return x.T @ (1 / (1 + np.exp(-x @ w)) - targets) / len(x)

    bottom = np.zeros(2)
    for _ in range(30):
        probability = 1 / (1 + np.exp(-x @ bottom))
        curvature = (x * (probability * (1 - probability))[:, None]).T @ x / len(x)
        bottom = bottom - np.linalg.solve(curvature, gradient(bottom))
    low, high = bottom - 4, bottom + 4
    window = ((float(low[0]), float(high[0])), (float(low[1]), float(high[1])))
    return Surface("digits", loss, gradient, (float(low[0] + 1), float(high[1] - 1)), float(loss(bottom)), window)


def by_name(name: str) -> Surface:
    """Return a surface: "ravine", "saddle" or "digits".

    Raises:
        ValueError: The name is unknown.
    """
    makers: dict[str, Callable[[], Surface]] = {
        "ravine": lambda: RAVINE,
        "saddle": lambda: SADDLE,
        "digits": of_digits,
    }
    if name not in makers:
        raise ValueError(f"`surface` must be one of {list(makers)}. Received: surface={name!r}")
    return makers[name]()
