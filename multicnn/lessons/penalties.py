"""Penalties on weights, L2 and L1, from weak to strong: what they do to the weights, and to the errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn.lessons.deep import digits
from multicnn.lessons.drawing import BLUE, RED, Drawing, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class Penalties(Drawing):
    """Linear classifiers of digits under penalties of growing strength.

    Attributes:
        strengths: float64 (strengths,), lambda.
        sizes: For "L2" and "L1", float64 (strengths,), the root of the sum of the squared weights.
        zeros: For each, the share of the weights that are exactly 0.
        train_errors: For each, the share of answers that differ from the labels of the examples that were learned.
        test_errors: For each, that on others.
    """

    strengths: np.ndarray
    sizes: dict[str, np.ndarray]
    zeros: dict[str, np.ndarray]
    train_errors: dict[str, np.ndarray]
    test_errors: dict[str, np.ndarray]

    def draw(self) -> Figure:
        """Return size, zeros and errors over lambda."""
        figure, axes = panels(3, width=9.6, height=3.0)
        for name, colour in (("L2", BLUE), ("L1", RED)):
            axes[0].plot(self.strengths, self.sizes[name], "o-", markersize=4, color=colour, label=name)
            axes[1].plot(self.strengths, self.zeros[name], "o-", markersize=4, color=colour, label=name)
            axes[2].plot(
                self.strengths, self.test_errors[name], "o-", markersize=4, color=colour, label=f"{name}, test"
            )
            axes[2].plot(self.strengths, self.train_errors[name], ls=":", color=colour, label=f"{name}, training")
        for one, title in zip(axes, ("size of the weights", "share of weights that are 0", "wrong answers")):
            one.set(title=title, xlabel="λ", xscale="log", ylim=(0, None))
            one.grid(axis="y")
        axes[2].set_ylim(0, 0.6)
        axes[0].legend()
        axes[2].legend(fontsize=8.5)
        return figure


def penalties(
    strengths: Sequence[float] = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0),
    *,
    examples: int = 100,
    wrong: int = 20,
    steps: int = 3000,
) -> Penalties:
    """Train linear classifiers of digits, all strengths at once, on cross-entropy plus a penalty.

    L2 adds lambda / 2 times the sum of the squared weights, L1 lambda times the sum of their absolute values. The latter has
    no slope at 0: after each step every weight is moved towards 0 by rate * lambda, and stays there if it comes to it.

    Args:
        strengths: lambda of each classifier.
        examples: The digits that are learned; those that are left are for the test.
        wrong: How many of them have a label drawn at random.
        steps: The steps of gradient descent with Nesterov's momentum (Beck & Teboulle, "FISTA", 2009).
    """
    x, classes = digits()
    order = np.random.default_rng(0).permutation(len(x))
    rows, rest = order[:examples], order[examples:]
    learned = classes[rows].copy()
    learned[:wrong] = np.random.default_rng(1).integers(0, 10, wrong)
    inputs, targets = x[rows].astype(np.float64), np.eye(10)[learned]
    factor = np.array(strengths)[:, None, None]
    rate = 1.0 / (0.5 * np.linalg.norm(inputs, 2) ** 2 / examples + factor)  # of the steepest curvature
    results: dict[str, dict[str, np.ndarray]] = {"sizes": {}, "zeros": {}, "train": {}, "test": {}}
    for name in ("L2", "L1"):
        weights = ahead = np.zeros((len(strengths), x.shape[1], 10))
        for step in range(steps):
            slopes = inputs.T @ (_softmax(inputs @ ahead) - targets) / examples + (
                factor * ahead if name == "L2" else 0
            )
            moved = ahead - rate * slopes
            if name == "L1":
                moved = np.sign(moved) * np.maximum(np.abs(moved) - rate * factor, 0)
            ahead, weights = moved + step / (step + 3) * (moved - weights), moved
        results["sizes"][name] = np.linalg.norm(weights, axis=(1, 2))
        results["zeros"][name] = np.mean(weights == 0, axis=(1, 2))
        for split, chosen, right in (("train", rows, learned), ("test", rest, classes[rest])):
            answers = (x[chosen].astype(np.float64) @ weights).argmax(axis=-1)
            results[split][name] = np.mean(answers != right, axis=-1)
    return Penalties(np.array(strengths), results["sizes"], results["zeros"], results["train"], results["test"])


def _softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)
