"""Poolings: over windows, over everything, of the k largest, and back again."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import ClassVar

import keras

from multicnn import layers
from multicnn.blocks.activation_norm import scale
from multicnn.blocks.base import Block
from multicnn.blocks.builder import Builder, KerasBuilder, Tensor
from multicnn.blocks.combinators import chain
from multicnn.blocks.rank import Shaped, per_axis, rank_of
from multicnn.blocks.signal import Cost, Shape, Signal
from multicnn.blocks.windows import Padding, Sizes, _Windowed


class _pool(_Windowed):
    """Windows side by side, unless `strides` is given (below `pool_size`, they overlap).

    Padding as in `conv`; the pair (0, strides - 1) for each axis rounds sizes up instead of down.
    """

    fill: ClassVar[str] = "zero"
    layer_by_rank: ClassVar[tuple[type[keras.Layer], ...]] = ()

    pool_size: Sizes
    _: KW_ONLY
    strides: Sizes | None = None
    padding: Padding = "valid"

    def reaches(self, rank: int) -> tuple[int, ...]:
        """Return the length of the window along each axis."""
        return per_axis(self.pool_size, rank)

    def steps(self, rank: int) -> tuple[int, ...]:
        """Return how far the window moves along each axis."""
        return per_axis(self.pool_size if self.strides is None else self.strides, rank)

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        rank = rank_of(x)
        x, padding = self.windowed(x, builder, fill=self.fill)
        window = {"pool_size": per_axis(self.pool_size, rank), "strides": self.steps(rank), "padding": padding}
        return builder.layer(self.layer_by_rank[rank - 1], **window)(x)

    def cost(self, x: Signal) -> Cost:
        return Cost(self.slid(x))


class max_pool(_pool):
    """The maximum of each window."""

    layer_by_rank: ClassVar = (layers.MaskedMaxPooling1D, keras.layers.MaxPooling2D)
    fill: ClassVar = "lowest"


class min_pool(_pool):
    """The minimum of each window."""

    layer_by_rank: ClassVar = (layers.MaskedMinPooling1D, layers.MinPooling2D)
    fill: ClassVar = "highest"


class average_pool(_pool):
    """The mean of each window; zeros around the border are counted."""

    layer_by_rank: ClassVar = (layers.MaskedAveragePooling1D, keras.layers.AveragePooling2D)

    def left_to_keras(self, rank: int) -> bool:
        """Return True if Keras's own padding does what is meant."""
        # Keras's own "same" leaves the border out of the mean, but cannot tell the end of a text from the padding after it.
        return self.padding == "valid"


class rms_pool(average_pool):
    """The root of the mean square of each window; zeros around the border are counted."""

    layer_by_rank: ClassVar = (layers.MaskedRMSPooling1D, layers.RMSPooling2D)


def weighted_pool(pool_size: Sizes) -> Block:
    """LeNet-5's trainable subsampling: the mean of each window times a coefficient, plus a bias, both one a channel.

    The paper takes the sum of the window; its coefficient is ours divided by the window's size.
    """
    return chain(average_pool(pool_size), scale())


class _GlobalPool(Block):
    layer_by_rank: ClassVar[tuple[type[keras.Layer], ...]] = ()

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(self.layer_by_rank[rank_of(x) - 1])(x)

    def cost(self, x: Signal) -> Cost:
        return Cost(x.pooled(x.channels))


class global_max_pool(_GlobalPool):
    """The maximum over all positions: (batch, ..., channels) to (batch, channels). Padding is never seen."""

    layer_by_rank: ClassVar = (layers.MaskedGlobalMaxPooling1D, keras.layers.GlobalMaxPooling2D)


class global_average_pool(_GlobalPool):
    """The mean over all positions: (batch, ..., channels) to (batch, channels). Padding is never seen."""

    layer_by_rank: ClassVar = (keras.layers.GlobalAveragePooling1D, keras.layers.GlobalAveragePooling2D)


class average_over(Block):
    """The mean along one spatial axis (0 or 1), which stays with size 1: frequency in BC-ResNet's temporal branch."""

    axis: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.axis not in (0, 1):
            raise ValueError(f"`axis` must be 0 or 1. Received: axis={self.axis!r}")

    def check(self, x: Shaped) -> None:
        """Check an input.

        Raises:
            ValueError: It has no second axis, or the axis no known size.
        """
        if rank_of(x) != 2:
            raise ValueError("averaging over one axis needs two")
        if x.shape[1 + self.axis] is None:
            raise ValueError("averaging over one axis needs its size")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        self.check(x)
        window = tuple(x.shape[1 + a] if a == self.axis else 1 for a in range(2))
        return builder.layer(keras.layers.AveragePooling2D, pool_size=window)(x)

    def cost(self, x: Signal) -> Cost:
        self.check(x)
        sizes = [1 if axis == self.axis else size for axis, size in enumerate(x.shape[1:-1])]
        reaches = [size or 1 if axis == self.axis else 1 for axis, size in enumerate(x.shape[1:-1])]
        return Cost(x.windowed(sizes, reaches, (1, 1)))


class k_max_pool(Block):
    """The `k` largest values of each channel, in their order: (batch, ..., channels) to (batch, k, channels).

    An image's positions are taken row by row. Where there are fewer than `k`, zeros stand behind them.
    """

    k: int
    at_least_one: ClassVar[tuple[str, ...]] = ("k",)

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        rank_of(x)
        return builder.layer(layers.KMaxPooling, k=self.k)(x)

    def cost(self, x: Signal) -> Cost:
        return Cost(x.pooled_sequence(self.k))


class dynamic_k_max_pool(Block):
    """k-max pooling after layer `layer` of `layers`: k = max(k_top, ceil((layers - layer) / layers * s)).

    s is the length of the sentence (Kalchbrenner et al. 2014, section 3.3): the number of real steps of what the network's
    first part with a time axis is applied to, in the same `scope`. (batch, time, channels) to (batch, largest k, channels).
    """

    k_top: int
    layer: int
    layers: int
    at_least_one: ClassVar[tuple[str, ...]] = ("k_top", "layer", "layers")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layer > self.layers:
            raise ValueError(f"`layer` must be one of 1 to {self.layers}. Received: layer={self.layer!r}")

    def k(self, sentence: int) -> int:
        """Return k for a sentence of so many steps."""
        return max(self.k_top, -(-(self.layers - self.layer) * sentence // self.layers))

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        return builder.leaf(self, [x, builder.source(x)])

    def check(self, shape: Shape) -> None:
        """Check an input.

        Raises:
            ValueError: A tensor of this shape is no sequence.
        """
        if len(shape) != 3:
            raise ValueError("dynamic k-max pooling needs (batch, time, channels)")

    def build(self, xs: list[keras.KerasTensor], builder: KerasBuilder) -> keras.KerasTensor:
        self.check(xs[0].shape)
        arguments = {"k_top": self.k_top, "layer": self.layer, "layers": self.layers}
        return builder.layer(layers.DynamicKMaxPooling, **arguments)(xs)

    def cost(self, xs: list[Signal]) -> Cost:
        x, sentence = xs
        self.check(x.shape)
        length = sentence.shape[1]
        return Cost(x.pooled_sequence(None if length is None else self.k(length)))


class unpool(Block):
    """Max pooling, `inner`, and unpooling with that pooling's switches (Zeiler & Fergus 2014, section 2.1).

    Each value goes back to where the maximum was found, zeros elsewhere; where windows overlap, values on one place add up.
    `inner` must keep the shape. The output has the shape of the input.
    """

    inner: Block
    pool_size: Sizes
    _: KW_ONLY
    strides: Sizes | None = None
    transparent: ClassVar[bool] = True

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        pooled = builder.at("pool").leaf(max_pool(self.pool_size, strides=self.strides), x)
        y = self.inner.apply(pooled, builder.at("inner").enter(self.inner))
        return builder.at("unpool").leaf(switched(self.pool_size, strides=self.strides), [y, x])


class switched(Block):
    """The leaf inside `unpool`: applied to [values, what was pooled]."""

    pool_size: Sizes
    _: KW_ONLY
    strides: Sizes | None = None

    def build(self, xs: list[keras.KerasTensor], builder: KerasBuilder) -> keras.KerasTensor:
        rank = rank_of(xs[1])
        steps = per_axis(self.pool_size if self.strides is None else self.strides, rank)
        return builder.layer(layers.MaxUnpooling, pool_size=per_axis(self.pool_size, rank), strides=steps)(xs)

    def cost(self, xs: list[Signal]) -> Cost:
        values, x = xs
        return Cost(x.with_widest_reach([values]))
