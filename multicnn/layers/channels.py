"""Layers that work on the channels: a coefficient and a bias for each, a choice of them, sums of neighbouring rows."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
class Scale(keras.layers.Layer):
    """A trainable coefficient and bias for each channel of (batch, ..., channels): LeNet-5's, after an average."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        self.coefficient = self.add_weight(name="coefficient", shape=(input_shape[-1],), initializer="ones")
        self.bias = self.add_weight(name="bias", shape=(input_shape[-1],), initializer="zeros")

    def call(self, inputs: Tensor) -> Tensor:
        return inputs * ops.cast(self.coefficient, inputs.dtype) + ops.cast(self.bias, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape


@keras.saving.register_keras_serializable("multicnn")
class TakeChannels(keras.layers.Layer):
    """Some of the channels of (batch, ..., channels), by number."""

    def __init__(self, channels: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = tuple(channels)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        return ops.take(inputs, ops.convert_to_tensor(self.channels, "int32"), axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], len(self.channels))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "channels": self.channels}


@keras.saving.register_keras_serializable("multicnn")
class Folding(keras.layers.Layer):
    """Sum each two neighbouring rows, channels being rows of `maps` (Kalchbrenner et al. 2014, section 3.5).

    (batch, ..., rows * maps) to (batch, ..., ceil(rows / 2) * maps): of an odd number of rows the last stays as it is.
    """

    def __init__(self, maps: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.maps = maps
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        *around, channels = ops.shape(inputs)
        rows = channels // self.maps
        if rows % 2:
            inputs = ops.pad(inputs, [[0, 0]] * len(around) + [[0, self.maps]])
        x = ops.reshape(inputs, (*around, -(-rows // 2), 2, self.maps))
        return ops.reshape(ops.sum(x, axis=-2), (*around, -(-rows // 2) * self.maps))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], -(-input_shape[-1] // self.maps // 2) * self.maps)

    def compute_output_spec(self, inputs: Tensor) -> keras.KerasTensor:
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "maps": self.maps}
