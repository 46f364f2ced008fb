"""The linear filters of image processing, applied to each channel."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from multicnn.layers.kernels import Kernel, kernel_shape
from multicnn.layers.types import Shape, Tensor

# name: the 3x3 kernel on an image, and the one on a sequence where there is one.
FILTERS: dict[str, tuple[Kernel, Kernel | None]] = {
    "identity": (((0, 0, 0), (0, 1, 0), (0, 0, 0)), (0, 1, 0)),
    "edge4": (((0, 1, 0), (1, -4, 1), (0, 1, 0)), (1, -2, 1)),
    "edge8": (((1, 1, 1), (1, -8, 1), (1, 1, 1)), (1, -2, 1)),
    "negative_edge4": (((0, -1, 0), (-1, 4, -1), (0, -1, 0)), (-1, 2, -1)),
    "negative_edge8": (((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)), (-1, 2, -1)),
    "sharpen": (((0, -1, 0), (-1, 5, -1), (0, -1, 0)), (-1, 3, -1)),
    "box_blur": (((1 / 9,) * 3,) * 3, (1 / 3,) * 3),
    "gaussian_blur": (((1 / 16, 2 / 16, 1 / 16), (2 / 16, 4 / 16, 2 / 16), (1 / 16, 2 / 16, 1 / 16)), (1 / 4, 2 / 4, 1 / 4)),
    "sobel_x": (((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)), None),
    "sobel_y": (((-1, -2, -1), (0, 0, 0), (1, 2, 1)), (-1, 0, 1)),
}  # fmt: skip


def filter_kernel(name: str, rank: int) -> Kernel:
    """Return the kernel of a named filter: 3x3 for rank 2, 3 for rank 1.

    Raises:
        ValueError: The name is unknown, or the filter needs two axes.
    """
    if name not in FILTERS:
        raise ValueError(f"`name` must be one of {sorted(FILTERS)}. Received: name={name!r}")
    kernel = FILTERS[name][2 - rank]
    if kernel is None:
        raise ValueError(f"{name} needs two axes")
    return kernel


@keras.saving.register_keras_serializable("multicnn")
class FixedFilter(keras.layers.Layer):
    """A "valid" cross-correlation of each channel of (batch, *spatial, channels) with one kernel of constants.

    Args:
        kernel: Nested tuples of numbers, one level for each spatial axis.
    """

    def __init__(self, kernel: tuple, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel = _tuples(kernel)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        rank, channels = len(inputs.shape) - 2, inputs.shape[-1]
        kernel = ops.convert_to_tensor(self.kernel, inputs.dtype)
        kernel = ops.tile(ops.reshape(kernel, (*kernel.shape, 1, 1)), [1] * rank + [channels, 1])
        return ops.depthwise_conv(inputs, kernel, strides=1, padding="valid", data_format="channels_last")

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        return None if mask is None else mask[:, len(self.kernel) - 1 :]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        reaches = kernel_shape(self.kernel, "kernel")
        sizes = (None if n is None else n - reach + 1 for n, reach in zip(input_shape[1:-1], reaches))
        return (input_shape[0], *sizes, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kernel": self.kernel}


def _tuples(kernel: Any) -> Any:
    return tuple(_tuples(row) for row in kernel) if isinstance(kernel, (list, tuple)) else kernel
