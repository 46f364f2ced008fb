"""Convolution and correlation, channels, factors of a kernel, and equivariance to shifts."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn import blocks
from multicnn.lessons import grids
from multicnn.lessons.drawing import Drawing, image, lines, panels
from multicnn.lessons.window import output_size, step

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class Pixels(Drawing):
    """A photograph, and some of its pixels as numbers.

    Attributes:
        photograph: uint8 (height, width, 3).
        top: The first row of the pixels that are shown as numbers.
        left: Their first column.
        size: Their rows and columns.
    """

    kind = "jpeg"

    photograph: np.ndarray
    top: int
    left: int
    size: int

    @property
    def values(self) -> np.ndarray:
        """The pixels that are shown: uint8 (size, size, 3)."""
        return self.photograph[self.top : self.top + self.size, self.left : self.left + self.size]

    def draw(self) -> Figure:
        """Return the photograph with the pixels marked, and their numbers in each channel."""
        figure, axes = panels(4, width=9.8, height=2.6)
        image(axes[0], self.photograph, "height × width × 3")
        axes[0].plot(self.left, self.top, "s", markersize=12, markerfacecolor="none", markeredgecolor="yellow", mew=2)
        for channel, (one, name) in enumerate(zip(axes[1:], ("Reds", "Greens", "Blues"))):
            plane = self.values[..., channel]
            image(one, plane, f"channel {channel}: {name[:-1].lower()}", cmap=name, vmin=0, vmax=330)
            for (row, column), value in np.ndenumerate(plane):
                one.text(column, row, str(value), ha="center", va="center", fontsize=8.5)
        return figure


@dataclasses.dataclass(frozen=True)
class BothWays(Drawing):
    """Correlation, which networks compute and call convolution, beside the convolution of mathematics.

    Attributes:
        image: float64 (rows, columns).
        kernel: float64 (rows, columns).
        correlation: With the kernel as it is.
        convolution: With the kernel turned by 180 degrees.
    """

    image: np.ndarray
    kernel: np.ndarray
    correlation: np.ndarray
    convolution: np.ndarray

    @property
    def difference(self) -> float:
        """The largest absolute difference between the two: 0 for a kernel that is its own half-turn."""
        return float(np.abs(self.correlation - self.convolution).max())

    def draw(self) -> Figure:
        """Return image, kernel and both results, as numbers if they fit."""
        named = {"image": self.image, "kernel": self.kernel}
        named |= {"correlation": self.correlation, "convolution": self.convolution}
        if max(self.image.shape) > 9:
            figure, axes = panels(4, width=9.8, height=2.2)
            for one, (name, values) in zip(axes, named.items()):
                image(one, values, name)
            return figure
        figure, axes = panels(4, width=9.8, height=0.36 * max(self.image.shape) + 0.6)
        for one, (name, values) in zip(axes, named.items()):
            grids.cells(one, values, size=9.5)
            one.set_title(name)
            grids.blank(one, max(self.image.shape[1], 3), max(self.image.shape[0], self.kernel.shape[0]))
        return figure


def both_ways(values: np.ndarray, kernel: np.ndarray, *, padding: int = 0) -> BothWays:
    """Return an image correlated with a kernel, and convolved with it; a sequence counts as an image of one row."""
    correlation, convolution = (step(values, kernel, padding=padding, flipped=flipped) for flipped in (False, True))
    matrix = np.atleast_2d(np.asarray(values, dtype=np.float64))
    return BothWays(matrix, correlation.kernel, correlation.output, convolution.output)


@dataclasses.dataclass(frozen=True)
class Sizes(Drawing):
    """How many steps a window makes along an axis.

    Attributes:
        size: The size of the axis.
        settings: For each row (kernel_size, stride, padding).
        outputs: The number of steps of each, int (rows,).
    """

    size: int
    settings: tuple[tuple[int, int, int], ...]
    outputs: np.ndarray

    def draw(self) -> Figure:
        """Return the axis once for each setting, its windows below each other."""
        from matplotlib.patches import Rectangle

        figure, axes = panels(1, rows=len(self.settings), width=8.5, height=1.5)
        most = max(padding for _, _, padding in self.settings)
        for one, (kernel, stride, padding), steps in zip(axes, self.settings, self.outputs):
            for cell in range(-padding, self.size + padding):
                inside = 0 <= cell < self.size
                one.add_patch(
                    Rectangle((cell, 0), 1, 1, facecolor="#cfe3f0" if inside else "#ececec", edgecolor="#777777")
                )
            for index in range(steps):
                start = index * stride - padding
                one.plot([start + 0.1, start + kernel - 0.1], [-0.45 - 0.4 * (index % 4)] * 2, color="#d55e00", lw=2)
            title = f"{self.size} cells, kernel {kernel}, stride {stride}, padding {padding}: {steps} steps"
            one.set(title=title, xlim=(-most - 0.2, self.size + most + 0.2), ylim=(-2.1, 1.1))
            one.axis("off")
        return figure


def sizes(size: int = 28, settings: Sequence[tuple[int, int, int]] = ((3, 1, 0), (3, 1, 1), (5, 2, 1))) -> Sizes:
    """Return how many steps windows make along an axis.

    Args:
        size: The size of the axis.
        settings: (kernel_size, stride, padding) of each window.
    """
    steps = [output_size(size, kernel, stride=stride, padding=padding) for kernel, stride, padding in settings]
    return Sizes(size, tuple(settings), np.array(steps))


@dataclasses.dataclass(frozen=True)
class Channels(Drawing):
    """A filter on an image of several channels: a kernel for each, and the sum of their results.

    Attributes:
        photograph: uint8 (height, width, channels).
        kernels: float64 (rows, columns, channels).
        each: float64 (height, width, channels), the result of each channel.
    """

    kind = "jpeg"

    photograph: np.ndarray
    kernels: np.ndarray
    each: np.ndarray

    @property
    def output(self) -> np.ndarray:
        """The sum over the channels, which is what the filter gives: float64 (height, width)."""
        return self.each.sum(axis=-1)

    def draw(self) -> Figure:
        """Return the channels' results and their sum."""
        figure, axes = panels(5, width=9.8, height=1.9)
        image(axes[0], self.photograph, "image")
        for one, name, plane in zip(axes[1:], ("red", "green", "blue"), np.moveaxis(self.each, -1, 0)):
            image(one, plane, f"{name} × its kernel")
        image(axes[4], self.output, "their sum")
        return figure


def channels(photograph: np.ndarray, kernels: np.ndarray) -> Channels:
    """Return what a filter makes of each channel of an image, without padding.

    Args:
        photograph: uint8 (height, width, channels).
        kernels: float (rows, columns, channels), one kernel for each channel.
    """
    planes = [step(photograph[..., c] / 255.0, kernels[..., c]).output for c in range(photograph.shape[-1])]
    return Channels(photograph, np.asarray(kernels, dtype=np.float64), np.stack(planes, axis=-1))


@dataclasses.dataclass(frozen=True)
class Factors(Drawing):
    """The best product of a column and a row for a kernel.

    Attributes:
        kernel: float64 (k, k).
        column: float64 (k, 1).
        row: float64 (1, k).
    """

    kernel: np.ndarray
    column: np.ndarray
    row: np.ndarray

    @property
    def product(self) -> np.ndarray:
        """The kernel that the column and the row make together."""
        return self.column @ self.row

    @property
    def error(self) -> float:
        """The share of the kernel's length that the product misses: 0 if the kernel is a product."""
        return float(np.linalg.norm(self.kernel - self.product) / np.linalg.norm(self.kernel))

    @property
    def saved(self) -> float:
        """How many times fewer multiplications the two take than the kernel."""
        return self.kernel.size / (self.column.size + self.row.size)

    def draw(self) -> Figure:
        """Return the kernel, its factors, and their product."""
        figure, axes = panels(4, width=8, height=2.2)
        named = {"kernel": self.kernel, "column": self.column, "row": self.row, "column × row": self.product}
        limit = float(np.abs(self.kernel).max())
        for one, (name, values) in zip(axes, named.items()):
            scale = limit if values.shape == self.kernel.shape else float(np.abs(values).max())
            image(one, values, f"{name}, {values.shape[0]} × {values.shape[1]}", cmap="RdBu_r", vmin=-scale, vmax=scale)
        return figure


def factors(kernel: np.ndarray) -> Factors:
    """Return the column and the row whose product is nearest to a kernel, by its singular value decomposition."""
    kernel = np.asarray(kernel, dtype=np.float64)
    left, strengths, right = np.linalg.svd(kernel)
    root = np.sqrt(strengths[0]) * (1 if right[0].sum() >= 0 else -1)
    return Factors(kernel, left[:, :1] * root, right[:1] * root)


def gaussian(size: int = 7, sigma: float = 1.5) -> np.ndarray:
    """Return a Gaussian blur kernel that sums to 1: float64 (size, size)."""
    along = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / sigma) ** 2)
    kernel = np.outer(along, along)
    return kernel / kernel.sum()


@dataclasses.dataclass(frozen=True)
class Equivariance(Drawing):
    """How far layers are from commuting with a shift of their input.

    Attributes:
        shifts: int (shifts,), in pixels.
        errors: For each layer, float64 (shifts,): the largest difference between the output of the shifted image and the
            shifted output, as a share of the largest output.
    """

    shifts: np.ndarray
    errors: dict[str, np.ndarray]

    def draw(self) -> Figure:
        """Return the errors over the shift."""
        figure, (axes,) = panels(1, width=6.5, height=3)
        lines(axes, self.shifts, self.errors)
        axes.set(xlabel="shift of the image in pixels", ylabel="difference / largest output")
        axes.set_xticks(self.shifts)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        return figure


def equivariance(plane: np.ndarray, *, shifts: Sequence[int] = range(7), seed: int = 0) -> Equivariance:
    """Measure whether the output of a shifted image is the shifted output, for convolutions and a dense layer.

    Args:
        plane: float (side, side), a grey image with an even side; it is shifted around a circle.
        shifts: The shifts along its columns, in pixels.
        seed: The random seed of the layers' weights.
    """
    side = plane.shape[0]
    drawn = ("random_normal", {"seed": seed})
    conv = functools.partial(blocks.conv, 1, 3, use_bias=False, kernel_initializer=drawn)
    dense = blocks.dense(side * side, use_bias=False, kernel_initializer=drawn)
    layers: dict[str, tuple[blocks.Block, int]] = {
        "convolution, circular": (conv(padding_mode="circular"), 1),
        "convolution, zeros": (conv(), 1),
        "convolution, stride 2": (conv(strides=2, padding=((0, 2), (0, 2)), padding_mode="circular"), 2),
        "dense layer": (blocks.chain(blocks.flatten(), dense), 0),
    }
    errors = {name: _errors(block, stride, plane, shifts) for name, (block, stride) in layers.items()}
    return Equivariance(np.array(shifts), errors)


def _errors(block: blocks.Block, stride: int, plane: np.ndarray, shifts: Sequence[int]) -> np.ndarray:
    side = plane.shape[0]
    network = blocks.network(block, (side, side, 1))
    shifted = np.stack([np.roll(plane, shift, axis=1) for shift in shifts])[..., None]
    output = np.asarray(network(np.concatenate([plane[None, :, :, None], shifted])))
    output = output.reshape(len(shifts) + 1, -1, side if stride == 0 else output.shape[2])
    expected = np.stack([np.roll(output[0], shift // max(stride, 1), axis=1) for shift in shifts])
    return np.abs(output[1:] - expected).max(axis=(1, 2)) / np.abs(output[0]).max()


def applied(block: blocks.Block, values: np.ndarray, weights: Sequence[np.ndarray] = ()) -> np.ndarray:
    """Return what a block makes of one matrix or sequence, with these weights: float32 without axes of size 1.

    Args:
        block: A block whose network has the weights.
        values: float (rows, columns) or (steps,); a last axis for the one channel is added.
        weights: The weights of the network; axes of size 1 for channels are added to kernels.
    """
    network = blocks.network(block, (*np.shape(values), 1))
    if weights:
        network.set_weights([np.reshape(value, wanted.shape) for value, wanted in zip(weights, network.get_weights())])
    return np.squeeze(np.asarray(network(np.asarray(values, dtype=np.float32)[None, ..., None])))
