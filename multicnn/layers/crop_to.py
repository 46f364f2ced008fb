"""Cutting one tensor to the size of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
class CropTo(keras.layers.Layer):
    """Applied to [x, like], two tensors (batch, *spatial, channels): `x`, cut at the end of each axis to the size of `like`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        x, like = inputs
        return x[(slice(None), *(slice(0, n) for n in ops.shape(like)[1:-1]))]

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        return None if mask is None else mask[1]

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        x, like = input_shape
        return (x[0], *like[1:-1], x[-1])

    def compute_output_spec(self, inputs: Tensor, mask: Tensor | None = None) -> keras.KerasTensor:
        return keras.KerasTensor(self.compute_output_shape([x.shape for x in inputs]), dtype=inputs[0].dtype)
