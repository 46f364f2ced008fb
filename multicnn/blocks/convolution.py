"""Convolutions: plain, depthwise, separable, transposed, and the fixed filters of image processing."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import Any, ClassVar

import keras

from multicnn import layers
from multicnn.backends import keras_private
from multicnn.blocks.activation_norm import activated
from multicnn.blocks.base import Block
from multicnn.blocks.combinators import chain
from multicnn.blocks.rank import Named, keras_object, per_axis, rank_of
from multicnn.blocks.windows import _Windowed, around, check_padding, margins


def _zeroed(x: Any, builder: Any) -> dict[str, bool]:
    """What a masked convolution is told when the layer before it leaves zeros in the masked steps: a pass over `x` saved.

    A shared convolution is told nothing, since its next input may come from elsewhere.
    """
    masked = rank_of(x) == 1 and keras_private.mask_of(x) is not None
    zeroing = isinstance(
        keras_private.operation_of(x), (layers.TokenEmbedding, layers.OneHotTokens, layers.ConstantPadding)
    )
    return {"zeroed": True} if masked and zeroing and builder.sharing is None else {}


class _Convolution(_Windowed):
    """What every convolution has around its kernel: a border, a bias, and after it a norm and an activation."""

    def __post_init__(self):
        super().__post_init__()
        if self.padding_mode not in ("zeros", *layers.BORDERS):
            known = ["zeros", *layers.BORDERS]
            raise ValueError(f"`padding_mode` must be one of {known}. Received: padding_mode={self.padding_mode!r}")

    @property
    def has_bias(self) -> bool:
        return self.norm is None if self.use_bias is None else self.use_bias

    def reaches(self, rank):
        kernel, dilation = per_axis(self.kernel_size, rank), per_axis(self.dilation_rate, rank)
        return tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation))

    def left_to_keras(self, rank):
        return self.padding == "valid" or (self.padding_mode == "zeros" and super().left_to_keras(rank))

    def apply(self, x, builder):
        return activated(self, builder.leaf(self, x), builder)


class conv(_Convolution):
    """A convolution, and after it a norm and an activation if asked for.

    Padding "same" gives ceil(size / strides) steps and pads symmetrically, whatever the input's size; a number pads that
    many steps at both sides (kernel_size - 1 makes the wide convolution), a tuple one number or (before, after) pair for
    each axis. `padding_mode` says what stands there: "zeros", "edge" (the border repeated), "reflect" (mirrored without
    it), "symmetric" (mirrored with it) or "circular". The bias defaults to none where a norm follows, which has its own.
    """

    filters: int
    kernel_size: int | tuple[int, ...]
    _: KW_ONLY
    strides: int | tuple[int, ...] = 1
    padding: str | int | tuple = "same"
    padding_mode: str = "zeros"
    dilation_rate: int | tuple[int, ...] = 1
    groups: int = 1
    use_bias: bool | None = None
    norm: str | Block | None = None
    activation: Named = None
    kernel_initializer: Named = "glorot_uniform"
    kernel_regularizer: Named = None
    kernel_constraint: Named = None
    at_least_one: ClassVar[tuple[str, ...]] = ("filters", "groups")

    def build(self, x, builder):
        rank = rank_of(x)
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
            kernel_initializer=keras_object(keras.initializers, self.kernel_initializer),
            kernel_regularizer=keras_object(keras.regularizers, self.kernel_regularizer),
            kernel_constraint=keras_object(keras.constraints, self.kernel_constraint),
        )(x)


class depthwise_conv(_Convolution):
    """A convolution of each channel by itself, and after it a norm and an activation if asked for. Padding as in `conv`."""

    kernel_size: int | tuple[int, ...]
    _: KW_ONLY
    strides: int | tuple[int, ...] = 1
    padding: str | int | tuple = "same"
    padding_mode: str = "zeros"
    dilation_rate: int | tuple[int, ...] = 1
    use_bias: bool | None = None
    norm: str | Block | None = None
    activation: Named = None
    depthwise_initializer: Named = "glorot_uniform"

    def build(self, x, builder):
        rank = rank_of(x)
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
            depthwise_initializer=keras_object(keras.initializers, self.depthwise_initializer),
        )(x)


def separable_conv(
    filters: int,
    kernel_size: int | tuple[int, ...],
    *,
    strides: int | tuple[int, ...] = 1,
    padding: str | int | tuple = "same",
    dilation_rate: int | tuple[int, ...] = 1,
    norm: str | Block | None = None,
    activation: Named = None,
) -> Block:
    """A depthwise convolution without bias, then a 1x1 convolution, its norm and its activation (Chollet 2017)."""
    window = depthwise_conv(kernel_size, strides=strides, padding=padding, dilation_rate=dilation_rate, use_bias=False)
    return chain(window, conv(filters, 1, norm=norm, activation=activation))


class conv_transpose(Block):
    """A transposed convolution (U-Net's, a deconvolution network's), and after it a norm and an activation if asked for.

    A number as `padding` gives (size - 1) strides - 2 padding + dilation_rate (kernel_size - 1) + output_padding + 1 steps;
    "valid" is a padding of 0, "same" gives exactly size * strides steps.
    """

    filters: int
    kernel_size: int | tuple[int, ...]
    _: KW_ONLY
    strides: int | tuple[int, ...] = 1
    padding: str | int | tuple = "same"
    output_padding: int | tuple[int, ...] = 0
    dilation_rate: int | tuple[int, ...] = 1
    use_bias: bool | None = None
    norm: str | Block | None = None
    activation: Named = None
    kernel_initializer: Named = "glorot_uniform"
    kernel_regularizer: Named = None
    at_least_one: ClassVar[tuple[str, ...]] = ("filters",)

    has_bias = _Convolution.has_bias
    reaches = _Convolution.reaches
    apply = _Convolution.apply
    steps = _Windowed.steps

    def __post_init__(self):
        super().__post_init__()
        check_padding(self.padding)

    def cut(self, rank: int) -> tuple[tuple[int, int], ...]:
        """How many steps are cut before and after each axis of the whole transposed convolution; below 0, added."""
        if self.padding == "same":
            over = tuple(reach - step for reach, step in zip(self.reaches(rank), self.steps(rank)))
            return tuple((max(o, 0) - max(o, 0) // 2, max(o, 0) // 2 + min(o, 0)) for o in over)
        sides = ((0, 0),) * rank if self.padding == "valid" else margins(self.padding, rank)
        return tuple(
            (before, after - more) for (before, after), more in zip(sides, per_axis(self.output_padding, rank))
        )

    def check(self, shape: tuple[int | None, ...]) -> None:
        """Raises ValueError if nothing is left of an input of this shape."""
        rank = len(shape) - 2
        if max(self.steps(rank)) > 1 and max(per_axis(self.dilation_rate, rank)) > 1:
            raise ValueError("strides and dilation_rate cannot both be above 1")
        for size, reach, step, cut in zip(shape[1:-1], self.reaches(rank), self.steps(rank), self.cut(rank)):
            if size is not None and (size - 1) * step + reach - sum(cut) < 1:
                raise ValueError(f"a padding of {self.padding!r} leaves nothing of {size} steps")

    def build(self, x, builder):
        rank = rank_of(x)
        self.check(x.shape)
        return builder.layer(
            layers.ConvTranspose,
            filters=self.filters,
            kernel_size=per_axis(self.kernel_size, rank),
            strides=self.steps(rank),
            cut=self.cut(rank),
            dilation_rate=per_axis(self.dilation_rate, rank),
            use_bias=self.has_bias,
            kernel_initializer=keras_object(keras.initializers, self.kernel_initializer),
            kernel_regularizer=keras_object(keras.regularizers, self.kernel_regularizer),
        )(x)


class fixed_filter(Block):
    """One of the linear filters of image processing on each channel; nothing to train, the border repeated.

    "identity", "edge4" and "edge8" (the Laplacian over 4 and 8 neighbours), "sharpen", "box_blur", "gaussian_blur", "sobel_x"
    and "sobel_y". On a sequence: the same over its two neighbours ("sobel_y" is the difference along time).
    """

    name: str

    def __post_init__(self):
        super().__post_init__()
        if self.name not in layers.FILTERS:
            raise ValueError(f"`name` must be one of {sorted(layers.FILTERS)}. Received: name={self.name!r}")

    def build(self, x, builder):
        rank = rank_of(x)
        x = builder.layer(layers.BorderPadding, "pad", padding=around((3,) * rank), mode="edge")(x)
        return builder.layer(layers.FixedFilter, kernel=layers.filter_kernel(self.name, rank))(x)
