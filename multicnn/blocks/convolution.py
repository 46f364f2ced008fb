"""Convolutions: plain, depthwise, separable, transposed. Like every library of networks, they cross-correlate."""

from __future__ import annotations

from dataclasses import KW_ONLY
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, ClassVar

import keras

from multicnn import layers
from multicnn.backends import keras_private
from multicnn.blocks.activation_norm import activated
from multicnn.blocks.base import Block
from multicnn.blocks.builder import Builder, KerasBuilder, Tensor
from multicnn.blocks.combinators import chain
from multicnn.blocks.initializers import kernel_initializer
from multicnn.blocks.rank import Named, keras_object, per_axis, rank_of
from multicnn.blocks.signal import Cost, Shape, Signal, times
from multicnn.blocks.windows import Margins, Padding, Sizes, _Windowed, check_padding, margins


def _zeroed(x: keras.KerasTensor, builder: KerasBuilder) -> dict[str, bool]:
    """Return the argument of a masked convolution whose masked steps the layer before has filled with zeros.

    It saves a pass over `x`. A shared convolution gets none, since its next input may come from elsewhere.
    """
    masked = rank_of(x) == 1 and keras_private.mask_of(x) is not None
    zeroing = isinstance(
        keras_private.operation_of(x), (layers.TokenEmbedding, layers.OneHotTokens, layers.ConstantPadding)
    )
    return {"zeroed": True} if masked and zeroing and builder.sharing is None else {}


class _Kernel(Block):
    """A leaf with a kernel and perhaps a bias, and after it a norm and an activation if asked for."""

    if TYPE_CHECKING:  # fields of the subclasses, in the order of their own

        @property
        def kernel_size(self) -> Sizes: ...
        @property
        def dilation_rate(self) -> Sizes: ...
        @property
        def use_bias(self) -> bool | None: ...
        @property
        def norm(self) -> str | Block | None: ...
        @property
        def activation(self) -> Named: ...

    @property
    def has_bias(self) -> bool:
        """The layer has a bias; by default none where a norm follows, which has its own."""
        return self.norm is None if self.use_bias is None else self.use_bias

    def reaches(self, rank: int) -> tuple[int, ...]:
        """Return the length of the kernel along each axis, holes of a dilation included."""
        kernel, dilation = per_axis(self.kernel_size, rank), per_axis(self.dilation_rate, rank)
        return tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation))

    def kernel_positions(self, rank: int) -> int:
        """Return the number of positions that the kernel has weights for."""
        return prod(per_axis(self.kernel_size, rank))

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        return activated(self, builder.leaf(self, x), builder)


class _Convolution(_Kernel, _Windowed):
    """A convolution of any kind: a kernel that slides over the input, and the border around it."""

    if TYPE_CHECKING:

        @property
        def padding_mode(self) -> str: ...

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.padding_mode not in ("zeros", *layers.BORDERS):
            known = ["zeros", *layers.BORDERS]
            raise ValueError(f"`padding_mode` must be one of {known}. Received: padding_mode={self.padding_mode!r}")

    def left_to_keras(self, rank: int) -> bool:
        """Return True if Keras's own padding does what is meant."""
        return self.padding == "valid" or (self.padding_mode == "zeros" and super().left_to_keras(rank))


class conv(_Convolution):
    """A convolution, and after it a norm and an activation if asked for.

    It cross-correlates, as Keras and PyTorch do: y[i, j] = sum x[i + a, j + b] w[a, b], the kernel as it is written, where
    the convolution of mathematics turns it round. Over [[2, 1, 2, 3], [3, 0, 0, 2], [0, 4, 1, 0], [2, 0, 0, 0]] the kernel
    [[1, 1, 0], [1, -1, 0], [0, 1, 1]] gives [[11, 4], [-1, 3]] without padding; turned round, [[8, 6], [0, -1]].

    Padding "same" gives ceil(size / strides) steps and pads symmetrically, whatever the input's size; a number pads that
    many steps at both sides (kernel_size - 1 makes the wide convolution), a tuple one number or (before, after) pair for
    each axis. `padding_mode` is what stands there: "zeros", "edge" (the border repeated), "reflect" (mirrored without
    it), "symmetric" (mirrored with it) or "circular". The bias defaults to none where a norm follows, which has its own.

    Initializers are Keras's, and "glorot_true_fans", which for `groups` has Glorot's variance by the channels that a filter
    sees and the filters that a channel reaches, 2 / (window * (channels + filters) / groups); "glorot_uniform" divides only
    the channels, since Keras sees the shape of the kernel alone.
    """

    filters: int
    kernel_size: Sizes
    _: KW_ONLY
    strides: Sizes = 1
    padding: Padding = "same"
    padding_mode: str = "zeros"
    dilation_rate: Sizes = 1
    groups: int = 1
    use_bias: bool | None = None
    norm: str | Block | None = None
    activation: Named = None
    kernel_initializer: Named = "glorot_uniform"
    bias_initializer: Named = "zeros"
    kernel_regularizer: Named = None
    kernel_constraint: Named = None
    at_least_one: ClassVar[tuple[str, ...]] = ("filters", "groups")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        rank = rank_of(x)
        shape = (*per_axis(self.kernel_size, rank), x.shape[-1] // self.groups, self.filters)
        fans = (prod(shape[:-1]), prod(shape[:-2]) * self.filters // self.groups)
        x, padding = self.windowed(x, builder)
        in_two = keras.layers.Conv2D if self.groups == 1 else layers.GroupedConv2D
        return builder.layer(
            layers.MaskedConv1D if rank == 1 else in_two,
            **_zeroed(x, builder),
            filters=self.filters,
            kernel_size=per_axis(self.kernel_size, rank),
            strides=self.steps(rank),
            padding=padding,
            dilation_rate=per_axis(self.dilation_rate, rank),
            groups=self.groups,
            use_bias=self.has_bias,
            kernel_initializer=kernel_initializer(self.kernel_initializer, shape, fans),
            bias_initializer=keras_object(keras.initializers, self.bias_initializer),
            kernel_regularizer=keras_object(keras.regularizers, self.kernel_regularizer),
            kernel_constraint=keras_object(keras.constraints, self.kernel_constraint),
        )(x)

    def cost(self, x: Signal) -> Cost:
        if x.channels % self.groups or self.filters % self.groups:
            raise ValueError(f"{self.groups} groups do not divide {x.channels} channels and {self.filters} filters")
        output = self.slid(x).with_channels(self.filters)
        kernel = self.kernel_positions(rank_of(x)) * x.channels // self.groups * self.filters
        return Cost(output, kernel + self.filters * self.has_bias, multiply_adds=times(kernel, output.positions))


class depthwise_conv(_Convolution):
    """A convolution of each channel by itself, and after it a norm and an activation if asked for. Padding as in `conv`.

    A filter sees its window of one channel, so "glorot_true_fans" draws with the variance 1 / window; "glorot_uniform" has
    2 / (window * (channels + 1)).
    """

    kernel_size: Sizes
    _: KW_ONLY
    strides: Sizes = 1
    padding: Padding = "same"
    padding_mode: str = "zeros"
    dilation_rate: Sizes = 1
    use_bias: bool | None = None
    norm: str | Block | None = None
    activation: Named = None
    depthwise_initializer: Named = "glorot_uniform"
    bias_initializer: Named = "zeros"

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        rank = rank_of(x)
        window = per_axis(self.kernel_size, rank)
        shape, fans = (*window, x.shape[-1], 1), (prod(window), prod(window))
        x, padding = self.windowed(x, builder)
        equal = len(set(self.steps(rank))) == 1
        in_two = keras.layers.DepthwiseConv2D if equal else layers.UnequalDepthwiseConv2D
        return builder.layer(
            layers.MaskedDepthwiseConv1D if rank == 1 else in_two,
            **_zeroed(x, builder),
            kernel_size=per_axis(self.kernel_size, rank),
            strides=self.steps(rank),
            padding=padding,
            dilation_rate=per_axis(self.dilation_rate, rank),
            use_bias=self.has_bias,
            depthwise_initializer=kernel_initializer(self.depthwise_initializer, shape, fans),
            bias_initializer=keras_object(keras.initializers, self.bias_initializer),
        )(x)

    def cost(self, x: Signal) -> Cost:
        output = self.slid(x)
        kernel = self.kernel_positions(rank_of(x)) * x.channels
        return Cost(output, kernel + x.channels * self.has_bias, multiply_adds=times(kernel, output.positions))


def separable_conv(
    filters: int,
    kernel_size: Sizes,
    *,
    strides: Sizes = 1,
    padding: Padding = "same",
    dilation_rate: Sizes = 1,
    norm: str | Block | None = None,
    activation: Named = None,
) -> Block:
    """A depthwise convolution without bias, then a 1x1 convolution, its norm and its activation (Chollet 2017)."""
    window = depthwise_conv(kernel_size, strides=strides, padding=padding, dilation_rate=dilation_rate, use_bias=False)
    return chain(window, conv(filters, 1, norm=norm, activation=activation))


class conv_transpose(_Kernel):
    """A transposed convolution (U-Net's, a deconvolution network's), and after it a norm and an activation if asked for.

    A number as `padding` gives (size - 1) strides - 2 padding + dilation_rate (kernel_size - 1) + output_padding + 1 steps;
    "valid" is a padding of 0, "same" gives exactly size * strides steps.
    """

    filters: int
    kernel_size: Sizes
    _: KW_ONLY
    strides: Sizes = 1
    padding: Padding = "same"
    output_padding: Sizes = 0
    dilation_rate: Sizes = 1
    use_bias: bool | None = None
    norm: str | Block | None = None
    activation: Named = None
    kernel_initializer: Named = "glorot_uniform"
    bias_initializer: Named = "zeros"
    kernel_regularizer: Named = None
    at_least_one: ClassVar[tuple[str, ...]] = ("filters",)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_padding(self.padding)

    def steps(self, rank: int) -> tuple[int, ...]:
        """Return how far apart two steps of the input stand in the output, along each axis."""
        return per_axis(self.strides, rank)

    def cut(self, rank: int) -> Margins:
        """Return the steps that are cut before and after each axis of the whole transposed convolution; below 0, added."""
        if self.padding == "same":
            over = [reach - step for reach, step in zip(self.reaches(rank), self.steps(rank))]
            return tuple((max(o, 0) - max(o, 0) // 2, max(o, 0) // 2 + min(o, 0)) for o in over)
        sides = ((0, 0),) * rank if self.padding == "valid" else margins(self.padding, rank)
        return tuple(
            (before, after - more) for (before, after), more in zip(sides, per_axis(self.output_padding, rank))
        )

    def sizes(self, shape: Shape) -> list[int | None]:
        """Return the size of each axis of the output: (size - 1) stride + reach, less what is cut.

        Raises:
            ValueError: Nothing is left of an input of this shape, or strides and dilation_rate are both above 1.
        """
        rank = len(shape) - 2
        if max(self.steps(rank)) > 1 and max(per_axis(self.dilation_rate, rank)) > 1:
            raise ValueError("strides and dilation_rate cannot both be above 1")
        sizes: list[int | None] = []
        for size, reach, step, cut in zip(shape[1:-1], self.reaches(rank), self.steps(rank), self.cut(rank)):
            left = None if size is None else (size - 1) * step + reach - sum(cut)
            if left is not None and left < 1:
                raise ValueError(f"a padding of {self.padding!r} leaves nothing of {size} steps")
            sizes.append(left)
        return sizes

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        rank = rank_of(x)
        self.sizes(x.shape)  # which refuses what does not fit
        return builder.layer(
            layers.ConvTranspose,
            filters=self.filters,
            kernel_size=per_axis(self.kernel_size, rank),
            strides=self.steps(rank),
            cut=self.cut(rank),
            dilation_rate=per_axis(self.dilation_rate, rank),
            use_bias=self.has_bias,
            kernel_initializer=keras_object(keras.initializers, self.kernel_initializer),
            bias_initializer=keras_object(keras.initializers, self.bias_initializer),
            kernel_regularizer=keras_object(keras.regularizers, self.kernel_regularizer),
        )(x)

    def cost(self, x: Signal) -> Cost:
        rank, steps = rank_of(x), self.steps(rank_of(x))
        reaches = [-(-reach // step) for reach, step in zip(self.reaches(rank), steps)]
        # Output o is made of the inputs from (o + cut - reach + 1) / step on, rounded up: by half a step in the mean.
        before = [
            Fraction(2 * (reach - cut) - step - 1, 2 * step)
            for reach, step, (cut, _) in zip(self.reaches(rank), steps, self.cut(rank))
        ]
        output = x.windowed(self.sizes(x.shape), reaches, [Fraction(1, step) for step in steps], before)
        kernel = self.kernel_positions(rank) * x.channels * self.filters
        return Cost(
            output.with_channels(self.filters),
            kernel + self.filters * self.has_bias,
            multiply_adds=times(kernel, x.positions),
        )
