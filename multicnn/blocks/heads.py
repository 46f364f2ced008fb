"""The end of a network: fully connected layers; and any other Keras layer."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import Any, ClassVar

import keras

from multicnn import layers
from multicnn.blocks.activation_norm import activated
from multicnn.blocks.base import Block
from multicnn.blocks.builder import Builder, KerasBuilder, Tensor
from multicnn.blocks.rank import Named, keras_object
from multicnn.blocks.signal import Cost, Signal, times


class dense(Block):
    """A fully connected layer on the last axis, and after it a norm and an activation if asked for."""

    units: int
    _: KW_ONLY
    use_bias: bool | None = None
    norm: str | Block | None = None
    activation: Named = None
    kernel_initializer: Named = "glorot_uniform"
    bias_initializer: Named = "zeros"
    kernel_regularizer: Named = None
    kernel_constraint: Named = None
    at_least_one: ClassVar[tuple[str, ...]] = ("units",)

    @property
    def has_bias(self) -> bool:
        """The layer has a bias; by default none where a norm follows, which has its own."""
        return self.norm is None if self.use_bias is None else self.use_bias

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        return activated(self, builder.leaf(self, x), builder)

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(
            keras.layers.Dense,
            units=self.units,
            use_bias=self.has_bias,
            kernel_initializer=keras_object(keras.initializers, self.kernel_initializer),
            bias_initializer=keras_object(keras.initializers, self.bias_initializer),
            kernel_regularizer=keras_object(keras.regularizers, self.kernel_regularizer),
            kernel_constraint=keras_object(keras.constraints, self.kernel_constraint),
        )(x)

    def cost(self, x: Signal) -> Cost:
        kernel = x.channels * self.units
        bias = self.units if self.has_bias else 0
        return Cost(x.with_channels(self.units), kernel + bias, multiply_adds=times(kernel, x.positions))


class rbf(Block):
    """LeNet-5's output (LeCun et al. 1998, equation 7): minus the squared distance to a code of +1 and -1 for each unit.

    The codes are drawn from `seed` and not trained; the paper's are drawings of the digits.
    """

    units: int
    _: KW_ONLY
    seed: int = 0
    at_least_one: ClassVar[tuple[str, ...]] = ("units",)

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(layers.RadialBasis, units=self.units, seed=self.seed)(x)

    def cost(self, x: Signal) -> Cost:
        codes = x.channels * self.units
        return Cost(x.with_channels(self.units), statistics=codes, multiply_adds=codes)


class lift(Block, init=False):
    """Any other Keras layer: `lift("LeakyReLU", negative_slope=0.1)`, or `lift(keras.layers.LeakyReLU, ...)`."""

    layer: str
    config: dict[str, Any]

    def __init__(self, layer: str | type[keras.Layer], **config: Any) -> None:
        name = layer if isinstance(layer, str) else keras.saving.get_registered_name(layer)
        object.__setattr__(self, "layer", name)
        object.__setattr__(self, "config", config)
        self.layer_class()
        self.__post_init__()

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Block:
        return cls(fields["layer"], **fields.get("config", {}))

    def _arguments(self) -> list[str]:
        return [repr(self.layer), *(f"{key}={value!r}" for key, value in sorted(self.config.items()))]

    @property
    def label(self) -> str:
        """The segment that this Block adds to the names of its layers: the layer's own name."""
        return self.layer.split(">")[-1].lower()

    def layer_class(self) -> type[keras.Layer]:
        """Return the Keras class that `layer` names.

        Raises:
            ValueError: There is none.
        """
        named = keras.saving.get_registered_object(self.layer) or getattr(keras.layers, self.layer, None)
        if named is None:
            raise ValueError(
                f"`layer` must name a class of keras.layers or a registered one. Received: layer={self.layer!r}"
            )
        return named

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(self.layer_class(), **self.config)(x)
