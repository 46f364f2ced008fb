"""A window that steps over an image: convolution and its sizes, and transposed convolution, its way back."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from multicnn.lessons import grids
from multicnn.lessons.drawing import BLUE, RED, TINT, Drawing, image, panels
from multicnn.lessons.padding import padded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FRAMES = 9  # of a strip
_READABLE = 12  # cells of a side: numbers are written up to here
_CELL = 0.46  # inches
_TERMS = 6  # of a sum that is written out in one line


def output_size(size: int, kernel_size: int, *, stride: int = 1, padding: int = 0) -> int:
    """Return how many steps a window makes along an axis: floor((n + 2p - k) / s) + 1.

    Args:
        size: n, the size of the axis.
        kernel_size: k, the length of the window.
        stride: s, the distance between two steps.
        padding: p, what is added at either end.

    Raises:
        ValueError: The window is longer than the padded axis, or a number is too small.
    """
    _check(size=size, kernel_size=kernel_size, stride=stride)
    if padding < 0:
        raise ValueError(f"`padding` must be 0 or more. Received: padding={padding}")
    if kernel_size > size + 2 * padding:
        raise ValueError(
            f"`kernel_size` must be at most the padded size, {size + 2 * padding}. Received: kernel_size={kernel_size}"
        )
    return (size + 2 * padding - kernel_size) // stride + 1


def transposed_size(size: int, kernel_size: int, *, stride: int = 1, padding: int = 0) -> int:
    """Return the size that a transposed convolution gives: (n - 1) s + k - 2p.

    Raises:
        ValueError: Nothing is left, or a number is too small.
    """
    _check(size=size, kernel_size=kernel_size, stride=stride)
    result = (size - 1) * stride + kernel_size - 2 * padding
    if padding < 0 or result < 1:
        raise ValueError(f"`padding` must be from 0, and leave something. Received: padding={padding}")
    return result


@dataclasses.dataclass(frozen=True)
class Steps(Drawing):
    """A window that stepped over an image, and what it computed.

    Attributes:
        image: float64 (rows, columns), padded.
        kernel: float64 (rows, columns), as it lies on the image: turned by 180 degrees for a true convolution.
        stride: The distance between two steps.
        padding: The cells around the image.
        output: float64 (rows, columns), the sum of the products at each step.
    """

    image: np.ndarray
    kernel: np.ndarray
    stride: int
    padding: int
    output: np.ndarray

    def patch(self, row: int, column: int) -> np.ndarray:
        """Return the part of the image under the window at a step."""
        top, left = row * self.stride, column * self.stride
        return self.image[top : top + self.kernel.shape[0], left : left + self.kernel.shape[1]]

    def sum_of(self, row: int, column: int) -> str:
        """Return the sum of a step as it is written: its products that are not 0, as "2 + 1 + 3 = 6"."""
        products = (self.patch(row, column) * self.kernel).ravel()
        terms = [grids.written(value) for value in products[products != 0]]
        shown = " + ".join(terms) if 0 < len(terms) <= _TERMS else "sum"
        return f"{shown.replace('+ -', '− ')} = {grids.written(self.output[row, column])}"

    def draw(self) -> Figure:
        """Return at most nine steps with their numbers; of a large image the image, the kernel and the output."""
        if max(self.image.shape) > _READABLE:
            return self._as_images()
        rows, columns = self.output.shape
        cells = max(self.image.shape[0], rows), self.image.shape[1] + columns + 1
        return _strip(rows * columns, cells, self._frame)

    def _frame(self, axes: Axes, index: int) -> None:
        row, column = divmod(index, self.output.shape[1])
        top, left = row * self.stride, column * self.stride
        under = [(top + i, left + j) for i in range(self.kernel.shape[0]) for j in range(self.kernel.shape[1])]
        border = [cell for cell in np.ndindex(self.image.shape) if not self._is_inside(cell) and cell not in under]
        grids.cells(axes, self.image, tints={"#ececec": border, TINT: under}, size=10)
        grids.frame(axes, *self.kernel.shape, left=left, top=top, colour=RED)
        for (i, j), weight in zip(under, self.kernel.ravel()):
            axes.text(
                j + 0.96, -i - 0.97, f"×{grids.written(weight)}", ha="right", va="bottom", fontsize=7.5, color=RED
            )
        right, later = self.image.shape[1] + 1, list(np.ndindex(self.output.shape))[index + 1 :]
        grids.cells(axes, self.output, left=right, tints={TINT: [(row, column)]}, hidden=later, size=10)
        axes.set_title(self.sum_of(row, column), fontsize=9.5)
        grids.blank(axes, right + self.output.shape[1], max(self.image.shape[0], self.output.shape[0]))

    def _is_inside(self, cell: tuple[int, int]) -> bool:
        return all(self.padding <= at < size - self.padding for at, size in zip(cell, self.image.shape))

    def _as_images(self) -> Figure:
        figure, axes = panels(3, width=9.6, height=2.6)
        image(axes[0], self.image, "image, padded" if self.padding else "image")
        limit = float(np.abs(self.kernel).max()) or 1.0
        image(axes[1], self.kernel, "kernel", cmap="RdBu_r", vmin=-limit, vmax=limit)
        image(axes[2], self.output, f"output, {self.output.shape[0]} × {self.output.shape[1]}")
        return figure


def step(
    values: np.ndarray,
    kernel: np.ndarray,
    *,
    stride: int = 1,
    padding: int = 0,
    padding_mode: str = "zeros",
    flipped: bool = False,
) -> Steps:
    """Step a window over an image and sum the products at each step, as a convolutional layer does.

    Args:
        values: The image, (rows, columns); a sequence (steps,) counts as one row.
        kernel: The weights of the window, of the same rank.
        stride: The distance between two steps.
        padding: The cells added around the image.
        padding_mode: What stands there, as of `multicnn.blocks.conv`.
        flipped: Turn the kernel by 180 degrees, as the convolution of mathematics does; networks do not.

    Raises:
        ValueError: The kernel does not fit into the padded image, or a number or name is wrong.
    """
    rank = np.ndim(values)
    if rank not in (1, 2) or np.ndim(kernel) != rank:
        raise ValueError(f"`kernel` must have the rank of the image, 1 or 2. Received: kernel.ndim={np.ndim(kernel)}")
    values, kernel = (np.atleast_2d(np.asarray(each, dtype=np.float64)) for each in (values, kernel))
    amounts = (0 if rank == 1 else padding, padding)
    _check(stride=stride)
    around = padded(values, amounts, padding_mode)
    if any(length > size for length, size in zip(kernel.shape, around.shape)):
        fits = f"fit into the padded image, {around.shape[0]} x {around.shape[1]}"
        raise ValueError(f"`kernel` must {fits}. Received: kernel.shape={kernel.shape}")
    oriented = kernel[::-1, ::-1] if flipped else kernel
    windows = np.lib.stride_tricks.sliding_window_view(around, kernel.shape)[::stride, ::stride]
    return Steps(around, oriented, stride, padding, np.einsum("ijkl,kl->ij", windows, oriented))


@dataclasses.dataclass(frozen=True)
class Stamps(Drawing):
    """A transposed convolution: each number of the input stamps the kernel, times itself, onto the output.

    Attributes:
        image: float64 (rows, columns).
        kernel: float64 (rows, columns).
        stride: The distance between two stamps in the output.
        padding: The cells that are cut off around the sum of the stamps.
        uncut: float64, the sum of the stamps.
    """

    image: np.ndarray
    kernel: np.ndarray
    stride: int
    padding: int
    uncut: np.ndarray

    @property
    def output(self) -> np.ndarray:
        """The sum of the stamps without the cells that are cut off."""
        rows, columns = self.uncut.shape
        return self.uncut[self.padding : rows - self.padding, self.padding : columns - self.padding]

    def draw(self) -> Figure:
        """Return at most nine stamps: the input with its number, and the output so far.

        Raises:
            ValueError: The output has too many cells for numbers.
        """
        if max(self.uncut.shape) > _READABLE:
            raise ValueError(f"`image` must give at most {_READABLE} cells a side. Received: {self.uncut.shape}")
        cells = self.uncut.shape[0], self.image.shape[1] + self.uncut.shape[1] + 1
        return _strip(self.image.size, cells, self._frame)

    def _frame(self, axes: Axes, index: int) -> None:
        row, column = divmod(index, self.image.shape[1])
        mask = np.zeros(self.image.size, dtype=bool)
        mask[: index + 1] = True
        so_far = _stamped(np.where(mask.reshape(self.image.shape), self.image, 0), self.kernel, self.stride)
        top, left = row * self.stride, column * self.stride
        under = [(top + i, left + j) for i in range(self.kernel.shape[0]) for j in range(self.kernel.shape[1])]
        right = self.image.shape[1] + 1
        cut = [cell for cell in np.ndindex(so_far.shape) if not self._stays(cell) and cell not in under]
        grids.cells(axes, self.image, tints={TINT: [(row, column)]}, size=10)
        grids.cells(axes, so_far, left=right, tints={"#ececec": cut, TINT: under}, size=10)
        grids.frame(axes, *self.kernel.shape, left=right + left, top=top, colour=BLUE)
        axes.set_title(f"add {grids.written(self.image[row, column])} × kernel", fontsize=9.5)
        grids.blank(axes, right + so_far.shape[1], so_far.shape[0])

    def _stays(self, cell: tuple[int, int]) -> bool:
        return all(self.padding <= at < size - self.padding for at, size in zip(cell, self.uncut.shape))


def stamp(values: np.ndarray, kernel: np.ndarray, *, stride: int = 1, padding: int = 0) -> Stamps:
    """Return the transposed convolution of a matrix: the window of `step`, stepping back.

    Args:
        values: (rows, columns).
        kernel: (rows, columns).
        stride: The distance between two stamps in the output.
        padding: The cells cut off around the result.

    Raises:
        ValueError: Nothing is left, or a number is wrong.
    """
    values, kernel = np.asarray(values, dtype=np.float64), np.asarray(kernel, dtype=np.float64)
    for size, kernel_size in zip(values.shape, kernel.shape):
        transposed_size(size, kernel_size, stride=stride, padding=padding)
    return Stamps(values, kernel, stride, padding, _stamped(values, kernel, stride))


def _stamped(values: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    sizes = [(size - 1) * stride + length for size, length in zip(values.shape, kernel.shape)]
    output = np.zeros(sizes)
    for (row, column), value in np.ndenumerate(values):
        top, left = row * stride, column * stride
        output[top : top + kernel.shape[0], left : left + kernel.shape[1]] += value * kernel
    return output


def _strip(steps: int, cells: tuple[int, int], draw: Callable[[Axes, int], None]) -> Figure:
    """Return a figure of at most nine of the steps, in rows.

    Args:
        steps: The number of steps.
        cells: Height and width of each frame, in cells.
        draw: Draws the step of an index.
    """
    chosen = np.unique(np.linspace(0, steps - 1, min(FRAMES, steps)).round().astype(int))
    high, wide = cells
    across = 2 if len(chosen) == 4 else min(len(chosen), 3, max(int(9.6 / _CELL) // wide, 1))
    figure, axes = panels(
        across,
        rows=-(-len(chosen) // across),
        width=min(across * wide * _CELL + 0.3, 9.8),
        height=_CELL * high + 0.45,
    )
    for one, index in zip(axes, chosen):
        draw(one, int(index))
    for one in axes[len(chosen) :]:
        one.axis("off")
    return figure


def _check(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1 or not math.isfinite(number):
            raise ValueError(f"`{name}` must be 1 or more. Received: {name}={number}")
