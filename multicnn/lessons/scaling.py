"""Why inputs are centred and scaled: the shape of the loss, and the steps of gradient descent down to its bottom."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from multicnn.lessons.drawing import RED, Drawing, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CLOSE = 0.1  # of the distance that was there at first


@dataclasses.dataclass(frozen=True)
class Scaling(Drawing):
    """Gradient descent on a linear neuron of two inputs, as they come and after centring and scaling.

    Attributes:
        inputs: For each way, float64 (rows, 2).
        paths: For each, float64 (steps, 2), the two weights from step to step, as differences from the best ones.
        conditions: For each, how many times longer the valley of the loss is than wide, squared.
        steps: For each, the number of steps until the weights are ten times nearer to the best ones.
    """

    inputs: dict[str, np.ndarray]
    paths: dict[str, np.ndarray]
    conditions: dict[str, float]
    steps: dict[str, int]

    def draw(self) -> Figure:
        """Return the loss over the two weights, and the path down."""
        figure, axes = panels(len(self.paths), width=8.6, height=3.2)
        for one, (name, path) in zip(axes, self.paths.items()):
            along = np.linspace(-1.6, 1.6, 101) * np.abs(path[0]).max()
            first, second = np.meshgrid(along, along)
            x = self.inputs[name]
            second_moments = x.T @ x / len(x)
            loss = 0.5 * np.einsum(
                "aij,ab,bij->ij", np.stack([first, second]), second_moments, np.stack([first, second])
            )
            one.contour(
                first,
                second,
                loss,
                levels=np.geomspace(loss.max() * 1e-4, loss.max(), 12),
                colors="#999999",
                linewidths=0.8,
            )
            one.plot(*path.T, "o-", color=RED, markersize=3, lw=1.1)
            one.set(title=f"{name}: {self.steps[name]} steps", xlabel="weight 1 − best", ylabel="weight 2 − best")
            one.set_xlim(along[0], along[-1])
            one.set_ylim(along[0], along[-1])
        return figure


def scaling(*, offset: float = 3.0, ratio: float = 4.0, limit: int = 2000, seed: int = 0) -> Scaling:
    """Descend the squared error of a linear neuron with the largest steps that are stable.

    Args:
        offset: The mean of both inputs, where they come uncentred.
        ratio: How many times larger the second input is than the first.
        limit: The largest number of steps.
        seed: The random seed of the inputs.
    """
    inputs = np.random.default_rng(seed).normal(size=(500, 2))
    raw = (inputs + offset) * np.array([1.0, ratio])
    ways = {"as they come": raw, "centred": raw - raw.mean(axis=0)}
    ways["centred and scaled"] = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    paths, conditions, steps = {}, {}, {}
    for name, x in ways.items():
        moments = x.T @ x / len(x)
        strengths = np.linalg.eigvalsh(moments)
        path = [np.array([1.0, 1.0])]
        while len(path) <= limit and np.linalg.norm(path[-1]) > _CLOSE * np.linalg.norm(path[0]):
            path.append(path[-1] - 1.0 / strengths[-1] * (moments @ path[-1]))
        paths[name], conditions[name], steps[name] = np.stack(path), float(strengths[-1] / strengths[0]), len(path) - 1
    return Scaling(ways, paths, conditions, steps)
