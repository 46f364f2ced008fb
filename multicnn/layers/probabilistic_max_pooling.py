"""Probabilistic max pooling (Lee, Grosse, Ranganath, Ng 2009, section 3.3)."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
class ProbabilisticMaxPooling(keras.layers.Layer):
    """The probability that one unit of each block is on, where at most one may be: the inputs are their log odds alone.

    Of energies I in a block: sum(exp(I)) / (1 + sum(exp(I))). Blocks lie side by side; a rest at the end is left out.

    Args:
        pool_size: Steps of a block along each spatial axis.
    """

    def __init__(self, pool_size: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pool_size = tuple(pool_size)

    def call(self, inputs: Tensor) -> Tensor:
        return ops.sigmoid(ops.logsumexp(blocks(inputs, self.pool_size), axis=-2))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        steps = (
            None if size is None else size // pool for size, pool in zip(input_shape[1:-1], self.pool_size, strict=True)
        )
        return (input_shape[0], *steps, input_shape[-1])

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "pool_size": self.pool_size}


def blocks(x: Tensor, pool_size: tuple[int, ...]) -> Tensor:
    """Return the values of (batch, *spatial, channels) by blocks: (batch, *pooled, values of a block, channels)."""
    rank = len(pool_size)
    pooled = [size // pool for size, pool in zip(ops.shape(x)[1:-1], pool_size)]
    for axis, (count, pool) in enumerate(zip(pooled, pool_size)):
        x = ops.take(x, ops.arange(count * pool), axis=axis + 1)
    pairs = [n for count, pool in zip(pooled, pool_size) for n in (count, pool)]
    channels = x.shape[-1]
    x = ops.reshape(x, (-1, *pairs, channels))
    x = ops.transpose(x, (0, *range(1, 2 * rank, 2), *range(2, 2 * rank + 1, 2), 2 * rank + 1))
    return ops.reshape(x, (-1, *pooled, math.prod(pool_size), channels))


def unblocked(x: Tensor, pool_size: tuple[int, ...]) -> Tensor:
    """Return what `blocks` divided, in its order: (batch, *spatial, channels) without the rest."""
    rank = len(pool_size)
    pooled, channels = ops.shape(x)[1 : rank + 1], x.shape[-1]
    x = ops.reshape(x, (-1, *pooled, *pool_size, channels))
    order = [axis for pair in zip(range(1, rank + 1), range(rank + 1, 2 * rank + 1)) for axis in pair]
    x = ops.transpose(x, (0, *order, 2 * rank + 1))
    return ops.reshape(x, (-1, *(count * pool for count, pool in zip(pooled, pool_size)), channels))
