"""What is known of a tensor, and of a part of a network, before anything is built."""

from __future__ import annotations

import dataclasses

from multicnn.blocks.base import Block

Shape = tuple[int | None, ...]


@dataclasses.dataclass(frozen=True)
class Signal:
    """A tensor's shape, and how far back one of its positions sees: `reach` input steps per axis, `stride` apart.

    The stride is a fraction after a transposed convolution that goes below the input's own steps. `masked` says that it
    carries a time mask: a sequence of token ids shorter than a window is padded, not refused.
    """

    shape: Shape
    reach: tuple[int, ...]
    stride: tuple[float, ...]
    masked: bool = False


@dataclasses.dataclass(frozen=True)
class Part:
    """One leaf of the network, named as its Keras layer will be."""

    path: str
    block: Block
    output: Signal
    parameters: int
    statistics: int  # kept with the weights, not trained: moving averages, LeNet-5's output codes
    multiply_adds: int
