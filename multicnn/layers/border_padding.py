"""Padding that continues the signal: its border repeated, mirrored, or its other end."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from multicnn.layers.spatial_padding import SpatialPadding
from multicnn.layers.types import Tensor

# The real one of n steps that stands at step i of an endless axis.
BORDERS = {
    "edge": lambda i, n: ops.minimum(ops.maximum(i, 0), n - 1),
    "reflect": lambda i, n: _mirrored(i, ops.maximum(2 * n - 2, 1), 0),
    "symmetric": lambda i, n: _mirrored(i, 2 * n, 1),
    "circular": lambda i, n: ops.mod(i, n),
}


def _mirrored(i: Tensor, period: Tensor, repeated: int) -> Tensor:
    i = ops.mod(i, period)
    return ops.minimum(i, period - i - repeated)


@keras.saving.register_keras_serializable("multicnn")
class BorderPadding(SpatialPadding):
    """Pad the spatial axes of (batch, *spatial, channels) as `numpy.pad` does, by any number of steps.

    With a time mask, the border is that of the real steps of each example.

    Args:
        padding: One (before, after) pair for each spatial axis.
        mode: "edge" (the border repeated), "reflect" (mirrored without it), "symmetric" (mirrored with it) or "circular".
    """

    def __init__(self, padding: tuple[tuple[int, int], ...], mode: str, **kwargs: Any) -> None:
        super().__init__(padding, **kwargs)
        if mode not in BORDERS:
            raise ValueError(f"`mode` must be one of {list(BORDERS)}. Received: mode={mode!r}")
        self.mode = mode

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is not None:
            return self._of_real_steps(inputs, mask)
        for axis, (before, after) in enumerate(self.padding, start=1):
            if before or after:
                n = ops.shape(inputs)[axis]
                inputs = ops.take(inputs, BORDERS[self.mode](ops.arange(n + before + after) - before, n), axis=axis)
        return inputs

    def _of_real_steps(self, inputs: Tensor, mask: Tensor) -> Tensor:
        ((before, after),) = self.padding
        n = ops.sum(ops.cast(mask, "int32"), axis=1, keepdims=True)
        steps = ops.arange(ops.shape(inputs)[1] + before + after)[None] - before
        indices = ops.where(steps < n + after, BORDERS[self.mode](steps, n), 0)
        padded = ops.take_along_axis(inputs, ops.expand_dims(indices, -1), axis=1)
        return padded * ops.expand_dims(ops.cast(steps < n + after, inputs.dtype), -1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}
