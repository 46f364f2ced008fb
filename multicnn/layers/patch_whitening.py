"""A first layer whose filters are not trained: they make the patches of the data white."""

from __future__ import annotations

import math

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
class PatchWhitening(keras.layers.Layer):
    """The patches of (batch, *spatial, channels) along the eigenvectors of their covariance, scaled to a variance of 1.

    Each direction has two outputs, one of either sign, so that nothing is lost where a rectifier follows: 2 k channels of patches
    of k numbers (Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU", section 3.2). The kernel is set
    before training and stays, the bias is trained; until then a patch gives its own numbers. It cross-correlates, without padding.

    Args:
        kernel_size: The size of a patch along each spatial axis.
        epsilon: Is added to each eigenvalue: directions of less variance than that are noise, and stay small.
    """

    def __init__(self, kernel_size: tuple[int, ...], epsilon: float = 5e-4, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.kernel_size, self.epsilon = tuple(kernel_size), float(epsilon)

    def build(self, input_shape: Shape) -> None:
        size = math.prod(self.kernel_size) * input_shape[-1]
        shape = (*self.kernel_size, input_shape[-1], 2 * size)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer="zeros", trainable=False)
        self.bias = self.add_weight(name="bias", shape=(2 * size,), initializer="zeros")
        self.turn_to(ops.eye(size))

    def turn_to(self, directions: Tensor) -> None:
        """Set the kernel to the columns of a matrix, float (numbers, numbers), and to their negatives."""
        both = ops.concatenate([directions, ops.negative(directions)], axis=1)
        self.kernel.assign(ops.reshape(ops.cast(both, "float32"), tuple(self.kernel.shape)))

    def call(self, inputs: Tensor) -> Tensor:
        kernel = ops.cast(self.kernel, inputs.dtype)
        outputs = ops.conv(inputs, kernel, strides=1, padding="valid", data_format="channels_last")
        return outputs + ops.cast(self.bias, outputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sizes = (None if n is None else n - k + 1 for n, k in zip(input_shape[1:-1], self.kernel_size))
        return (input_shape[0], *sizes, 2 * math.prod(self.kernel_size) * input_shape[-1])

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "kernel_size": self.kernel_size, "epsilon": self.epsilon}
