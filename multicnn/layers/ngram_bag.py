"""The input of a linear model of texts: the sum of the vectors of all n-grams."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
class NgramBag(keras.layers.Layer):
    """The vectors of all runs of 1 to `n` tokens of a text, their sum divided by the square root of their number.

    Runs are hashed to the rows of one table, so two can share a row (Weinberger et al. 2009); those with padding (id 0) in them
    do not count. Input int32 ids (batch, time), or (batch, time, m) of which the first is the token's; output (batch,
    output_dim) in the compute dtype.

    Args:
        n: The longest run.
        output_dim: Size of the vectors.
        buckets: Rows of the table; a prime number spreads the runs best.
    """

    def __init__(self, n: int, output_dim: int, buckets: int = 2**19 - 1, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"`n` must be a whole number of tokens, at least 1. Received: n={n!r}")
        if not isinstance(buckets, int) or not 1 <= buckets <= 2**24:
            raise ValueError(f"`buckets` must be from 1 to 2**24. Received: buckets={buckets!r}")
        self.n, self.output_dim, self.buckets = n, output_dim, buckets

    def build(self, input_shape: Shape) -> None:
        self.embeddings = self.add_weight(
            name="embeddings", shape=(self.buckets, self.output_dim), initializer="uniform"
        )

    def call(self, inputs: Tensor) -> Tensor:
        rows, real = self._rows(ops.cast(inputs[..., 0] if len(inputs.shape) == 3 else inputs, "int32"))
        real = ops.cast(real, self.embeddings.dtype)
        total = ops.sum(ops.take(self.embeddings, rows, axis=0) * ops.expand_dims(real, -1), axis=(1, 2))
        count = ops.maximum(ops.sum(real, axis=(1, 2)), 1)
        return ops.cast(total / ops.sqrt(count)[:, None], self.compute_dtype)

    def _rows(self, ids: Tensor) -> tuple[Any, Any]:
        """Return the row of each run, and True where it is one: both (batch, time, n), of ids (batch, time)."""
        factor = (2**31 - 1) // self.buckets - 1  # the largest with which nothing passes the int32 range
        run, real = ops.zeros_like(ids), ops.ones_like(ids)
        rows, reals = [], []
        for _ in range(self.n):
            run = (run * factor + ids % self.buckets) % self.buckets
            real = real * ops.cast(ids != 0, "int32")
            rows.append(run)
            reals.append(real)
            ids = ops.concatenate([ids[:, 1:], ops.zeros_like(ids[:, :1])], axis=1)
        return ops.stack(rows, axis=-1), ops.stack(reals, axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.output_dim)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n, "output_dim": self.output_dim, "buckets": self.buckets}
