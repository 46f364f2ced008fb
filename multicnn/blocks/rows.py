"""Blocks that see channels as rows of maps, channel = row * maps + map (Kalchbrenner et al. 2014).

A row is a dimension of the word vectors, at first with one map; how many there are comes from the tensor.
"""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import ClassVar

import keras

from multicnn import layers
from multicnn.blocks.base import Block
from multicnn.blocks.builder import BlockError, Builder, KerasBuilder, Tensor
from multicnn.blocks.convolution import conv
from multicnn.blocks.rank import Named, Shaped
from multicnn.blocks.signal import Cost, Signal


class row_conv(Block):
    """A wide convolution of each row by itself: rows of `below` maps become rows of `maps` (section 3.3).

    It gives kernel_size - 1 more steps than it was given. A row's fans are those of its own maps only with the initializer
    "glorot_true_fans": see `conv`.
    """

    maps: int
    kernel_size: int
    _: KW_ONLY
    below: int = 1
    kernel_initializer: Named = "glorot_uniform"
    kernel_regularizer: Named = None
    transparent: ClassVar[bool] = True
    at_least_one: ClassVar[tuple[str, ...]] = ("maps", "kernel_size", "below")

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        try:
            rows = _rows(x, self.below)
        except ValueError as error:
            raise BlockError(f"in {self!r}: {error}") from error
        wide = conv(
            rows * self.maps,
            self.kernel_size,
            padding=self.kernel_size - 1,
            groups=rows,
            kernel_initializer=self.kernel_initializer,
            kernel_regularizer=self.kernel_regularizer,
        )
        return wide.apply(x, builder.enter(wide))


class fold(Block):
    """Each two neighbouring rows of `maps` are summed; of an odd number of rows the last stays as it is (section 3.5)."""

    maps: int
    at_least_one: ClassVar[tuple[str, ...]] = ("maps",)

    def folded(self, x: Shaped) -> int:
        """Return how many channels are left of those of `x`."""
        return -(-_rows(x, self.maps) // 2) * self.maps

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        self.folded(x)
        return builder.layer(layers.Folding, maps=self.maps)(x)

    def cost(self, x: Signal) -> Cost:
        return Cost(x.with_channels(self.folded(x)))


def _rows(x: Shaped, maps: int) -> int:
    channels = x.shape[-1]
    if channels is None or channels % maps:
        raise ValueError(f"{channels} channels are no rows of {maps} maps")
    return channels // maps
