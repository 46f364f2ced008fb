"""The whitening of patches, as the first layer of a network."""

from __future__ import annotations

from dataclasses import KW_ONLY
from math import prod

import keras

from multicnn import layers
from multicnn.blocks.base import Block
from multicnn.blocks.builder import KerasBuilder
from multicnn.blocks.rank import per_axis, rank_of
from multicnn.blocks.signal import Cost, Signal, times
from multicnn.blocks.windows import Sizes


class whiten(Block):
    """A convolution whose kernels are not trained: they make the patches of the training examples white.

    They are the eigenvectors of the covariance of all patches, each scaled to an output of variance 1 and there in either sign:
    2 k channels of patches of k numbers (Jordan 2024). A run sets them before its first step, by what reaches the layer; a bias is
    trained. Without padding. `epsilon` is added to each variance, so that directions of noise alone stay small.
    """

    kernel_size: Sizes = 2
    _: KW_ONLY
    epsilon: float = 5e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.epsilon > 0:
            raise ValueError(f"`epsilon` of whiten must be above 0. Received: epsilon={self.epsilon!r}")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        size = per_axis(self.kernel_size, rank_of(x))
        return builder.layer(layers.PatchWhitening, kernel_size=size, epsilon=self.epsilon)(x)

    def cost(self, x: Signal) -> Cost:
        window = per_axis(self.kernel_size, rank_of(x))
        for size, reach in zip(x.shape[1:-1], window, strict=True):
            if size is not None and size < reach:
                raise ValueError(f"a window of {reach} does not fit into {size} steps")
        sizes = [None if size is None else size - reach + 1 for size, reach in zip(x.shape[1:-1], window)]
        channels = 2 * prod(window) * x.channels
        kernel = prod(window) * x.channels * channels
        output = x.windowed(sizes, window, (1,) * len(window)).with_channels(channels)
        return Cost(output, channels, statistics=kernel, multiply_adds=times(kernel, output.positions))
