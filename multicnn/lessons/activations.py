"""Activations and their slopes, as curves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn import blocks
from multicnn.lessons.drawing import BLUE, RED, Drawing, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LEAK = {"lower": 0.125, "upper": 1 / 3}  # Xu et al. 2015 draw the slopes between 1/8 and 1/3


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


# The slope of each, as its equation has it; that of the randomised leak is its mean, as in prediction.
SLOPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": lambda x: _sigmoid(x) * (1 - _sigmoid(x)),
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
    "relu": lambda x: (x > 0).astype(np.float64),
    "randomized_leaky_relu": lambda x: np.where(x > 0, 1.0, (_LEAK["lower"] + _LEAK["upper"]) / 2),
    "elu": lambda x: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))),
}


@dataclasses.dataclass(frozen=True)
class Curves(Drawing):
    """Activations and their slopes.

    Attributes:
        x: float64 (points,).
        values: For each activation, float64 (points,).
        slopes: For each, float64 (points,).
    """

    x: np.ndarray
    values: dict[str, np.ndarray]
    slopes: dict[str, np.ndarray]

    def draw(self) -> Figure:
        """Return a panel for each activation: the curve, and its slope below 1 and above 0."""
        count = len(self.values)
        figure, axes = panels(count, width=min(2.0 * count + 0.4, 9.8), height=2.4)
        for one, (name, values) in zip(axes, self.values.items()):
            one.plot(self.x, values, color=BLUE, label="value")
            one.plot(self.x, self.slopes[name], color=RED, ls="--", label="slope")
            title = "randomised leak" if name == "randomized_leaky_relu" else name
            one.set(title=title, ylim=(-1.2, 2.2), xticks=(-4, 0, 4))
            one.grid()
        axes[0].legend(loc="upper left")
        return figure


def curves(names: Sequence[str] = tuple(SLOPES), *, reach: float = 4.0) -> Curves:
    """Return activations of the package's blocks and their slopes around 0.

    Args:
        names: Some of "sigmoid", "tanh", "relu", "randomized_leaky_relu" and "elu".
        reach: The curves go from -reach to reach.

    Raises:
        ValueError: A name is unknown.
    """
    x, values = np.linspace(-reach, reach, 401), {}
    for name in names:
        if name not in SLOPES:
            raise ValueError(f"`names` must be some of {list(SLOPES)}. Received: names={name!r}")
        settings = _LEAK if name == "randomized_leaky_relu" else {}
        network = blocks.network(blocks.activation(name, **settings), (1,))
        values[name] = np.asarray(network(x[:, None].astype(np.float32)))[:, 0].astype(np.float64)
    return Curves(x, values, {name: SLOPES[name](x) for name in names})
