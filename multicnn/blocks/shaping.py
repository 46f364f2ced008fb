"""Blocks that only change the shape: borders, cuts, channels, flattening."""

from __future__ import annotations

import dataclasses
from dataclasses import KW_ONLY
from math import prod
from typing import Any, ClassVar

import keras

from multicnn import layers
from multicnn.blocks.base import Block
from multicnn.blocks.builder import Builder, KerasBuilder, Tensor
from multicnn.blocks.rank import Shaped, rank_of
from multicnn.blocks.signal import Cost, Shape, Signal
from multicnn.blocks.windows import Padding, check_padding, margins


class pad(Block):
    """Steps added around each axis: a number for both sides, or one number or (before, after) pair for each axis.

    `mode` is what stands there: "zeros", "edge" (the border repeated), "reflect" (mirrored without it), "symmetric" (mirrored
    with it) or "circular".
    """

    amount: Padding
    _: KW_ONLY
    mode: str = "zeros"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.amount, str):
            raise ValueError(f"`amount` must be numbers of steps. Received: amount={self.amount!r}")
        check_padding(self.amount)
        if self.mode not in ("zeros", *layers.BORDERS):
            raise ValueError(f"`mode` must be one of {['zeros', *layers.BORDERS]}. Received: mode={self.mode!r}")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        padding = margins(self.amount, rank_of(x))
        if self.mode == "zeros":
            return builder.layer(layers.ConstantPadding, padding=padding)(x)
        return builder.layer(layers.BorderPadding, padding=padding, mode=self.mode)(x)

    def cost(self, x: Signal) -> Cost:
        sides = margins(self.amount, rank_of(x))
        sizes = (None if size is None else size + sum(pair) for size, pair in zip(x.shape[1:-1], sides))
        return Cost(x.moved(-before for before, _ in sides).reshaped(*sizes, x.channels))


class cropped(Block):
    """`inner`, its output cut at the end of each axis to the size of its input (U-Net's "copy and crop").

    `inner` must give at least as many positions as it was given.
    """

    inner: Block
    transparent: ClassVar[bool] = True

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        y = self.inner.apply(x, builder.at("inner").enter(self.inner))
        return builder.at("crop").leaf(cut_to(), [y, x])


class cut_to(Block):
    """The leaf inside `cropped`: applied to [what is cut, what has the size]."""

    def check(self, shapes: list[Shape]) -> None:
        """Check two inputs.

        Raises:
            ValueError: The first shape is smaller than the second.
        """
        for size, wanted in zip(shapes[0][1:-1], shapes[1][1:-1]):
            if size is not None and wanted is not None and size < wanted:
                raise ValueError(f"cannot cut {size} steps to {wanted}")

    def build(self, xs: list[keras.KerasTensor], builder: KerasBuilder) -> keras.KerasTensor:
        self.check([x.shape for x in xs])
        return builder.layer(layers.CropTo)(xs)

    def cost(self, xs: list[Signal]) -> Cost:
        self.check([x.shape for x in xs])
        x, like = xs
        return Cost(dataclasses.replace(x, shape=(*like.shape[:-1], x.channels), masked=like.masked))


class pad_channels(Block):
    """Channels of zeros added until there are `channels`: the shortcut without parameters (He et al. 2015, option A)."""

    channels: int

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(layers.ChannelPadding, channels=self.channels)(x)

    def cost(self, x: Signal) -> Cost:
        if x.channels > self.channels:
            raise ValueError(f"the input already has {x.channels} channels")
        return Cost(x.with_channels(self.channels))


class take_channels(Block, init=False):
    """Some of the channels, by number: `take_channels(0, 1, 2)`, as a map of LeNet-5's C3 sees some of S2."""

    channels: tuple[int, ...]

    def __init__(self, *channels: int) -> None:
        object.__setattr__(self, "channels", channels)
        self.__post_init__()
        if not channels or not all(isinstance(c, int) and c >= 0 for c in channels):
            raise ValueError(f"`channels` must be whole numbers from 0. Received: channels={channels!r}")

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Block:
        return cls(*fields["channels"])

    def _arguments(self) -> list[str]:
        return [repr(c) for c in self.channels]

    def check(self, x: Shaped) -> None:
        """Check an input.

        Raises:
            ValueError: It has too few channels.
        """
        channels = x.shape[-1]
        if channels is None or max(self.channels) >= channels:
            raise ValueError(f"there is no channel {max(self.channels)} among {channels}")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        self.check(x)
        return builder.layer(layers.TakeChannels, channels=self.channels)(x)

    def cost(self, x: Signal) -> Cost:
        self.check(x)
        return Cost(x.with_channels(len(self.channels)))


class bands_to_channels(Block):
    """The bands of a spectrogram as its channels: (batch, time, bands, channels) to (batch, time, bands * channels).

    What has one axis, (batch, time, channels), stays as it is.
    """

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        return x if rank_of(x) == 1 else builder.leaf(self, x)

    def check(self, x: Shaped) -> None:
        """Check an input.

        Raises:
            ValueError: Its second axis has no known size.
        """
        if x.shape[2] is None:
            raise ValueError("bands become channels only where their number is known")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        self.check(x)
        return builder.layer(keras.layers.Reshape, target_shape=(-1, x.shape[2] * x.shape[3]))(x)

    def cost(self, x: Signal) -> Cost:
        self.check(x)
        return Cost(x.sequence(x.shape[1], (x.shape[2] or 0) * x.channels))


class flatten(Block):
    """All positions and channels in one row: (batch, features). Needs a fixed input size."""

    def check(self, x: Shaped) -> None:
        """Check an input.

        Raises:
            ValueError: One of its axes has no known size.
        """
        if None in x.shape[1:]:
            raise ValueError("flatten needs an input of fixed size; give the time axis a length, or pool globally")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        self.check(x)
        return builder.layer(layers.MaskedFlatten if len(x.shape) == 3 else keras.layers.Flatten)(x)

    def cost(self, x: Signal) -> Cost:
        self.check(x)
        return Cost(x.pooled(prod(size or 0 for size in x.shape[1:])))
