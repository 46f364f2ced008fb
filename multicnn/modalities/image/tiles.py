"""A network on an image of any size: as a whole, or in tiles that together give what the whole image gives.

A tile reaches as far around what is taken of it as the network sees, and begins at a multiple of the network's total stride. So
each value is computed from the same pixels in the same phase; the network's own padding comes in only where the image ends.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator

import numpy as np

from multicnn.blocks import Block
from multicnn.blocks.cost import measure
from multicnn.layers.types import Tensor

_LARGE = 4096  # pixels: a network that sees all of so large an image has a global layer
_PIXELS = 2**21  # of an image that is computed as a whole

Run = Callable[[np.ndarray], np.ndarray]  # inputs (1, height, width, channels) -> logits (1, height, width, classes)


@dataclasses.dataclass(frozen=True)
class Grid:
    """The sizes that a network can be given, and the surroundings that it needs.

    Attributes:
        stride: The total stride, to which inputs are padded.
        margin: The pixels around a position that its value depends on, rounded up to the stride; None where that is all.
    """

    stride: int
    margin: int | None


def grid_of(block: Block, channels: int) -> Grid:
    """Return the grid of a network with logits at each position."""
    measured = measure(block, (_LARGE, _LARGE, channels))
    strides = [leaf.output.stride for leaf in measured.leaves]
    stride = math.lcm(*(math.ceil(each) for one in strides if one is not None for each in one))
    reach = measured.output.reach
    if reach is None or None in strides or max(reach) >= _LARGE:
        return Grid(stride, None)
    return Grid(stride, -(-max(reach) // (2 * stride)) * stride)


def on_image(
    run: Run, image: np.ndarray, grid: Grid, finish: Callable[[np.ndarray], Tensor], side: int = 1024
) -> np.ndarray:
    """Return the outputs of a network on an image, float32 (height, width, classes).

    Args:
        run: The network, and what becomes of its logits pixel by pixel.
        image: uint8 (height, width, channels).
        grid: That of the network.
        finish: Makes the network's input of stored pixels.
        side: Pixels of a side of what is taken of each tile of a large image, a multiple of the stride.

    Raises:
        ValueError: The image is too large to be computed as a whole, and the network sees all of it.
    """
    height, width = image.shape[:2]

    def of(top: int, bottom: int, left: int, right: int) -> np.ndarray:
        """Outputs of a rectangle, of which only the image's own end is padded."""
        pixels = np.asarray(finish(image[np.newaxis, top:bottom, left:right]))
        down, along = (-(stop - start) % grid.stride for start, stop in ((top, bottom), (left, right)))
        return run(np.pad(pixels, ((0, 0), (0, down), (0, along), (0, 0))))[0, : bottom - top, : right - left]

    if height * width <= _PIXELS:
        return of(0, height, 0, width)
    if grid.margin is None:
        raise ValueError(f"an image of {width} x {height} pixels, of which the network sees all, is too large")
    outputs: np.ndarray | None = None
    for top, bottom in _stretches(height, side):
        for left, right in _stretches(width, side):
            first, start = max(top - grid.margin, 0), max(left - grid.margin, 0)
            tile = of(first, min(bottom + grid.margin, height), start, min(right + grid.margin, width))
            if outputs is None:
                outputs = np.empty((height, width, tile.shape[-1]), np.float32)
            outputs[top:bottom, left:right] = tile[top - first : bottom - first, left - start : right - start]
    assert outputs is not None
    return outputs


def _stretches(length: int, side: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + side, length)) for start in range(0, length, side))
