"""Token ids to channels, one for each token."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from multicnn.layers.token_embedding import real_steps
from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
class OneHotTokens(keras.layers.Layer):
    """One channel for each of the ids 2 to `depth` + 1; padding (0) and unknown tokens (1) are zeros. Id 0 is masked.

    Input int32 (batch, time), output (batch, time, depth) in the compute dtype.
    """

    def __init__(self, depth: int, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.depth = depth

    def call(self, inputs: Tensor) -> Tensor:
        return ops.one_hot(ops.cast(inputs, "int32") - 2, self.depth, dtype=self.compute_dtype)

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        return real_steps(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape, self.depth)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth": self.depth}
