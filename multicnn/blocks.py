"""The vocabulary: convolutions, poolings, norms and the rest, as Blocks; the only file that knows the rank of a tensor.

    >>> net = chain(conv(64, 3, norm="batch", activation="relu"), max_pool(2), global_max_pool(), dense(10))

The same `net` is one-dimensional on (time, channels) and two-dimensional on (height, width, channels). Where an argument
holds one number per axis, a plain number means the same for each, and a tensor of lower rank takes the leading ones: axis 0
is time for every sound and sentence.
"""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import Any

import keras

from multicnn import layers
from multicnn.composition import Block as Block
from multicnn.composition import add as add
from multicnn.composition import chain as chain
from multicnn.composition import concat as concat
from multicnn.composition import from_dict as from_dict
from multicnn.composition import join as join
from multicnn.composition import merged as merged
from multicnn.composition import network as network
from multicnn.composition import repeat as repeat
from multicnn.composition import scope as scope
from multicnn.composition import share as share
from multicnn.composition import stage as stage
from multicnn.site import BlockError as BlockError

Named = str | tuple | None  # "he_normal" or ("l2", {"l2": 1e-4}): made anew at each application


def rank_of(x: Any) -> int:
    """The number of spatial axes: 1 for (batch, time, channels), 2 for (batch, height, width, channels)."""
    rank = len(x.shape) - 2
    if rank not in (1, 2):
        raise ValueError(f"expected (batch, time, channels) or (batch, height, width, channels), got rank {rank}")
    return rank


def per_axis(value: int | tuple[int, ...], rank: int) -> tuple[int, ...]:
    """One number for each spatial axis."""
    if isinstance(value, int):
        return (value,) * rank
    if len(value) < rank:
        raise ValueError(f"{value} has no number for each of {rank} axes")
    return value[:rank]


def _keras_object(kind: Any, value: Named) -> Any:
    """A fresh initialiser, regulariser or constraint: one shared instance would give equal kernels to two layers."""
    if not isinstance(value, tuple):
        return kind.get(value)
    name, parameters = value
    made = type(kind.get(name))
    return made(**parameters)


class _Windowed(Block):
    """What convolutions and poolings share: where the window goes, and what it needs."""

    def __post_init__(self):
        super().__post_init__()
        if self.padding not in ("same", "valid"):
            raise ValueError(f"`padding` must be one of ['same', 'valid']. Received: padding={self.padding!r}")

    def reaches(self, rank: int) -> tuple[int, ...]:
        """The length of the window along each axis, holes of a dilation included."""
        raise NotImplementedError(f"{type(self).__name__} must say how far its window reaches")

    def steps(self, rank: int) -> tuple[int, ...]:
        """How far the window moves along each axis."""
        return per_axis(self.strides, rank)

    def missing(self, shape: tuple[int | None, ...], masked: bool) -> int:
        """How many steps a masked sequence lacks to hold one window; without a mask, lacking any is a ValueError."""
        rank = len(shape) - 2
        if min(*self.reaches(rank), *self.steps(rank)) < 1:
            raise ValueError("windows and strides must be at least 1")
        if max(self.steps(rank)) > 1 and max(per_axis(getattr(self, "dilation_rate", 1), rank)) > 1:
            raise ValueError("strides and dilation_rate cannot both be above 1")
        if self.padding == "same":
            return 0
        for size, reach in zip(shape[1:-1], self.reaches(rank)):
            if size is not None and size < reach:
                if not masked:
                    raise ValueError(f"a window of {reach} does not fit into {size} steps")
                return reach - size
        return 0

    def explicit_padding(self, rank: int) -> tuple[tuple[int, int], ...] | None:
        """The padding of "same" where Keras's own would depend on the input's size, else None."""
        if self.padding != "same" or max(self.steps(rank)) == 1:
            return None
        return _around(self.reaches(rank))

    def windowed(self, x: Any, site: Any, *, fill: str = "zero") -> tuple[Any, str]:
        """`x`, padded if need be, and the padding that is left to Keras."""
        rank = rank_of(x)
        missing = self.missing(x.shape, masked=getattr(x, "_keras_mask", None) is not None)
        padding = ((0, missing),) if missing else self.explicit_padding(rank)
        if padding is None:
            return x, self.padding
        return site.layer(layers.ConstantPadding, "pad", padding=padding, fill=fill)(x), "valid"


def _around(reaches: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    return tuple(((reach - 1) // 2, reach - 1 - (reach - 1) // 2) for reach in reaches)


def _zeroed(x: Any, site: Any) -> dict[str, bool]:
    """What a masked convolution is told when the layer before it leaves zeros in the masked steps: a pass over `x` saved.

    A shared convolution is told nothing, since its next input may come from elsewhere.
    """
    masked = rank_of(x) == 1 and getattr(x, "_keras_mask", None) is not None
    made_by = getattr(getattr(x, "_keras_history", None), "operation", None)
    zeroing = isinstance(made_by, (layers.TokenEmbedding, layers.ConstantPadding))
    return {"zeroed": True} if masked and zeroing and site.sharing is None else {}


class conv(_Windowed):
    """A convolution, and after it a norm and an activation if asked for.

    Padding "same" gives ceil(size / strides) steps and pads symmetrically, whatever the input's size.
    The bias defaults to none where a norm follows, which has its own.
    """

    filters: int
    kernel_size: int | tuple[int, ...]
    _: KW_ONLY
    strides: int | tuple[int, ...] = 1
    padding: str = "same"
    dilation_rate: int | tuple[int, ...] = 1
    groups: int = 1
    use_bias: bool | None = None
    norm: str | Block | None = None
    activation: str | None = None
    kernel_initializer: Named = "glorot_uniform"
    kernel_regularizer: Named = None

    @property
    def has_bias(self) -> bool:
        return self.norm is None if self.use_bias is None else self.use_bias

    def reaches(self, rank):
        kernel, dilation = per_axis(self.kernel_size, rank), per_axis(self.dilation_rate, rank)
        return tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation))

    def apply(self, x, site):
        return _normed_and_activated(self, site.leaf(self, x), site)

    def build(self, x, site):
        rank = rank_of(x)
        x, padding = self.windowed(x, site)
        return site.layer(
            layers.MaskedConv1D if rank == 1 else keras.layers.Conv2D,
            **_zeroed(x, site),
            filters=self.filters,
            kernel_size=per_axis(self.kernel_size, rank),
            strides=self.steps(rank),
            padding=padding,
            dilation_rate=per_axis(self.dilation_rate, rank),
            groups=self.groups,
            use_bias=self.has_bias,
            kernel_initializer=_keras_object(keras.initializers, self.kernel_initializer),
            kernel_regularizer=_keras_object(keras.regularizers, self.kernel_regularizer),
        )(x)


class depthwise_conv(_Windowed):
    """A convolution of each channel by itself, and after it a norm and an activation if asked for."""

    kernel_size: int | tuple[int, ...]
    _: KW_ONLY
    strides: int | tuple[int, ...] = 1
    padding: str = "same"
    dilation_rate: int | tuple[int, ...] = 1
    use_bias: bool | None = None
    norm: str | Block | None = None
    activation: str | None = None
    depthwise_initializer: Named = "glorot_uniform"

    has_bias = conv.has_bias
    reaches = conv.reaches
    apply = conv.apply

    def build(self, x, site):
        rank = rank_of(x)
        x, padding = self.windowed(x, site)
        equal = len(set(self.steps(rank))) == 1
        in_two = keras.layers.DepthwiseConv2D if equal else layers.UnequalDepthwiseConv2D
        return site.layer(
            layers.MaskedDepthwiseConv1D if rank == 1 else in_two,
            **_zeroed(x, site),
            kernel_size=per_axis(self.kernel_size, rank),
            strides=self.steps(rank),
            padding=padding,
            dilation_rate=per_axis(self.dilation_rate, rank),
            use_bias=self.has_bias,
            depthwise_initializer=_keras_object(keras.initializers, self.depthwise_initializer),
        )(x)


def _normed_and_activated(block: Block, x: Any, site: Any) -> Any:
    if block.norm is not None:
        following = block.norm if isinstance(block.norm, Block) else norm(block.norm)
        x = following.apply(x, site.at("norm"))
    if block.activation is not None:
        x = activation(block.activation).apply(x, site.at("activation"))
    return x


class _pool(_Windowed):
    pool_size: int | tuple[int, ...]
    _: KW_ONLY
    strides: int | tuple[int, ...] | None = None
    padding: str = "valid"

    def reaches(self, rank):
        return per_axis(self.pool_size, rank)

    def steps(self, rank):
        return per_axis(self.pool_size if self.strides is None else self.strides, rank)

    def _pooled(self, x, site, kinds, fill):
        rank = rank_of(x)
        x, padding = self.windowed(x, site, fill=fill)
        return site.layer(
            kinds[rank - 1],
            pool_size=per_axis(self.pool_size, rank),
            strides=self.steps(rank),
            padding=padding,
        )(x)


class max_pool(_pool):
    """The maximum of each window; windows side by side unless `strides` says otherwise."""

    def build(self, x, site):
        return self._pooled(x, site, (layers.MaskedMaxPooling1D, keras.layers.MaxPooling2D), "lowest")


class average_pool(_pool):
    """The mean of each window; with padding "same", the zeros around the border are counted."""

    def explicit_padding(self, rank):
        # Keras's own "same" leaves the border out of the mean, but cannot tell the end of a text from the padding after it.
        return _around(self.reaches(rank)) if self.padding == "same" else None

    def build(self, x, site):
        return self._pooled(x, site, (layers.MaskedAveragePooling1D, keras.layers.AveragePooling2D), "zero")


class global_max_pool(Block):
    """The maximum over all positions: (batch, ..., channels) to (batch, channels). Padding is never seen."""

    def build(self, x, site):
        return site.layer((layers.MaskedGlobalMaxPooling1D, keras.layers.GlobalMaxPooling2D)[rank_of(x) - 1])(x)


class global_average_pool(Block):
    """The mean over all positions: (batch, ..., channels) to (batch, channels). Padding is never seen."""

    def build(self, x, site):
        return site.layer((keras.layers.GlobalAveragePooling1D, keras.layers.GlobalAveragePooling2D)[rank_of(x) - 1])(x)


class average_over(Block):
    """The mean along one spatial axis (0 or 1), which stays with size 1: frequency in BC-ResNet's temporal branch."""

    axis: int

    def __post_init__(self):
        super().__post_init__()
        if self.axis not in (0, 1):
            raise ValueError(f"`axis` must be 0 or 1. Received: axis={self.axis!r}")

    def check(self, x: Any) -> None:
        """Raises ValueError if `x` has no second axis, or the axis no known size."""
        if rank_of(x) != 2:
            raise ValueError("averaging over one axis needs two")
        if x.shape[1 + self.axis] is None:
            raise ValueError("averaging over one axis needs its size")

    def build(self, x, site):
        self.check(x)
        window = tuple(x.shape[1 + a] if a == self.axis else 1 for a in range(2))
        return site.layer(keras.layers.AveragePooling2D, pool_size=window)(x)


class norm(Block):
    """Normalisation: "batch", "layer", or "sub_spectral" (batch normalisation in `bands` of frequencies).

    Momentum and epsilon are those of the papers (and PyTorch), not Keras's 0.99 and 1e-3.
    """

    kind: str = "batch"
    _: KW_ONLY
    momentum: float = 0.9
    epsilon: float = 1e-5
    affine: bool = True
    bands: int = 1

    def __post_init__(self):
        super().__post_init__()
        if self.kind not in ("batch", "layer", "sub_spectral"):
            raise ValueError(f"`kind` must be one of ['batch', 'layer', 'sub_spectral']. Received: kind={self.kind!r}")
        if self.kind == "sub_spectral" and not self.affine:
            raise ValueError(f"`affine` must be True where `kind` is 'sub_spectral'. Received: affine={self.affine!r}")

    def build(self, x, site):
        if self.kind == "layer":
            affine = {"center": self.affine, "scale": self.affine}
            return site.layer(keras.layers.LayerNormalization, epsilon=self.epsilon, **affine)(x)
        moving = {"momentum": self.momentum, "epsilon": self.epsilon}
        if self.kind == "sub_spectral":
            return site.layer(layers.SubSpectralNormalization, bands=self.bands, **moving)(x)
        return site.layer(keras.layers.BatchNormalization, center=self.affine, scale=self.affine, **moving)(x)


class activation(Block):
    """An activation by Keras's name: "relu", "tanh", "silu" ..."""

    name: str

    def build(self, x, site):
        return site.layer(keras.layers.Activation, activation=self.name)(x)


class drop(Block):
    """Dropout; `spatial` drops whole channels."""

    rate: float
    _: KW_ONLY
    spatial: bool = False

    def build(self, x, site):
        if not self.spatial:
            return site.layer(keras.layers.Dropout, rate=self.rate)(x)
        return site.layer(
            (keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D)[rank_of(x) - 1], rate=self.rate
        )(x)


class flatten(Block):
    """All positions and channels in one row: (batch, features). Needs a fixed input size."""

    def build(self, x, site):
        if None in x.shape[1:]:
            raise ValueError("flatten needs an input of fixed size; give the time axis a length, or pool globally")
        return site.layer(layers.MaskedFlatten if len(x.shape) == 3 else keras.layers.Flatten)(x)


class dense(Block):
    """A fully connected layer on the last axis, and after it a norm and an activation if asked for."""

    units: int
    _: KW_ONLY
    use_bias: bool | None = None
    norm: str | Block | None = None
    activation: str | None = None
    kernel_initializer: Named = "glorot_uniform"
    kernel_regularizer: Named = None
    kernel_constraint: Named = None

    has_bias = conv.has_bias
    apply = conv.apply

    def build(self, x, site):
        return site.layer(
            keras.layers.Dense,
            units=self.units,
            use_bias=self.has_bias,
            kernel_initializer=_keras_object(keras.initializers, self.kernel_initializer),
            kernel_regularizer=_keras_object(keras.regularizers, self.kernel_regularizer),
            kernel_constraint=_keras_object(keras.constraints, self.kernel_constraint),
        )(x)


class embed(Block):
    """Token ids (batch, time) to vectors (batch, time, dims), with the time mask of `id != 0`; the front of a text network."""

    vocabulary_size: int
    dims: int
    _: KW_ONLY
    embeddings_initializer: Named = "uniform"

    @property
    def input_dtype(self):
        return "int32"

    def build(self, x, site):
        return site.layer(
            layers.TokenEmbedding,
            input_dim=self.vocabulary_size,
            output_dim=self.dims,
            embeddings_initializer=_keras_object(keras.initializers, self.embeddings_initializer),
        )(x)


class pad_channels(Block):
    """Channels of zeros added until there are `channels`: the shortcut without parameters (He et al. 2015, option A)."""

    channels: int

    def build(self, x, site):
        return site.layer(layers.ChannelPadding, channels=self.channels)(x)


class lift(Block, init=False):
    """Any other Keras layer: `lift("LeakyReLU", negative_slope=0.1)`, or `lift(keras.layers.LeakyReLU, ...)`."""

    layer: str
    config: dict

    def __init__(self, layer: str | type[keras.Layer], **config: Any) -> None:
        name = layer if isinstance(layer, str) else keras.saving.get_registered_name(layer)
        object.__setattr__(self, "layer", name)
        object.__setattr__(self, "config", config)
        self.layer_class()
        self.__post_init__()

    @classmethod
    def _from_fields(cls, fields):
        return cls(fields["layer"], **fields.get("config", {}))

    def _arguments(self):
        return [repr(self.layer), *(f"{key}={value!r}" for key, value in sorted(self.config.items()))]

    @property
    def label(self):
        return self.layer.split(">")[-1].lower()

    def layer_class(self) -> type[keras.Layer]:
        """The Keras class that `layer` names."""
        found = keras.saving.get_registered_object(self.layer) or getattr(keras.layers, self.layer, None)
        if found is None:
            raise ValueError(
                f"`layer` must name a class of keras.layers or a registered one. Received: layer={self.layer!r}"
            )
        return found

    def build(self, x, site):
        return site.layer(self.layer_class(), **self.config)(x)
