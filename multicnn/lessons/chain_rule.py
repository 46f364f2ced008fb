"""The chain rule by hand: the gradients of a network of two layers, written out, and trained by them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from multicnn.lessons.drawing import BLUE, INK, RED, Drawing, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Weights(NamedTuple):
    """The weights of a network of two layers, or the gradients of its loss for them; float64.

    Attributes:
        hidden: (inputs, units).
        hidden_bias: (units,).
        output: (units,).
        output_bias: ().
    """

    hidden: np.ndarray
    hidden_bias: np.ndarray
    output: np.ndarray
    output_bias: np.ndarray


class Forward(NamedTuple):
    """The numbers of a network of two layers on its way to the loss.

    Attributes:
        hidden: (rows, units), tanh of the first layer's sums.
        probability: (rows,), the sigmoid of the second layer's sum.
        loss: The mean cross-entropy.
    """

    hidden: np.ndarray
    probability: np.ndarray
    loss: float


def initial(inputs: int, units: int, *, seed: int = 0) -> Weights:
    """Return weights drawn from a standard normal distribution, and biases of 0."""
    random = np.random.default_rng(seed)
    return Weights(random.normal(size=(inputs, units)), np.zeros(units), random.normal(size=units), np.zeros(()))


def forward(weights: Weights, x: np.ndarray, targets: np.ndarray) -> Forward:
    """Compute h = tanh(x W1 + b1), p = sigmoid(h w2 + b2), and the mean of -log p of the right answer.

    Args:
        weights: The network.
        x: float (rows, inputs).
        targets: 0 or 1, of shape (rows,).
    """
    hidden = np.tanh(x @ weights.hidden + weights.hidden_bias)
    probability = 1 / (1 + np.exp(-(hidden @ weights.output + weights.output_bias)))
    right = np.where(targets == 1, probability, 1 - probability)
    return Forward(hidden, probability, float(-np.log(np.maximum(right, 1e-300)).mean()))


def gradients_by_hand(weights: Weights, x: np.ndarray, targets: np.ndarray) -> Weights:
    """Return the gradient of the loss for every weight by the chain rule, from the loss backwards.

    Args:
        weights: The network.
        x: float (rows, inputs).
        targets: 0 or 1, of shape (rows,).
    """
    hidden, probability, _ = forward(weights, x, targets)
    at_output = (probability - targets) / len(x)  # dL/dz2: the sigmoid and the logarithm together
    at_hidden = np.outer(at_output, weights.output) * (1 - hidden**2)  # dL/dz1 = dL/dz2 * w2 * tanh'(z1)
    return Weights(x.T @ at_hidden, at_hidden.sum(axis=0), hidden.T @ at_output, at_output.sum())


def gradients_automatic(weights: Weights, x: np.ndarray, targets: np.ndarray) -> Weights:
    """Return the same gradients by TensorFlow's automatic differentiation, in float64."""
    import tensorflow as tf

    variables = [tf.Variable(value, dtype=tf.float64) for value in weights]
    with tf.GradientTape() as tape:
        hidden = tf.tanh(tf.constant(x) @ variables[0] + variables[1])
        logits = tf.linalg.matvec(hidden, variables[2]) + variables[3]
        labels = tf.constant(targets, dtype=tf.float64)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))
    return Weights(*(gradient.numpy() for gradient in tape.gradient(loss, variables)))


def largest_difference(one: Weights, other: Weights) -> float:
    """Return the largest absolute difference between two sets of weights or gradients."""
    return float(max(np.abs(a - b).max() for a, b in zip(one, other)))


@dataclasses.dataclass(frozen=True)
class TwoLayers(Drawing):
    """A network of two layers that was trained by the chain rule.

    Attributes:
        weights: The trained weights.
        losses: float64 of shape (steps,), the loss before each step.
    """

    weights: Weights
    losses: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the probability of 1 for each row of inputs (rows, inputs)."""
        return forward(self.weights, x, np.ones(len(x))).probability

    def accuracy(self, x: np.ndarray, targets: np.ndarray) -> float:
        """Return the share of rows on whose side of 0.5 the probability is right."""
        return float(np.mean((self(x) > 0.5) == targets))

    def draw(self) -> Figure:
        """Return the loss over the steps."""
        figure, (axes,) = panels(1, width=5, height=2.6)
        axes.plot(self.losses, color=BLUE)
        axes.set(xlabel="step", ylabel="loss", title="learning by the chain rule", ylim=(0, None))
        axes.grid(axis="y")
        return figure


def train_by_hand(
    x: np.ndarray, targets: np.ndarray, *, units: int = 4, steps: int = 500, learning_rate: float = 0.5, seed: int = 1
) -> TwoLayers:
    """Train a network of two layers by gradient descent on all rows, with the gradients of `gradients_by_hand`.

    Args:
        x: float (rows, inputs).
        targets: 0 or 1, of shape (rows,).
        units: The number of hidden neurons.
        steps: The number of steps.
        learning_rate: What a gradient is multiplied by.
        seed: The random seed of the first weights.
    """
    weights, losses = initial(x.shape[1], units, seed=seed), np.zeros(steps)
    for step in range(steps):
        losses[step] = forward(weights, x, targets).loss
        gradients = gradients_by_hand(weights, x, targets)
        weights = Weights(*(value - learning_rate * slope for value, slope in zip(weights, gradients)))
    return TwoLayers(weights, losses)


@dataclasses.dataclass(frozen=True)
class Backward(Drawing):
    """One example on its way forward and back through a network of two layers.

    Attributes:
        weights: The network.
        x: float (inputs,), the example.
        target: 0 or 1.
        values: What it computes, of one row.
        gradients: By hand.
        automatic: By automatic differentiation.
    """

    weights: Weights
    x: np.ndarray
    target: int
    values: Forward
    gradients: Weights
    automatic: Weights

    @property
    def difference(self) -> float:
        """The largest absolute difference between the gradients by hand and the automatic ones."""
        return largest_difference(self.gradients, self.automatic)

    def draw(self) -> Figure:
        """Return the network: values in its neurons, weights on its arrows, and the gradient below each."""
        figure, (axes,) = panels(1, width=9, height=4.2)
        at_output = float(self.values.probability[0] - self.target)
        at_hidden = at_output * self.weights.output * (1 - self.values.hidden[0] ** 2)
        inputs = [(0.0, height) for height in _heights(len(self.x))]
        hidden = [(1.2, height) for height in _heights(len(self.weights.output))]
        output, loss = (2.3, 0.0), (3.1, 0.0)
        for i, start in enumerate(inputs):
            for j, end in enumerate(hidden):
                _arrow(
                    axes, start, end, self.weights.hidden[i, j], self.gradients.hidden[i, j], 0.5 if i == j else 0.26
                )
        for j, start in enumerate(hidden):
            _arrow(axes, start, output, self.weights.output[j], self.gradients.output[j], 0.45)
        _arrow(axes, output, loss, None, None, 0.5)
        for i, node in enumerate(inputs):
            _neuron(axes, node, f"x{i + 1}", float(self.x[i]), None)
        for j, node in enumerate(hidden):
            _neuron(axes, node, f"h{j + 1}", float(self.values.hidden[0, j]), float(at_hidden[j]))
        _neuron(axes, output, "p", float(self.values.probability[0]), at_output)
        _neuron(axes, loss, "loss", self.values.loss, 1.0)
        axes.set(xlim=(-0.3, 3.4), ylim=(-1.35, 1.35))
        axes.set_title(f"values (black) go right, gradients of the loss (red) come back; the target is {self.target}")
        axes.axis("off")
        return figure


def backward(weights: Weights, x: np.ndarray, target: int) -> Backward:
    """Return one example's way through a network of two layers and the gradients on its way back.

    Args:
        weights: The network.
        x: float (inputs,).
        target: 0 or 1.
    """
    rows, targets = np.asarray(x, dtype=np.float64)[None], np.array([target])
    both = gradients_by_hand(weights, rows, targets), gradients_automatic(weights, rows, targets)
    return Backward(weights, rows[0], target, forward(weights, rows, targets), *both)


def _heights(count: int) -> np.ndarray:
    return np.linspace(0.85, -0.85, count) if count > 1 else np.zeros(1)


def _arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    weight: float | None,
    gradient: float | None,
    along: float,
) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": "#888888", "shrinkA": 26, "shrinkB": 26})
    if weight is None or gradient is None:
        return
    x, y = (s + along * (e - s) for s, e in zip(start, end))
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    axes.text(x, y + 0.065, f"{weight:+.2f}", ha="center", va="center", color=INK, bbox=box, fontsize=9.5)
    axes.text(x, y - 0.065, f"{gradient:+.3f}", ha="center", va="center", color=RED, bbox=box, fontsize=9.5)


def _neuron(axes: Axes, at: tuple[float, float], name: str, value: float, gradient: float | None) -> None:
    axes.plot(*at, "o", markersize=50, color="#e8f1f8", markeredgecolor=BLUE)
    below = "" if gradient is None else f"{gradient:+.3f}"
    axes.text(at[0], at[1] + 0.13, name, ha="center", va="center", fontsize=9.5, color=BLUE)
    axes.text(at[0], at[1], f"{value:.3f}", ha="center", va="center", fontsize=10)
    axes.text(at[0], at[1] - 0.13, below, ha="center", va="center", fontsize=9.5, color=RED)
