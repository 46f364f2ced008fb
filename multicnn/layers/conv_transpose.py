"""The transposed convolution of any rank, with the sizes of its equation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
from keras import ops

from multicnn.layers.time_mask import fill_masked
from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
class ConvTranspose(keras.layers.Layer):
    """The transpose of a convolution over (batch, *spatial, channels): each step of the input adds a kernel to the output.

    An axis of n steps gives (n - 1) stride + dilation (kernel - 1) + 1, less what `cut` removes. Keras's own knows only "same" and
    "valid", which fills up to n stride where the kernel is shorter than the stride.

    Args:
        filters: Channels of the output.
        kernel_size, strides, dilation_rate: One number for each spatial axis; strides and dilation not both above 1.
        cut: One (before, after) pair for each spatial axis: steps cut off; a negative number adds steps, which hold the bias.
        use_bias: Add a bias to each filter.
        kernel_initializer: The initializer of the kernel (*kernel_size, filters, channels).
        bias_initializer: The initializer of the bias.
        kernel_regularizer: The regularizer of the kernel.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: tuple[int, ...],
        strides: tuple[int, ...],
        cut: tuple[tuple[int, int], ...],
        dilation_rate: tuple[int, ...] | int = 1,
        use_bias: bool = True,
        kernel_initializer: str | keras.initializers.Initializer = "glorot_uniform",
        bias_initializer: str | keras.initializers.Initializer = "zeros",
        kernel_regularizer: str | keras.regularizers.Regularizer | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.use_bias = filters, use_bias
        self.kernel_size, self.strides = tuple(kernel_size), tuple(strides)
        self.cut = tuple(tuple(pair) for pair in cut)
        rank = len(self.kernel_size)
        self.dilation_rate = (dilation_rate,) * rank if isinstance(dilation_rate, int) else tuple(dilation_rate)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        shape = (*self.kernel_size, self.filters, input_shape[-1])
        self.kernel = self.add_weight(
            name="kernel", shape=shape, initializer=self.kernel_initializer, regularizer=self.kernel_regularizer
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer=self.bias_initializer)

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is not None:
            inputs = fill_masked(inputs, mask)
        x = ops.conv_transpose(inputs, self._with_holes(), self.strides, "valid", data_format="channels_last")
        for axis, (size, (before, _)) in enumerate(zip(self._sizes(ops.shape(inputs)[1:-1]), self.cut), start=1):
            steps = ops.arange(size) + before
            # Steps beyond the convolution are zero.
            x = ops.pad(
                x, [[0, 0]] * axis + [[0, max(0, -self.cut[axis - 1][1])]] + [[0, 0]] * (len(x.shape) - axis - 1)
            )
            x = ops.take(x, steps, axis=axis)
        return x if self.bias is None else x + ops.cast(self.bias, x.dtype)

    def _with_holes(self) -> Tensor:
        """Return the kernel, zeros between its taps where it is dilated: TensorFlow on a CPU refuses to dilate a transpose."""
        kernel = ops.convert_to_tensor(self.kernel)
        for axis, dilation in enumerate(self.dilation_rate):
            if dilation > 1:
                shape = kernel.shape
                kernel = ops.expand_dims(kernel, axis + 1)
                kernel = ops.pad(kernel, [[0, dilation - 1 if i == axis + 1 else 0] for i in range(len(kernel.shape))])
                kernel = ops.reshape(kernel, (*shape[:axis], -1, *shape[axis + 1 :]))
                kernel = kernel[(slice(None),) * axis + (slice(0, (shape[axis] - 1) * dilation + 1),)]
        return kernel

    def _sizes(self, spatial: Sequence[int | None]) -> Iterator[int | None]:
        for n, kernel, stride, dilation, cut in zip(
            spatial, self.kernel_size, self.strides, self.dilation_rate, self.cut
        ):
            yield None if n is None else (n - 1) * stride + dilation * (kernel - 1) + 1 - sum(cut)

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        if mask is None:
            return None
        ((stride,), (cut,)) = self.strides, self.cut
        more = self.dilation_rate[0] * (self.kernel_size[0] - 1) + 1 - stride - sum(cut)
        mask = ops.repeat(mask, stride, axis=1)
        return ops.concatenate([mask[:, :1]] * more + [mask], axis=1) if more >= 0 else mask[:, -more:]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], *self._sizes(input_shape[1:-1]), self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "cut": self.cut,
            "dilation_rate": self.dilation_rate,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }
