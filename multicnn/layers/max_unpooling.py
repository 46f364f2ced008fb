"""Unpooling with switches (Zeiler & Fergus 2014, section 2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from multicnn.layers.time_mask import fill_masked, lowest
from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
class MaxUnpooling(keras.layers.Layer):
    """Put each value back where the maximum of its window stood; zeros elsewhere, and sums where windows overlap.

    Applied to [values (batch, *pooled, channels), pooled (batch, *spatial, channels)]: the second is what a max pooling without
    padding was applied to, from which the switches are computed again (the first of equal ones). The output has its shape.
    """

    def __init__(self, pool_size: tuple[int, ...], strides: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pool_size, self.strides = tuple(pool_size), tuple(strides)
        self.supports_masking = True

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        values, x = inputs
        if mask is not None and mask[1] is not None:
            x = fill_masked(x, mask[1], lowest(x.dtype))
        if mask is not None and mask[0] is not None:
            values = fill_masked(values, mask[0])
        rows, columns = (*self.pool_size, 1)[:2]
        steps = (*self.strides, 1)[:2]
        flat = len(x.shape) == 3
        if flat:
            x, values = ops.expand_dims(x, 2), ops.expand_dims(values, 2)
        size, pooled = ops.shape(x)[1:3], ops.shape(values)[1:3]
        # A text shorter than the window was padded to hold one; its switch lies among the real steps.
        reach = [(n - 1) * s + k for n, s, k in zip(pooled, steps, (rows, columns))]
        x = ops.pad(
            x, [[0, 0], *([0, _positive(r - n)] for r, n in zip(reach, size)), [0, 0]], constant_values=lowest(x.dtype)
        )
        offsets = [(i, j) for i in range(rows) for j in range(columns)]
        windows = ops.stack(
            [
                x[:, i : i + reach[0] - rows + 1 : steps[0], j : j + reach[1] - columns + 1 : steps[1]]
                for i, j in offsets
            ]
        )
        switches = ops.argmax(windows, axis=0)
        back = sum(
            _spread(values * ops.cast(switches == n, values.dtype), offset, steps, (rows, columns))
            for n, offset in enumerate(offsets)
        )  # fmt: skip
        back = back[:, : size[0], : size[1]]
        back = ops.pad(back, [[0, 0], *([0, _positive(n - m)] for n, m in zip(size, ops.shape(back)[1:3])), [0, 0]])
        return ops.squeeze(back, 2) if flat else back

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        return None if mask is None else mask[1]

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        return tuple(input_shape[1])

    def compute_output_spec(self, inputs: Tensor, mask: Tensor | None = None) -> keras.KerasTensor:
        values, x = inputs
        return keras.KerasTensor(x.shape, dtype=values.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pool_size": self.pool_size, "strides": self.strides}


def _positive(n: Any) -> Any:
    return max(n, 0) if isinstance(n, int) else ops.maximum(n, 0)


def _spread(values: Tensor, offset: Sequence[int], steps: Sequence[int], window: Sequence[int]) -> Tensor:
    """Return `values` (batch, rows, columns, channels) set `steps` apart, from `offset` on, in room for whole windows."""
    batch, rows, columns, channels = ops.shape(values)
    x = ops.reshape(values, (batch, rows, 1, columns, 1, channels))
    x = ops.pad(x, [[0, 0], [0, 0], [0, steps[0] - 1], [0, 0], [0, steps[1] - 1], [0, 0]])
    x = ops.reshape(x, (batch, rows * steps[0], columns * steps[1], channels))
    return ops.pad(x, [[0, 0], *([o, k - o] for o, k in zip(offset, window)), [0, 0]])
