"""Padding by a constant around the spatial axes and behind the channels."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from multicnn.layers.spatial_padding import SpatialPadding
from multicnn.layers.time_mask import fill_masked, lowest
from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
class ConstantPadding(SpatialPadding):
    """Pad the spatial axes with zeros, or with the lowest (before a maximum) or the highest number (before a minimum).

    Input (batch, *spatial, channels). Keras's "same" with a stride above 1 places its padding according to the input's
    size; papers, and PyTorch, pad symmetrically, and so does everything built from this layer, whatever the size.

    Args:
        padding: One (before, after) pair for each spatial axis.
        fill: "zero", "lowest" or "highest".
    """

    def __init__(self, padding: tuple[tuple[int, int], ...], fill: str = "zero", **kwargs: Any) -> None:
        super().__init__(padding, **kwargs)
        if fill not in ("zero", "lowest", "highest"):
            raise ValueError(f"`fill` must be one of ['zero', 'lowest', 'highest']. Received: fill={fill!r}")
        self.fill = fill

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        value = {"zero": 0.0, "lowest": lowest(inputs.dtype), "highest": -lowest(inputs.dtype)}[self.fill]
        if mask is not None:
            inputs = fill_masked(inputs, mask, value)
        return ops.pad(inputs, [(0, 0), *self.padding, (0, 0)], constant_values=value)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "fill": self.fill}


@keras.saving.register_keras_serializable("multicnn")
class ChannelPadding(keras.layers.Layer):
    """Add channels of zeros until there are `channels` (the parameter-free shortcut of He et al. 2015, option A)."""

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = channels
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        self.compute_output_shape(inputs.shape)  # which refuses what has too many
        missing = self.channels - inputs.shape[-1]
        return ops.pad(inputs, [(0, 0)] * (len(inputs.shape) - 1) + [(missing // 2, missing - missing // 2)])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if input_shape[-1] > self.channels:
            raise ValueError(
                f"`channels` must be at least the input's {input_shape[-1]}. Received: channels={self.channels}"
            )
        return (*input_shape[:-1], self.channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "channels": self.channels}
