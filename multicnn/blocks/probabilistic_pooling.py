"""Probabilistic max pooling, by which the pooled units of a convolutional RBM become a stage of a network."""

from __future__ import annotations

import keras

from multicnn import layers
from multicnn.backends import keras_private
from multicnn.blocks.base import Block
from multicnn.blocks.builder import KerasBuilder
from multicnn.blocks.rank import Shaped, per_axis, rank_of
from multicnn.blocks.signal import Cost, Signal
from multicnn.blocks.windows import Sizes


class probabilistic_max_pool(Block):
    """The probability that one of each block's units is on, where at most one may be (Lee et al. 2009, section 3.3).

    Behind a convolution with the weights of a `ConvRBM`, its pooled units. Blocks lie side by side; no padding is ignored.
    """

    pool_size: Sizes

    def check(self, x: Shaped, masked: bool) -> tuple[int, ...]:
        """Return the length of a block along each axis; ValueError of an input with a time mask."""
        if masked:
            raise ValueError("probabilistic max pooling needs an input without padding")
        return per_axis(self.pool_size, rank_of(x))

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        sizes = self.check(x, keras_private.mask_of(x) is not None)
        return builder.layer(layers.ProbabilisticMaxPooling, pool_size=sizes)(x)

    def cost(self, x: Signal) -> Cost:
        sizes = self.check(x, x.masked)
        pooled = [None if steps is None else steps // size for steps, size in zip(x.shape[1:-1], sizes)]
        return Cost(x.windowed(pooled, sizes, sizes))
