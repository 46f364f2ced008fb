"""Norms, activations, dropout, and a coefficient for each channel: the Blocks between convolutions."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import Any, Protocol

import keras

from multicnn import layers
from multicnn.blocks.base import Block
from multicnn.blocks.builder import Builder, KerasBuilder, Tensor
from multicnn.blocks.rank import Named, keras_object, rank_of
from multicnn.blocks.signal import Cost, Signal

_NORMS = ("batch", "layer", "sub_spectral", "local_response")


class norm(Block):
    """Normalization: "batch", "layer", "sub_spectral" (batch normalization in `bands` of frequencies) or "local_response".

    Momentum and epsilon are those of the papers (and PyTorch), not Keras's 0.99 and 1e-3; the moving variance is the mean of
    the batches' own, without the m / (m - 1) of Ioffe & Szegedy 2015, algorithm 2. "layer" is over the channels of each
    position, where Ba et al. 2016 take the whole layer. Local response normalization
    (Krizhevsky et al. 2012, section 3.3) has nothing to train: x / (bias + alpha * sum of squares of `size` channels)^beta.
    """

    kind: str = "batch"
    _: KW_ONLY
    momentum: float = 0.9
    epsilon: float = 1e-5
    affine: bool = True
    bands: int = 1
    size: int = 5
    bias: float = 2.0
    alpha: float = 1e-4
    beta: float = 0.75

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind not in _NORMS:
            raise ValueError(f"`kind` must be one of {list(_NORMS)}. Received: kind={self.kind!r}")
        if self.kind == "sub_spectral" and not self.affine:
            raise ValueError(f"`affine` must be True where `kind` is 'sub_spectral'. Received: affine={self.affine!r}")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        if self.kind == "local_response":
            constants = {"size": self.size, "bias": self.bias, "alpha": self.alpha, "beta": self.beta}
            return builder.layer(layers.LocalResponseNormalization, **constants)(x)
        if self.kind == "layer":
            affine = {"center": self.affine, "scale": self.affine}
            return builder.layer(keras.layers.LayerNormalization, epsilon=self.epsilon, **affine)(x)
        moving = {"momentum": self.momentum, "epsilon": self.epsilon}
        if self.kind == "sub_spectral":
            return builder.layer(layers.SubSpectralNormalization, bands=self.bands, **moving)(x)
        return builder.layer(keras.layers.BatchNormalization, center=self.affine, scale=self.affine, **moving)(x)

    def cost(self, x: Signal) -> Cost:
        if self.kind == "local_response":
            return Cost(x)
        if self.kind == "sub_spectral" and (rank_of(x) != 2 or x.shape[2] is None or x.shape[2] % self.bands):
            raise ValueError(f"{self.bands} bands do not divide the frequency axis of {x.shape}")
        numbers = 2 * x.channels * (self.bands if self.kind == "sub_spectral" else 1)
        return Cost(x, parameters=numbers * self.affine, statistics=0 if self.kind == "layer" else numbers)


# The activations that are layers of their own, since they have parameters or draw numbers.
_DRAWING = ("random_gradient_relu", "randomized_leaky_relu")
_ACTIVATION_LAYERS = {
    "elu": keras.layers.ELU,
    "leaky_relu": keras.layers.LeakyReLU,
    "prelu": keras.layers.PReLU,
    "random_gradient_relu": layers.RandomGradientReLU,
    "randomized_leaky_relu": layers.RandomizedLeakyReLU,
}


class activation(Block, init=False):
    """An activation by Keras's name ("relu", "tanh", "sigmoid", "elu", "selu", "silu", "gelu" ...), or one that Keras lacks.

    "lecun_tanh" is 1.7159 tanh(2x/3) (LeCun et al. 1998). "prelu" learns one slope a channel (He et al. 2015), from 0 on, as in
    Keras; theirs begin at 0.25: `activation("prelu", alpha_initializer=("constant", {"value": 0.25}))`.
    "randomized_leaky_relu" (Xu et al. 2015) draws its slopes in training, from (0.01, 0.05); PyTorch's are from (1/8, 1/3).
    "random_gradient_relu" is max(0, x): in training it draws the slope of the gradient below zero, from (0.01, 0.05).

    "elu", "leaky_relu", "prelu" and the two that draw take the arguments of their layer, `lower` and `upper` of the two:
    `activation("leaky_relu", negative_slope=0.01)`.
    """

    name: str
    config: dict[str, Any]

    def __init__(self, name: str, **config: Any) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "config", config)
        self.__post_init__()
        if config and name not in _ACTIVATION_LAYERS:
            known = sorted(_ACTIVATION_LAYERS)
            raise ValueError(f"only the activations {known} take arguments. Received: name={name!r}, {config!r}")

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Block:
        return cls(fields["name"], **fields.get("config", {}))

    def _arguments(self) -> list[str]:
        return [repr(self.name), *(f"{key}={value!r}" for key, value in sorted(self.config.items()))]

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        if self.name == "prelu":  # one slope a channel
            axes = list(range(1, len(x.shape) - 1))
            first = keras_object(keras.initializers, self.config.get("alpha_initializer", "zeros"))
            config = {"shared_axes": axes or None, **self.config, "alpha_initializer": first}
            return builder.layer(keras.layers.PReLU, **config)(x)
        if self.name in _DRAWING or self.config:
            return builder.layer(_ACTIVATION_LAYERS[self.name], **self.config)(x)
        function = layers.lecun_tanh if self.name == "lecun_tanh" else self.name
        return builder.layer(keras.layers.Activation, activation=function)(x)

    def cost(self, x: Signal) -> Cost:
        return Cost(x, parameters=x.channels if self.name == "prelu" else 0)


class _Activated(Protocol):
    """A Block with a norm and an activation after it."""

    @property
    def norm(self) -> str | Block | None: ...
    @property
    def activation(self) -> Named: ...


def activated(block: _Activated, x: Tensor, builder: Builder) -> Tensor:
    """Return `x` after the norm and the activation that a convolution or a dense layer asks for."""
    if block.norm is not None:
        following = block.norm if isinstance(block.norm, Block) else norm(block.norm)
        x = following.apply(x, builder.at("norm"))
    if block.activation is not None:
        name, config = (block.activation, {}) if isinstance(block.activation, str) else block.activation
        x = activation(name, **config).apply(x, builder.at("activation"))
    return x


class drop(Block):
    """Dropout; `spatial` drops whole channels."""

    rate: float
    _: KW_ONLY
    spatial: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.rate < 1:
            raise ValueError(f"`rate` of drop must be at least 0 and below 1. Received: rate={self.rate!r}")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        if not self.spatial:
            return builder.layer(keras.layers.Dropout, rate=self.rate)(x)
        by_rank = (keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D)
        return builder.layer(by_rank[rank_of(x) - 1], rate=self.rate)(x)

    def cost(self, x: Signal) -> Cost:
        return Cost(x)


class scale(Block):
    """A trainable coefficient and bias for each channel, as after the averages of LeNet-5's subsampling."""

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(layers.Scale)(x)

    def cost(self, x: Signal) -> Cost:
        return Cost(x, parameters=2 * x.channels)
