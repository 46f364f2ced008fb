"""Token ids to vectors, with the time mask that text networks carry."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable("multicnn")
class TokenEmbedding(keras.layers.Embedding):
    """A table of vectors; id 0 is padding: its steps are zero and masked. The first step always counts as real.

    Input int32 (batch, time), output (batch, time, output_dim) in the compute dtype.
    """

    def __init__(self, input_dim: int, output_dim: int, **kwargs):
        kwargs["mask_zero"] = True
        super().__init__(input_dim, output_dim, **kwargs)

    def call(self, inputs):
        vectors = super().call(inputs)
        return vectors * ops.expand_dims(ops.cast(ops.not_equal(inputs, 0), vectors.dtype), -1)

    def compute_mask(self, inputs, mask=None):
        real = ops.not_equal(inputs, 0)
        return ops.concatenate([ops.ones_like(real[:, :1]), real[:, 1:]], axis=1)
