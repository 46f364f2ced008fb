"""Pooling with weights inside the window, given or learned."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY
from math import prod

import keras

from multicnn import layers
from multicnn.blocks.builder import KerasBuilder
from multicnn.blocks.pooling import average_pool
from multicnn.blocks.rank import per_axis, rank_of
from multicnn.blocks.signal import Cost, Signal, times
from multicnn.layers.kernels import Kernel, kernel_shape, numbers_of

WINDOWS = ("gaussian", "triangular", "learned")
_LARGEST = 1 << 20  # positions of a window


class weighted_average_pool(average_pool):
    """The weighted mean of each window; padding and strides as in `average_pool`, zeros around the border are counted.

    `weights` are "gaussian", of a deviation of a quarter of the window along each axis, or ("gaussian", {"sigma": 1.0}) in
    steps; "triangular", falling evenly from the middle; numbers of your own, none below 0, one for each position of the
    window: `weighted_average_pool(3, weights=(1, 2, 1))`; or "learned". Whatever they are, they are divided by their sum.

    Learned weights are the softmax of as many numbers that start at 0. So the pooling starts as the plain mean and stays a
    mean, between the least and the largest value of the window; free weights are a `depthwise_conv` with its strides. With
    `per_channel` each channel learns a window of its own.
    """

    _: KW_ONLY
    weights: str | tuple[str, Mapping[str, float]] | Kernel = "gaussian"
    per_channel: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        name, parameters = self._named()
        if name is None:
            kernel_shape(self.weights, "weights")
            numbers = numbers_of(self.weights)
            if min(numbers) < 0 or sum(numbers) <= 0:
                raise ValueError(f"`weights` must not be below 0, nor all be 0. Received: weights={self.weights!r}")
        elif name not in WINDOWS or set(parameters) - ({"sigma"} if name == "gaussian" else set()):
            expected = f'one of {list(WINDOWS)}, ("gaussian", {{"sigma": steps}}), or numbers'
            raise ValueError(f"`weights` must be {expected}. Received: weights={self.weights!r}")
        elif not _is_positive(parameters.get("sigma", 1.0)):
            raise ValueError(f"`sigma` must be a number above 0. Received: weights={self.weights!r}")
        if self.per_channel and name != "learned":
            raise ValueError(f"`per_channel` is for learned weights. Received: weights={self.weights!r}")

    def _named(self) -> tuple[str | None, Mapping[str, float]]:
        """Return the name of the window and its parameters; None where it is given by its numbers."""
        if isinstance(self.weights, str):
            return self.weights, {}
        if isinstance(self.weights, tuple) and len(self.weights) == 2 and isinstance(self.weights[0], str):
            name, parameters = self.weights
            return name, parameters if isinstance(parameters, Mapping) else {"": 0.0}
        return None, {}

    def given(self, rank: int) -> Kernel | None:
        """Return the numbers of the window, before they are divided by their sum; None where they are learned.

        Raises:
            ValueError: They are not as many as the window has positions, or it is too large.
        """
        sizes, (name, parameters) = self.reaches(rank), self._named()
        if prod(sizes) > _LARGEST:  # a file may ask for any size
            raise ValueError(f"a window of {sizes} has more than {_LARGEST:,} positions")
        if name == "learned":
            return None
        if name is None:
            if (shape := kernel_shape(self.weights, "weights")) != sizes:
                raise ValueError(f"`weights` of the shape {shape} do not fill a window of {sizes}")
            return self.weights  # type: ignore[return-value]  # the numbers, as `_named` found
        if name == "triangular":
            return _outer([_triangular(size) for size in sizes])
        return _outer([_gaussian(size, parameters.get("sigma", size / 4)) for size in sizes])

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        rank = rank_of(x)
        weights = self.given(rank)
        x, _ = self.windowed(x, builder)
        return builder.layer(
            layers.WeightedAveragePooling,
            pool_size=self.reaches(rank),
            strides=self.steps(rank),
            weights=weights,
            per_channel=self.per_channel,
        )(x)

    def cost(self, x: Signal) -> Cost:
        rank = rank_of(x)
        window, learned = prod(per_axis(self.pool_size, rank)), self.given(rank) is None
        output = self.slid(x)
        parameters = window * (x.channels if self.per_channel else 1) if learned else 0
        return Cost(output, parameters, multiply_adds=times(window * x.channels, output.positions))


def _is_positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _gaussian(size: int, sigma: float) -> tuple[float, ...]:
    """Return exp(-d^2 / (2 sigma^2)) at each distance d from the middle, relative to the least distance."""
    squares = [(i - (size - 1) / 2) ** 2 for i in range(size)]
    return tuple(math.exp(-0.5 * (square - min(squares)) / sigma / sigma) for square in squares)


def _triangular(size: int) -> tuple[float, ...]:
    """Return 1 - d / ceil(size / 2) at each distance d from the middle: (1, 2, 1) / 2, (1, 3, 3, 1) / 4."""
    return tuple(1 - abs(i - (size - 1) / 2) / -(-size // 2) for i in range(size))


def _outer(windows: list[tuple[float, ...]]) -> Kernel:
    """Return the products of one window for each axis."""
    first, *rest = windows
    return first if not rest else tuple(tuple(a * b for b in rest[0]) for a in first)
