"""Losses as curves, as likelihoods, and in training: which of them show a way down."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from multicnn.lessons.drawing import BLUE, COLOURS, RED, Drawing, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Curve = Callable[[np.ndarray], np.ndarray]

# Of the margin m = y z: the sum z of a neuron times the right answer y, -1 or 1; above 0 is right.
LOSSES: dict[str, Curve] = {
    "step": lambda m: (m <= 0).astype(np.float64),
    "hinge": lambda m: np.maximum(0, 1 - m),
    "squared": lambda m: (1 - m) ** 2,
    "logistic, log2": lambda m: np.logaddexp(0, -m) / np.log(2),
    "logistic, natural": lambda m: np.logaddexp(0, -m),
}
SLOPES: dict[str, Curve] = {
    "step": np.zeros_like,
    "hinge": lambda m: np.where(m < 1, -1.0, 0.0),
    "squared": lambda m: -2 * (1 - m),
    "logistic, log2": lambda m: -1 / (1 + np.exp(m)) / np.log(2),
    "logistic, natural": lambda m: -1 / (1 + np.exp(m)),
}


@dataclasses.dataclass(frozen=True)
class Losses(Drawing):
    """Losses of two classes by the margin, and the cross-entropy by the probability of the right class.

    Attributes:
        margins: float64 (points,).
        values: For each loss, float64 (points,).
        probabilities: float64 (points,), of the right class.
        cross_entropy: float64 (points,), minus the natural logarithm of it.
    """

    margins: np.ndarray
    values: dict[str, np.ndarray]
    probabilities: np.ndarray
    cross_entropy: np.ndarray

    def draw(self) -> Figure:
        """Return the losses by the margin, and the cross-entropy."""
        figure, axes = panels(2, width=9, height=3.3)
        styles = ("-", "-", "-", "-", "--")
        for (name, values), colour, style in zip(self.values.items(), COLOURS, styles):
            axes[0].plot(self.margins, values, color=colour, ls=style, label=name)
        axes[0].set(title="two classes", xlabel="margin: wrong ← 0 → right", ylabel="loss", ylim=(0, 6))
        axes[0].axvline(0, color="#aaaaaa", lw=0.8)
        axes[0].legend(loc="upper right")
        axes[1].plot(self.probabilities, self.cross_entropy, color=BLUE)
        axes[1].set(title="cross-entropy, −ln p", xlabel="probability of the right class", ylim=(0, 5))
        for one in axes:
            one.grid(axis="y")
        return figure


def losses(*, reach: float = 3.0) -> Losses:
    """Return the losses as curves.

    Args:
        reach: The margins go from -reach to reach.

    Raises:
        ValueError: `reach` is not above 0.
    """
    if not 0 < reach <= 100:
        raise ValueError(f"`reach` must be above 0, and 100 at most. Received: reach={reach}")
    margins, probabilities = np.linspace(-reach, reach, 601), np.linspace(0.005, 1, 400)
    values = {name: loss(margins) for name, loss in LOSSES.items()}
    return Losses(margins, values, probabilities, -np.log(probabilities))


@dataclasses.dataclass(frozen=True)
class Likelihoods(Drawing):
    """The probabilities of both answers that each loss believes in: exp(-loss).

    Attributes:
        sums: float64 (points,), the sum z of the neuron.
        likelihoods: For each loss, float64 (2, points): exp(-loss) of the answers -1 and 1.
    """

    sums: np.ndarray
    likelihoods: dict[str, np.ndarray]

    def spread(self, name: str) -> float:
        """Return by how much the total of both answers changes with z, as a share: 0 if they are probabilities."""
        total = self.likelihoods[name].sum(axis=0)
        return float((total.max() - total.min()) / total.max())

    def draw(self) -> Figure:
        """Return exp(-loss) of both answers by z, and their total."""
        figure, axes = panels(len(self.likelihoods), width=9.6, height=2.6)
        for one, (name, (no, yes)) in zip(axes, self.likelihoods.items()):
            one.plot(self.sums, yes, color=BLUE, label="answer 1")
            one.plot(self.sums, no, color=RED, label="answer −1")
            one.plot(self.sums, no + yes, color="#222222", ls="--", label="total")
            one.set(title=name, xlabel="z", ylim=(0, 2.1))
        axes[0].legend(loc="upper left", fontsize=9)
        return figure


def likelihoods() -> Likelihoods:
    """Return exp(-loss) of both answers for the step, hinge, squared and logistic losses."""
    sums = np.linspace(-3, 3, 600)
    names = ("step", "hinge", "squared", "logistic, natural")
    return Likelihoods(sums, {name: np.exp(-np.stack([LOSSES[name](-sums), LOSSES[name](sums)])) for name in names})


@dataclasses.dataclass(frozen=True)
class Descents(Drawing):
    """A neuron trained by each loss on the same points, from the same weights.

    Attributes:
        points: float64 (rows, 2).
        answers: -1 or 1, of shape (rows,).
        weights: For each loss, float64 (3,): two weights and the bias in the end.
        accuracies: For each loss, float64 (steps + 1,).
    """

    points: np.ndarray
    answers: np.ndarray
    weights: dict[str, np.ndarray]
    accuracies: dict[str, np.ndarray]

    def draw(self) -> Figure:
        """Return the points with the line of each loss, and the accuracy over the steps."""
        figure, axes = panels(2, width=9, height=3.2)
        for value, marker in ((-1, "o"), (1, "s")):
            axes[0].plot(*self.points[self.answers == value].T, marker, color="#999999", markersize=3.5)
        for (name, weights), colour in zip(self.weights.items(), COLOURS):
            _line(axes[0], weights, colour, name)
            axes[1].plot(self.accuracies[name], color=colour, label=name)
        axes[0].set(title="the lines in the end", xlim=(-4, 4), ylim=(-4, 4))
        axes[1].set(title="share of right answers", xlabel="step", ylim=(0, 1.03))
        axes[1].grid(axis="y")
        axes[1].legend(loc="lower right")
        return figure


def descents(*, steps: int = 60, learning_rate: float = 0.2, seed: int = 0) -> Descents:
    """Train a neuron on two clouds of points by gradient descent, once with each loss.

    Args:
        steps: The number of steps.
        learning_rate: The learning rate.
        seed: The random seed of the points.
    """
    random = np.random.default_rng(seed)
    answers = np.repeat([-1.0, 1.0], 100)
    points = random.normal(size=(200, 2)) + answers[:, None] * np.array([1.3, 0.9])
    inputs = np.column_stack([points, np.ones(200)])
    trained, accuracies = {}, {}
    for name, slope in SLOPES.items():
        weights = np.array([-0.5, 0.4, 0.3])
        right = []
        for _ in range(steps + 1):
            margins = answers * (inputs @ weights)
            right.append(np.mean(margins > 0))
            weights = weights - learning_rate * (slope(margins) * answers) @ inputs / len(inputs)
        trained[name], accuracies[name] = weights, np.array(right)
    return Descents(points, answers, trained, accuracies)


def _line(axes: Axes, weights: np.ndarray, colour: str, name: str) -> None:
    along = np.array([-5.0, 5.0])
    axes.plot(along, -(weights[2] + weights[0] * along) / weights[1], color=colour, lw=1.6, label=name)
