"""One neuron: a line that divides the plane, Rosenblatt's rule that finds it, and what no line can divide."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from multicnn.lessons.drawing import BLUE, INK, RED, Drawing, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64)
_GATES = {"AND": (0, 0, 0, 1), "OR": (0, 1, 1, 1), "XOR": (0, 1, 1, 0), "NAND": (1, 1, 1, 0)}
_POINTS = 201  # of an axis of the plane
Outputs = Callable[[np.ndarray], np.ndarray]


def gate(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the truth table of a gate.

    Args:
        name: "AND", "OR", "XOR", "NAND", or "NOT", which has one input.

    Returns:
        The inputs, float64 of shape (rows, inputs), and the outputs, int64 of shape (rows,), 0 or 1.

    Raises:
        ValueError: The name is unknown.
    """
    if name == "NOT":
        return np.array([[0.0], [1.0]]), np.array([1, 0])
    if name not in _GATES:
        raise ValueError(f"`name` must be one of {sorted([*_GATES, 'NOT'])}. Received: name={name!r}")
    return _CORNERS.copy(), np.array(_GATES[name])


@dataclasses.dataclass(frozen=True)
class Perceptron:
    """A neuron with a threshold: 1 where the weighted sum of the inputs and the bias is above 0.

    Attributes:
        weights: float64 of shape (inputs,).
        bias: The bias.
        mistakes: int64 of shape (epochs,), the wrong answers while it learned, by epoch.
    """

    weights: np.ndarray
    bias: float
    mistakes: np.ndarray

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Return 0 or 1 for each row of inputs (rows, inputs)."""
        return (inputs @ self.weights + self.bias > 0).astype(np.int64)

    def accuracy(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """Return the share of right answers."""
        return float(np.mean(self(inputs) == targets))


def perceptron(inputs: np.ndarray, targets: np.ndarray, *, epochs: int = 20, learning_rate: float = 1.0) -> Perceptron:
    """Train a perceptron by Rosenblatt's rule: after each wrong answer, w += rate (target - answer) x.

    Args:
        inputs: float (rows, inputs).
        targets: 0 or 1, of shape (rows,).
        epochs: The number of passes over the rows.
        learning_rate: The rate.
    """
    weights, bias = np.zeros(inputs.shape[1]), 0.5  # a half, so that no sum of whole inputs is 0, on the line itself
    mistakes = np.zeros(epochs, dtype=np.int64)
    for epoch in range(epochs):
        for x, target in zip(inputs, targets):
            error = int(target) - int(x @ weights + bias > 0)
            weights, bias = weights + learning_rate * error * x, bias + learning_rate * error
            mistakes[epoch] += error != 0
    return Perceptron(weights, float(bias), mistakes)


def best_line(inputs: np.ndarray, targets: np.ndarray, *, directions: int = 360) -> float:
    """Return the largest accuracy that any line reaches: all directions, and every threshold between two points, are tried.

    Args:
        inputs: float (rows, 2).
        targets: 0 or 1, of shape (rows,).
        directions: The number of directions of the line's normal, around the circle.
    """
    best = 0.0
    for angle in np.linspace(0, 2 * np.pi, directions, endpoint=False) + 1e-3:  # no two corners in one line
        projected = inputs @ np.array([np.cos(angle), np.sin(angle)])
        ordered = np.sort(projected)
        for threshold in [ordered[0] - 1, *((ordered[1:] + ordered[:-1]) / 2)]:
            best = max(best, float(np.mean((projected > threshold) == targets)))
    return best


@dataclasses.dataclass(frozen=True)
class Regions(Drawing):
    """The answers of networks over the plane.

    Attributes:
        names: A title for each network.
        inputs: For each, float (rows, 1 or 2), the points that it learned.
        targets: For each, their classes, 0 or 1.
        outputs: float (networks, 201, 201), the answers from 0 to 1 over the square from -0.5 to 1.5, the second input along
            axis 1.
    """

    names: tuple[str, ...]
    inputs: tuple[np.ndarray, ...]
    targets: tuple[np.ndarray, ...]
    outputs: np.ndarray

    def draw(self) -> Figure:
        """Return the plane of each network in two colours, with its points."""
        count = len(self.names)
        figure, axes = panels(count, width=min(2.6 * count + 0.4, 9.6), height=2.9)
        for one, *shown in zip(axes, self.names, self.inputs, self.targets, self.outputs):
            _region(one, *shown)
        return figure


def regions(networks: Mapping[str, Outputs], tables: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Regions:
    """Return the decision regions of networks of one or two inputs.

    Args:
        networks: For each title, a function of float inputs (rows, inputs) to answers (rows,) from 0 to 1.
        tables: For each title, the points and classes that are drawn on it.
    """
    along = np.linspace(-0.5, 1.5, _POINTS)
    plane = np.stack(np.meshgrid(along, along, indexing="ij"), axis=-1).reshape(-1, 2)
    answers = []
    for name, network in networks.items():
        points = plane[:, : tables[name][0].shape[1]]
        answers.append(np.asarray(network(points), dtype=np.float64).reshape(_POINTS, _POINTS))
    return Regions(
        tuple(networks),
        tuple(tables[name][0] for name in networks),
        tuple(tables[name][1] for name in networks),
        np.stack(answers),
    )


def _region(axes: Axes, name: str, inputs: np.ndarray, targets: np.ndarray, outputs: np.ndarray) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    tints = LinearSegmentedColormap.from_list("tints", ["#cfe3f0", "#f7f7f7", "#f6d8c6"])
    axes.imshow(outputs.T, origin="lower", extent=(-0.5, 1.5, -0.5, 1.5), cmap=tints, vmin=0, vmax=1)
    if outputs.min() < 0.5 < outputs.max():
        along = np.linspace(-0.5, 1.5, _POINTS)
        axes.contour(along, along, outputs.T, levels=[0.5], colors=INK, linewidths=1.4)
    for value, colour, marker in ((0, BLUE, "o"), (1, RED, "s")):
        chosen = inputs[targets == value]
        second = chosen[:, 1] if chosen.shape[1] == 2 else np.full(len(chosen), 0.5)
        axes.plot(
            chosen[:, 0], second, marker, color=colour, markersize=9, markeredgecolor="white", label=f"answer {value}"
        )
    axes.set_title(name)
    axes.set_xticks([0, 1])
    axes.set_yticks([0, 1] if inputs.shape[1] == 2 else [])
    axes.set_xlabel("input 1")
    if inputs.shape[1] == 2:
        axes.set_ylabel("input 2")
