"""Bias and variance: the same model trained again and again, each time on other examples of the same curve."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn.lessons.approximation import wave
from multicnn.lessons.drawing import BLUE, GREEN, INK, ORANGE, RED, Drawing, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class BiasVariance(Drawing):
    """Polynomials of each degree, fitted to many samples of one curve.

    Attributes:
        degrees: int (degrees,).
        x: float64 (points,), where they are compared.
        truth: float64 (points,), the curve.
        curves: float64 (degrees, repeats, points), each fitted polynomial.
        train_errors: float64 (degrees,), the mean squared error on the examples that they were fitted to.
        test_errors: float64 (degrees,), that on new examples, with noise.
        noise: The standard deviation of the noise.
    """

    degrees: np.ndarray
    x: np.ndarray
    truth: np.ndarray
    curves: np.ndarray
    train_errors: np.ndarray
    test_errors: np.ndarray
    noise: float

    @property
    def bias(self) -> np.ndarray:
        """The squared distance of the mean polynomial from the curve, by degree."""
        return ((self.curves.mean(axis=1) - self.truth) ** 2).mean(axis=1)

    @property
    def variance(self) -> np.ndarray:
        """The mean squared distance of the polynomials from their mean, by degree."""
        return self.curves.var(axis=1).mean(axis=1)

    def draw(self) -> Figure:
        """Return some polynomials of a low, a middle and a high degree, and the errors by degree."""
        figure, axes = panels(4, width=9.8, height=2.9)
        chosen = (0, int(self.test_errors.argmin()), len(self.degrees) - 1)
        names = ("too simple", "about right", "too flexible")
        for one, which, name in zip(axes, chosen, names):
            one.plot(self.x, self.curves[which, :15].T, color=BLUE, lw=0.7, alpha=0.6)
            one.plot(self.x, self.truth, color=INK, lw=1.6, ls="--")
            one.set(title=f"degree {self.degrees[which]}: {name}", ylim=(-2.2, 2.2))
        last = axes[-1]
        named = {"bias²": (self.bias, GREEN), "variance": (self.variance, ORANGE)}
        named |= {"test error": (self.test_errors, RED), "training error": (self.train_errors, BLUE)}
        for label, (values, colour) in named.items():
            last.semilogy(self.degrees, values, "o-", markersize=3.5, color=colour, label=label)
        last.set(xlabel="degree", title="mean squared", ylim=(1e-3, 20))
        last.legend(fontsize=8.5)
        return figure


def bias_variance(
    degrees: Sequence[int] = (1, 3, 5, 7, 9, 11, 13), *, repeats: int = 200, examples: int = 25, noise: float = 0.3
) -> BiasVariance:
    """Fit polynomials by least squares to many samples of a curve with noise.

    Args:
        degrees: The degrees.
        repeats: The number of samples.
        examples: The examples of a sample.
        noise: The standard deviation of the noise on each.
    """
    random = np.random.default_rng(0)
    x = np.linspace(0.03, 0.97, 120)
    inputs = (np.arange(examples) + random.random((repeats, examples))) / examples
    answers = wave(inputs) + random.normal(0, noise, inputs.shape)
    fresh = wave(x) + random.normal(0, noise, (repeats, len(x)))
    curves, train, test = [], [], []
    for degree in degrees:
        fitted, errors = [], []
        for sample, targets in zip(inputs, answers):
            weights = np.polynomial.legendre.legfit(2 * sample - 1, targets, degree)
            fitted.append(np.polynomial.legendre.legval(2 * x - 1, weights))
            errors.append(np.mean((np.polynomial.legendre.legval(2 * sample - 1, weights) - targets) ** 2))
        curves.append(np.stack(fitted))
        train.append(np.mean(errors))
        test.append(np.mean((curves[-1] - fresh) ** 2))
    return BiasVariance(np.array(degrees), x, wave(x), np.stack(curves), np.array(train), np.array(test), noise)
