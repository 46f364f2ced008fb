"""Universal approximation: two steps make a bump, many bumps make any curve."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn.lessons.drawing import BLUE, GREEN, INK, RED, Drawing, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Function = Callable[[np.ndarray], np.ndarray]


def wave(x: np.ndarray) -> np.ndarray:
    """Return the curve that the notebook approximates, on x from 0 to 1."""
    return np.sin(2 * np.pi * x) + 0.5 * np.sin(6 * np.pi * x)


@dataclasses.dataclass(frozen=True)
class Bump(Drawing):
    """A bump made of two hidden neurons.

    Attributes:
        x: float (points,).
        up: The first neuron's output times the height: a step up.
        down: The second neuron's, times minus the height: a step down.
    """

    x: np.ndarray
    up: np.ndarray
    down: np.ndarray

    @property
    def output(self) -> np.ndarray:
        """The sum of the two: the bump."""
        return self.up + self.down

    def draw(self) -> Figure:
        """Return the two steps, and their sum."""
        figure, axes = panels(3, width=9, height=2.5)
        curves = (
            ("a step up", self.up, BLUE),
            ("a step down", self.down, RED),
            ("their sum: a bump", self.output, GREEN),
        )
        for one, (title, values, colour) in zip(axes, curves):
            one.plot(self.x, values, color=colour)
            one.set(title=title, xlabel="x", ylim=(-1.25, 1.25))
            one.axhline(0, color="#aaaaaa", lw=0.8)
        return figure


def bump(left: float = 0.35, right: float = 0.65, height: float = 1.0, *, steepness: float = 100.0) -> Bump:
    """Return a bump between two x values, as two sigmoid neurons of weight `steepness` and one output neuron add it up."""
    x = np.linspace(0, 1, 501)
    up, down = (height * _sigmoid(steepness * (x - edge)) for edge in (left, right))
    return Bump(x, up, -down)


@dataclasses.dataclass(frozen=True)
class Approximation(Drawing):
    """A curve, and networks of growing width that approximate it, a bump for each two hidden neurons.

    Attributes:
        x: float (points,).
        target: float (points,), the curve.
        bumps: int (networks,), the bumps of each network.
        outputs: float (networks, points), what they compute.
    """

    x: np.ndarray
    target: np.ndarray
    bumps: np.ndarray
    outputs: np.ndarray

    @property
    def errors(self) -> np.ndarray:
        """The mean absolute error of each network."""
        return np.abs(self.outputs - self.target).mean(axis=1)

    def draw(self) -> Figure:
        """Return the curve with three of the networks, and the error over the width."""
        figure, axes = panels(4, width=9.6, height=2.7)
        for one, index in zip(axes, (1, len(self.bumps) // 2, len(self.bumps) - 2)):
            one.plot(self.x, self.target, color=INK, lw=1.2, ls="--", label="curve")
            one.plot(self.x, self.outputs[index], color=BLUE, lw=1.4, label="network")
            one.set(title=f"{self.bumps[index]} bumps", xlabel="x", ylim=(-1.5, 1.9))
        axes[0].legend(loc="upper right")
        last = axes[-1]
        last.loglog(2 * self.bumps, self.errors, "o-", color=RED)
        last.set(title="mean error", xlabel="hidden neurons")
        last.set_xticks([10, 30, 100], ["10", "30", "100"])
        last.set_yticks([0.01, 0.03, 0.1, 0.3], [".01", ".03", ".1", ".3"])
        last.minorticks_off()
        last.grid()
        return figure


def approximate(function: Function = wave, bumps: Sequence[int] = (4, 8, 16, 32, 64, 128)) -> Approximation:
    """Return what networks of one hidden layer make of a curve on [0, 1], nothing trained: each bump has the curve's height.

    Args:
        function: The curve, of float (points,) to float (points,).
        bumps: The number of bumps of each network, at equal distances; it has twice as many hidden neurons.
    """
    x = np.linspace(0, 1, 2001)
    outputs = []
    for count in bumps:
        edges = np.linspace(0, 1, count + 1)
        edges[0], edges[-1] = -1.0, 2.0  # so that the ends of the curve are inside of a bump
        heights = function((np.arange(count) + 0.5) / count)
        steps = _sigmoid(100.0 * count * (x[:, None] - edges))
        outputs.append((heights * (steps[:, :-1] - steps[:, 1:])).sum(axis=1))
    return Approximation(x, function(x), np.array(bumps), np.stack(outputs))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))
