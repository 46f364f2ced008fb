"""A network that is surely wrong: what cross-entropy and the squared error tell it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from multicnn.lessons.deep import digits
from multicnn.lessons.drawing import BLUE, RED, Drawing, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = ("cross_entropy", "squared_error")


def gradient(name: str, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the gradient of a loss of the package for the logits, by automatic differentiation: float64 (rows, classes).

    Args:
        name: "cross_entropy" or "squared_error", of `multicnn.tasks.losses`.
        logits: float (rows, classes).
        targets: One-hot, of the same shape.
    """
    import tensorflow as tf

    from multicnn.tasks.losses import LOSSES

    z = tf.constant(logits, dtype=tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = tf.reduce_sum(LOSSES[name](z, tf.constant(targets, dtype=tf.float64)))
    return tape.gradient(loss, z).numpy()


def by_hand(name: str, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the same by the equations: p - t for cross-entropy, 2 p ((p - t) - sum p (p - t)) for the squared error."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = odds / odds.sum(axis=1, keepdims=True)
    if name == "cross_entropy":
        return p - targets
    return 2 * p * ((p - targets) - (p * (p - targets)).sum(axis=1, keepdims=True))


@dataclasses.dataclass(frozen=True)
class Stuck(Drawing):
    """Gradients of a network that is more and more surely wrong, and how it trains.

    Attributes:
        margins: float64 (points,), by how much the wrong logit is above the right one.
        gradients: For each loss, float64 (points,), the length of the gradient for the logits.
        start: The margin at which the training began.
        accuracies: For each loss, float64 (steps + 1,), the share of right answers.
    """

    margins: np.ndarray
    gradients: dict[str, np.ndarray]
    start: float
    accuracies: dict[str, np.ndarray]

    def draw(self) -> Figure:
        """Return the gradients by the margin, and the accuracies over the steps."""
        figure, axes = panels(2, width=9, height=3.2)
        for name, colour in zip(NAMES, (BLUE, RED)):
            label = name.replace("_", " ")
            axes[0].semilogy(self.margins, self.gradients[name], color=colour, label=label)
            axes[1].plot(self.accuracies[name], color=colour, label=label)
        axes[0].set(title="length of the gradient", xlabel="surely wrong by (wrong − right logit)")
        axes[1].set(
            title=f"training from a margin of {self.start:g}", xlabel="step", ylabel="right", ylim=(-0.03, 1.03)
        )
        for one in axes:
            one.grid(axis="y")
        axes[0].legend(loc="lower left")
        return figure


def stuck(*, start: float = 20.0, steps: int = 150, learning_rate: float = 0.5) -> Stuck:
    """Train a linear network on the digits 1 to 9 that begins sure of 0, once with each loss.

    Args:
        start: The bias of the 0 at the beginning, that of the others is 0.
        steps: The steps of gradient descent on all digits.
        learning_rate: The learning rate.
    """
    margins = np.linspace(0, 25, 101)
    logits = np.stack([margins, np.zeros_like(margins)], axis=1)
    right = np.tile([0.0, 1.0], (len(margins), 1))
    gradients = {name: np.linalg.norm(gradient(name, logits, right), axis=1) for name in NAMES}
    x, classes = digits()
    x, classes = x[classes > 0].astype(np.float64), classes[classes > 0]
    targets = np.eye(10)[classes]
    accuracies = {}
    for name in NAMES:
        weights, bias, shares = np.zeros((64, 10)), start * np.eye(10)[0], []
        for _ in range(steps + 1):
            answers = x @ weights + bias
            shares.append(np.mean(answers.argmax(axis=1) == classes))
            slopes = by_hand(name, answers, targets) / len(x)
            weights, bias = weights - learning_rate * x.T @ slopes, bias - learning_rate * slopes.sum(axis=0)
        accuracies[name] = np.array(shares)
    return Stuck(margins, gradients, start, accuracies)
