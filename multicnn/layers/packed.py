"""Layers for examples of several inputs that reach a network as one vector."""

from __future__ import annotations

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
class VectorSlice(keras.layers.Layer):
    """Some neighbouring values of (batch, values), in a shape and dtype of their own.

    Args:
        start: The position of the first.
        shape: The shape that they get, without the batch.
        slice_dtype: "float32", or "int32" where they are ids.
    """

    def __init__(self, start: int, shape: tuple[int, ...], slice_dtype: str, **kwargs: object) -> None:
        # An id must not be rounded to a smaller dtype on its way in.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.start, self.shape, self.slice_dtype = start, tuple(shape), slice_dtype

    def call(self, inputs: Tensor) -> Tensor:
        size = 1
        for side in self.shape:
            size *= side
        return ops.reshape(ops.cast(inputs[:, self.start : self.start + size], self.slice_dtype), (-1, *self.shape))

    def compute_output_spec(self, inputs: Tensor) -> keras.KerasTensor:
        return keras.KerasTensor((inputs.shape[0], *self.shape), dtype=self.slice_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], *self.shape)

    def get_config(self) -> dict[str, object]:
        more = {"start": self.start, "shape": self.shape, "slice_dtype": self.slice_dtype}
        return {**super().get_config(), **more}


@keras.saving.register_keras_serializable("multicnn")
class WhereGiven(keras.layers.Layer):
    """The first of two tensors, (batch, ...), with zeros in the examples where the second, (batch, 1), is 0.

    A choice and not a product: whatever stands there, NaN included, neither it nor its gradient gets through.
    """

    def call(self, inputs: list[Tensor]) -> Tensor:
        values, given = inputs
        given = ops.reshape(given, (-1, *[1] * (len(values.shape) - 1)))
        return ops.where(given > 0, values, ops.zeros((), values.dtype))

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        return input_shape[0]
