"""The way of each optimizer down a loss of two variables, step by step."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from multicnn.lessons.drawing import COLOURS, INK, Drawing, panels
from multicnn.lessons.surfaces import Surface

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Names of the package's optimizers, each with a learning rate with which it walks well on the surfaces here.
RATES = {
    "sgd": 0.05,
    "momentum": 0.05,
    "nesterov": 0.05,
    "adagrad": 0.6,
    "adadelta": 20.0,
    "rmsprop": 0.05,
    "adam": 0.2,
    "adamax": 0.3,
    "nadam": 0.15,
    "rprop": 0.1,
}
_CLOSE = 0.01  # of the height above the bottom that was there at first


@dataclasses.dataclass(frozen=True)
class Paths(Drawing):
    """The steps of optimizers on one surface.

    Attributes:
        surface: The surface.
        paths: For each optimizer, float64 (steps + 1, 2), the variables from the start on.
    """

    surface: Surface
    paths: dict[str, np.ndarray]

    def losses(self, name: str) -> np.ndarray:
        """Return the loss at the start and after each step: float64 (steps + 1,)."""
        return np.asarray(self.surface.loss(self.paths[name]), dtype=np.float64)

    def steps_to_bottom(self, name: str) -> int | None:
        """Return after how many steps only 1 % of the height is left, for good; None if never."""
        losses, lowest = self.losses(name), self.surface.lowest or 0.0
        above = np.nonzero(losses - lowest > _CLOSE * (losses[0] - lowest))[0]
        return None if above[-1] == len(losses) - 1 else int(above[-1]) + 1

    def draw(self) -> Figure:
        """Return the paths on the surface's contour lines, a few in each panel, and the steps that each took."""
        names = list(self.paths)
        groups = [names[start : start + 4] for start in range(0, len(names), 4)]
        figure, axes = panels(len(groups), width=min(3.4 * len(groups) + 0.4, 9.8), height=3.6)
        (left, right), (bottom, top) = self.surface.window
        first, second = np.meshgrid(np.linspace(left, right, 121), np.linspace(bottom, top, 121))
        loss = self.surface.loss(np.stack([first, second], axis=-1))
        levels = np.quantile(loss, np.linspace(0.005, 0.97, 16))
        for one, group in zip(axes, groups):
            one.contour(first, second, loss, levels=np.unique(levels), colors="#bbbbbb", linewidths=0.7)
            for name, colour in zip(group, COLOURS):
                count = self.steps_to_bottom(name)
                label = f"{name}: {'not there' if count is None else f'{count} steps'}"
                one.plot(*self.paths[name].T, "o-", markersize=2.2, lw=1.2, color=colour, label=label)
            one.plot(*self.surface.start, "s", color=INK, markersize=6)
            one.set(xlim=(left, right), ylim=(bottom, top))
            one.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), fontsize=9.5)
        axes[0].set_title(f"{self.surface.name}, from the square")
        return figure


def paths(surface: Surface, rates: Mapping[str, float] = RATES, *, steps: int = 200) -> Paths:
    """Let optimizers of the package walk down a surface.

    Args:
        surface: The loss and where to begin.
        rates: The learning rate of each optimizer, by its name in a recipe.
        steps: The number of steps.

    Raises:
        ValueError: A name is unknown, or a rate is not above 0.
    """
    return Paths(surface, {name: _path(surface, name, rate, steps) for name, rate in rates.items()})


def _path(surface: Surface, name: str, rate: float, steps: int) -> np.ndarray:
    import keras

    from multicnn.training.optimizers.factory import NAMES

    if name not in NAMES:
        raise ValueError(f"`names` must be some of {sorted(NAMES)}. Received: names={name!r}")
    if not 0 < rate < float("inf"):
        raise ValueError(f"`learning_rate` must be a number above 0. Received: learning_rate={rate}")
    kind, settings = NAMES[name]
    optimizer = kind(**{**settings, "learning_rate": rate})
    variable = keras.Variable(np.array(surface.start, dtype=np.float32))
    path = [np.array(surface.start)]
    for _ in range(steps):
        gradient = surface.gradient(np.asarray(variable, dtype=np.float64))
        optimizer.apply([keras.ops.convert_to_tensor(gradient, "float32")], [variable])
        path.append(np.asarray(variable, dtype=np.float64))
    return np.stack(path)


def momentum_two_ways(surface: Surface, rates: np.ndarray, *, momentum: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    """Return the paths of momentum with the rate inside the velocity (Keras), and outside of it (PyTorch).

    Inside: v = m v - rate g, w = w + v. Outside: v = m v + g, w = w - rate v. They are the same as long as the rate is.

    Args:
        surface: The loss and where to begin.
        rates: float (steps,), the learning rate of each step.
        momentum: m, what is kept of the velocity.

    Returns:
        Two arrays float64 (steps + 1, 2).
    """
    inside, outside = [np.array(surface.start)], [np.array(surface.start)]
    velocities = np.zeros((2, 2))
    for rate in rates:
        velocities[0] = momentum * velocities[0] - rate * surface.gradient(inside[-1])
        velocities[1] = momentum * velocities[1] + surface.gradient(outside[-1])
        inside.append(inside[-1] + velocities[0])
        outside.append(outside[-1] - rate * velocities[1])
    return np.stack(inside), np.stack(outside)
