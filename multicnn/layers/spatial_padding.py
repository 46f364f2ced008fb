"""The base of paddings of the spatial axes: the sizes, and which steps are real."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor


class SpatialPadding(keras.layers.Layer):
    """The base of every padding of the spatial axes of (batch, *spatial, channels).

    Args:
        padding: One (before, after) pair for each spatial axis.
    """

    def __init__(self, padding: tuple[tuple[int, int], ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = tuple((int(before), int(after)) for before, after in padding)
        self.supports_masking = True

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        if mask is None:
            return None
        # The padding behind the last real step counts as real, so that the windows there are as many as without a mask.
        real = ops.ones_like(mask[:, :1])
        return ops.concatenate([real] * sum(self.padding[0]) + [mask], axis=1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        spatial = [n if n is None else n + sum(p) for n, p in zip(input_shape[1:-1], self.padding)]
        return (input_shape[0], *spatial, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding}
