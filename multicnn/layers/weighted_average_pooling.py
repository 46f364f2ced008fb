"""Pooling by a weighted mean of each window, its weights given or learned."""

from __future__ import annotations

import math

import keras
from keras import ops

from multicnn.layers.kernels import Kernel, numbers_of
from multicnn.layers.time_mask import TimeWindows
from multicnn.layers.types import Shape, Tensor


class _WeightedMeans(keras.layers.Layer):
    """The layer without masks."""

    padding = "valid"

    def __init__(
        self,
        pool_size: tuple[int, ...],
        strides: tuple[int, ...],
        weights: Kernel | None = None,
        per_channel: bool = False,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size, self.strides = tuple(pool_size), tuple(strides)
        self.given, self.per_channel = weights, per_channel

    def build(self, input_shape: Shape) -> None:
        if self.given is None:
            shape = (*self.pool_size, input_shape[-1] if self.per_channel else 1)
            self.logits = self.add_weight(name="logits", shape=shape, initializer="zeros")

    def window(self) -> Tensor:
        """Return the weights of a window, which sum to 1: float32, (*pool_size, 1), or a window for each channel."""
        if self.given is None:
            logits = ops.cast(self.logits, "float32")
            weights = ops.softmax(ops.reshape(logits, (-1, logits.shape[-1])), axis=0)
            return ops.reshape(weights, logits.shape)
        numbers = numbers_of(self.given)
        largest = max(numbers)  # whose division lets no sum overflow
        total = math.fsum(number / largest for number in numbers)
        return ops.reshape([number / largest / total for number in numbers], (*self.pool_size, 1))

    def call(self, inputs: Tensor) -> Tensor:
        shape = (*self.pool_size, inputs.shape[-1])
        window = ops.cast(ops.broadcast_to(self.window(), shape), inputs.dtype)
        equal = len(set(self.strides)) == 1  # all that TensorFlow's depthwise convolution can do
        outputs = ops.depthwise_conv(
            inputs,
            ops.expand_dims(window, -1),
            strides=self.strides if equal else 1,
            padding="valid",
            data_format="channels_last",
        )
        return outputs if equal else outputs[:, :: self.strides[0], :: self.strides[1]]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        windows = zip(input_shape[1:-1], self.pool_size, self.strides)
        sizes = (None if n is None else (n - size) // step + 1 for n, size, step in windows)
        return (input_shape[0], *sizes, input_shape[-1])

    def get_config(self) -> dict[str, object]:
        own = {"pool_size": self.pool_size, "strides": self.strides, "weights": self.given}
        return {**super().get_config(), **own, "per_channel": self.per_channel}


@keras.saving.register_keras_serializable("multicnn")
class WeightedAveragePooling(TimeWindows, _WeightedMeans):
    """The weighted mean of each window of (batch, *spatial, channels); padding "valid", masked steps being zero.

    Args:
        pool_size: The size of the window along each spatial axis.
        strides: The steps between two windows along each axis.
        weights: Nested tuples of numbers, one level for each axis, which are divided by their sum; None learns them, as
            the softmax over the window of weights that start at 0: at first the plain mean, and always a mean.
        per_channel: Each channel learns a window of its own.
    """
