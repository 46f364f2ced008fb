"""Keras's one-dimensional convolutions and poolings, made to honour a time mask."""

from __future__ import annotations

from typing import Any

import keras

from multicnn.layers.grouped_conv import Grouped
from multicnn.layers.time_mask import TimeWindows, fill_masked, lowest
from multicnn.layers.types import Tensor


@keras.saving.register_keras_serializable("multicnn")
class MaskedConv1D(TimeWindows, Grouped, keras.layers.Conv1D):
    """`keras.layers.Conv1D` that zeroes the masked steps and carries the mask on."""


@keras.saving.register_keras_serializable("multicnn")
class MaskedDepthwiseConv1D(TimeWindows, keras.layers.DepthwiseConv1D):
    """`keras.layers.DepthwiseConv1D` that zeroes the masked steps and carries the mask on."""


@keras.saving.register_keras_serializable("multicnn")
class MaskedMaxPooling1D(TimeWindows, keras.layers.MaxPooling1D):
    """`keras.layers.MaxPooling1D` that never takes a masked step for the maximum and carries the mask on."""

    takes_maximum = True


@keras.saving.register_keras_serializable("multicnn")
class MaskedAveragePooling1D(TimeWindows, keras.layers.AveragePooling1D):
    """`keras.layers.AveragePooling1D` over the real steps, carrying the mask on."""


@keras.saving.register_keras_serializable("multicnn")
class MaskedGlobalMaxPooling1D(keras.layers.GlobalMaxPooling1D):
    """`keras.layers.GlobalMaxPooling1D` over the real steps only (Kim 2014, max over time)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        return super().call(inputs if mask is None else fill_masked(inputs, mask, lowest(inputs.dtype)))

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        return None


@keras.saving.register_keras_serializable("multicnn")
class MaskedFlatten(keras.layers.Flatten):
    """`keras.layers.Flatten` with zeros in the masked steps."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        return super().call(inputs if mask is None else fill_masked(inputs, mask))

    def compute_output_spec(self, inputs: Tensor, mask: Tensor | None = None) -> keras.KerasTensor:
        return super().compute_output_spec(inputs)

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        return None
