"""Token ids to vectors, with the time mask that text networks carry."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor


def real_steps(ids: Tensor) -> Any:
    """Return the time mask (batch, time) of ids (batch, time) or (batch, time, n): not padding. The first step counts as real."""
    if len(ids.shape) == 3:
        ids = ids[..., 0]
    real = ops.not_equal(ids, 0)
    return ops.concatenate([ops.ones_like(real[:, :1]), real[:, 1:]], axis=1)


@keras.saving.register_keras_serializable("multicnn")
class TokenEmbedding(keras.layers.Embedding):
    """A table of vectors; id 0 is padding: its steps are zero and masked. The first step always counts as real.

    Input int32 (batch, time), or (batch, time, n) for the mean of the vectors of the n ids that are not 0; output
    (batch, time, output_dim) in the compute dtype.
    """

    def __init__(self, input_dim: int, output_dim: int, **kwargs: Any) -> None:
        kwargs["mask_zero"] = True
        super().__init__(input_dim, output_dim, **kwargs)

    def call(self, inputs: Tensor) -> Tensor:
        vectors = super().call(inputs)
        real = ops.expand_dims(ops.cast(ops.not_equal(inputs, 0), vectors.dtype), -1)
        vectors = vectors * real
        if len(inputs.shape) == 2:
            return vectors
        return ops.sum(vectors, axis=2) / ops.maximum(ops.sum(real, axis=2), 1)

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        return real_steps(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:2], self.output_dim)
