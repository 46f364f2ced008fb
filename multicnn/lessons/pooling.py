"""Pooling: what each kind keeps of a window, and how little a small shift changes afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn import blocks
from multicnn.lessons import grids
from multicnn.lessons.drawing import Drawing, image, lines, panels
from multicnn.lessons.gabor import gabor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TINTS = ("#cfe3f0", "#fde3c0", "#cdebdf", "#f3dbe6")


@dataclasses.dataclass(frozen=True)
class Pools(Drawing):
    """An image under each kind of pooling.

    Attributes:
        image: float32 (rows, columns).
        size: The side of a window, and the distance between two.
        outputs: For each kind, float32 (rows // size, columns // size).
    """

    image: np.ndarray
    size: int
    outputs: dict[str, np.ndarray]

    def draw(self) -> Figure:
        """Return the image and its pools, as numbers if they fit."""
        if max(self.image.shape) > 8:
            figure, axes = panels(3, rows=2, width=9.6, height=2.3)
            image(axes[0], self.image, "image")
            for one, (name, values) in zip(axes[1:], self.outputs.items()):
                image(one, values, name)
            return figure
        figure, axes = panels(len(self.outputs) + 1, width=9.8, height=2.1)
        tints: dict[str, list[tuple[int, int]]] = {}
        for row, column in np.ndindex(self.image.shape):
            window = 2 * (row // self.size % 2) + column // self.size % 2
            tints.setdefault(_TINTS[window], []).append((row, column))
        grids.cells(axes[0], self.image, tints=tints)
        axes[0].set_title("image")
        grids.blank(axes[0], *self.image.shape[::-1])
        for one, (name, values) in zip(axes[1:], self.outputs.items()):
            pooled = {_TINTS[2 * (row % 2) + column % 2]: [(row, column)] for row, column in np.ndindex(values.shape)}
            grids.cells(one, values, tints=pooled)
            one.set_title(name)
            grids.blank(one, max(values.shape[1], 2.2), self.image.shape[0])
        return figure


def pools(values: np.ndarray, size: int = 2, *, coefficient: float = 2.0, bias: float = 0.5) -> Pools:
    """Pool an image by every kind of the package's blocks.

    Args:
        values: float (rows, columns).
        size: The side of a window.
        coefficient: What the weighted pool, which learns it, multiplies the mean by.
        bias: What it adds.
    """
    kinds = {
        "max": blocks.max_pool(size),
        "average": blocks.average_pool(size),
        "min": blocks.min_pool(size),
        "root mean square": blocks.rms_pool(size),
        "weighted": blocks.weighted_pool(size),
    }
    plane, outputs = np.asarray(values, dtype=np.float32), {}
    for name, block in kinds.items():
        network = blocks.network(block, (*plane.shape, 1))
        if network.weights:
            network.set_weights(
                [np.full(weight.shape, value) for weight, value in zip(network.weights, (coefficient, bias))]
            )
        outputs[name] = np.asarray(network(plane[None, ..., None]))[0, ..., 0]
    return Pools(plane, size, outputs)


@dataclasses.dataclass(frozen=True)
class Invariance(Drawing):
    """How much features change when the image moves a little.

    Attributes:
        shifts: int (shifts,), in pixels.
        changes: For each kind of pooling, float64 (shifts,): the length of the change as a share of the features' length.
    """

    shifts: np.ndarray
    changes: dict[str, np.ndarray]

    def draw(self) -> Figure:
        """Return the changes over the shift."""
        figure, (axes,) = panels(1, width=6.8, height=3)
        lines(axes, self.shifts, self.changes)
        axes.set(xlabel="shift of the image in pixels", ylabel="change of the features", ylim=(0, None))
        axes.set_xticks(self.shifts)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        return figure


def invariance(plane: np.ndarray, *, sizes: Sequence[int] = (1, 2, 4, 8), most: int = 4, side: int = 128) -> Invariance:
    """Measure how the features of a network of one layer, edges in four directions and a pool, change with a shift.

    Args:
        plane: float (rows, columns), at least `side` + `most` columns and `side` rows.
        sizes: The sides of the max pools, 1 for none; the largest is compared with an average pool of its size.
        most: The largest shift in pixels.
        side: Rows and columns of the part of the image that the network sees.
    """
    kinds: dict[str, blocks.Block] = {
        ("no pool" if size == 1 else f"max pool of {size}"): blocks.max_pool(size) for size in sizes
    }
    kinds[f"average pool of {max(sizes)}"] = blocks.average_pool(max(sizes))
    kernels = np.stack([gabor(7, wavelength=5, angle=np.pi * turn / 4, sigma=(2, 2)) for turn in range(4)], axis=-1)
    views = np.stack([plane[:side, shift : shift + side] for shift in range(most + 1)])[..., None]
    changes = {}
    for name, pool in kinds.items():
        features = blocks.chain(blocks.conv(4, 7, padding="valid", use_bias=False, activation="relu"), pool)
        network = blocks.network(features, (side, side, 1))
        network.set_weights([kernels[:, :, None, :]])
        answers = np.asarray(network(views.astype(np.float32))).reshape(most + 1, -1)
        changes[name] = np.linalg.norm(answers[1:] - answers[0], axis=1) / np.linalg.norm(answers[0])
    return Invariance(np.arange(1, most + 1), changes)
