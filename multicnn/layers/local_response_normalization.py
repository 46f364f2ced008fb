"""Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
class LocalResponseNormalization(keras.layers.Layer):
    """x / (bias + alpha * sum of x^2 over `size` neighbouring channels)^beta, for inputs of any rank with channels last.

    As the paper writes it, `alpha` is not divided by `size` (PyTorch divides). Computed in float32, given back in the compute
    dtype.
    """

    def __init__(
        self, size: int = 5, bias: float = 2.0, alpha: float = 1e-4, beta: float = 0.75, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.size, self.bias, self.alpha, self.beta = size, bias, alpha, beta
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        x = ops.cast(inputs, "float32")
        return ops.cast(x / self.divisor(x), inputs.dtype)

    def divisor(self, x: Tensor) -> Tensor:
        """Return what each value of a float32 tensor is divided by."""
        before = self.size // 2
        squares = ops.pad(ops.square(x), [[0, 0]] * (len(x.shape) - 1) + [[before, self.size - 1 - before]])
        total = sum(squares[..., i : i + x.shape[-1]] for i in range(self.size))
        return (self.bias + self.alpha * total) ** self.beta

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "bias": self.bias, "alpha": self.alpha, "beta": self.beta}
