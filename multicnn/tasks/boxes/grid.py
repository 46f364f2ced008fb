"""The positions of a network's output: where each stands in the input, and at which stride."""

from __future__ import annotations

from math import ceil

import numpy as np

Layout = tuple[tuple[int, int], tuple[int, ...]]  # (height and width of the input, strides of the output)
_POWERS = range(8)  # strides of 1 to 128


def strides_of(size: tuple[int, int], positions: int) -> tuple[int, ...]:
    """Return the strides of an output: successive powers of two whose positions, put behind one another, are so many.

    Args:
        size: Height and width of the network's input.
        positions: The number of positions of its output.

    Raises:
        ValueError: There are no such strides.
    """
    for first in _POWERS:
        count = 0
        for last in range(first, _POWERS.stop):
            count += ceil(size[0] / 2**last) * ceil(size[1] / 2**last)
            if count == positions:
                return tuple(2**power for power in range(first, last + 1))
            if count > positions:
                break
    raise ValueError(
        "the network must give an output at every so many pixels, 1, 2, 4 ... or 128, as `fcos` does. "
        f"Received: {positions:,} positions on an input of {size[0]} x {size[1]}"
    )


def grid_of(size: tuple[int, int], strides: tuple[int, ...]) -> np.ndarray:
    """Return float32 (positions, 3): x and y of the centre of each position, in pixels of the input, and its stride."""
    levels = []
    for stride in strides:
        y, x = np.mgrid[: ceil(size[0] / stride), : ceil(size[1] / stride)].reshape(2, -1)
        levels.append(np.stack([(x + 0.5) * stride, (y + 0.5) * stride, np.full(x.shape, float(stride))], axis=1))
    return np.concatenate(levels).astype(np.float32)


def ranges_of(strides: tuple[int, ...]) -> dict[float, tuple[float, float]]:
    """Return how far the sides of an object may be from a position, from (exclusive) and to, by its stride.

    From 4 to 8 strides, but for the finest, which takes the smaller ones too, and the coarsest (Tian et al. 2019,
    section 3.2: 64 pixels at a stride of 8, 128 at 16 ...).
    """
    ranges = {float(stride): (4.0 * stride, 8.0 * stride) for stride in strides}
    finest, coarsest = float(min(strides)), float(max(strides))
    ranges[finest] = (-1.0, ranges[finest][1])
    ranges[coarsest] = (ranges[coarsest][0], float("inf"))
    return ranges
