"""Batch normalisation per band of frequencies (Chang et al. 2021), as BC-ResNet uses it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
class SubSpectralNormalization(keras.layers.Layer):
    """Batch normalisation of (batch, time, frequency, channels) with statistics, scale and shift for each band.

    Args:
        bands: The number of equal, contiguous bands; must divide the frequency axis.
        momentum: The momentum of the moving statistics.
        epsilon: The constant added to the variance.
    """

    def __init__(self, bands: int, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bands = bands
        self.normalization = keras.layers.BatchNormalization(
            momentum=momentum, epsilon=epsilon, name="normalization", dtype=self.dtype_policy
        )

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) != 4 or input_shape[2] is None or input_shape[2] % self.bands:
            raise ValueError(
                f"`bands` must divide the frequency axis of a (batch, time, frequency, channels) input of shape {input_shape}. "
                f"Received: bands={self.bands}"
            )
        self.normalization.build((*input_shape[:2], input_shape[2] // self.bands, self.bands * input_shape[3]))

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        frequencies, channels = inputs.shape[2:]
        width = frequencies // self.bands
        time = ops.shape(inputs)[1]
        x = ops.reshape(inputs, (-1, time, self.bands, width, channels))
        x = ops.reshape(ops.swapaxes(x, 2, 3), (-1, time, width, self.bands * channels))
        x = self.normalization(x, training=training)
        x = ops.swapaxes(ops.reshape(x, (-1, time, width, self.bands, channels)), 2, 3)
        return ops.reshape(x, (-1, time, frequencies, channels))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        config = {"bands": self.bands, "momentum": self.normalization.momentum, "epsilon": self.normalization.epsilon}
        return {**super().get_config(), **config}
