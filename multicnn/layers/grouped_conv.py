"""Convolutions in groups that run, and train, at the speed of their arithmetic."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from multicnn.layers.types import LayerMixin, Tensor


def grouped_conv(
    inputs: Tensor,
    kernel: Tensor,
    groups: int,
    *,
    strides: tuple[int, ...],
    padding: str,
    dilation_rate: tuple[int, ...],
) -> Any:
    """`inputs` (batch, *spatial, channels) convolved group by group with `kernel` (*window, channels / groups, filters).

    On TensorFlow, Keras compiles a grouped convolution with XLA, anew for every length of a text; on a CPU its gradients take
    up to 75 times as long as these. The arguments are those of `keras.ops.conv`.
    """
    window = {"strides": strides, "padding": padding, "dilation_rate": dilation_rate, "data_format": "channels_last"}
    each, filters = kernel.shape[-2], kernel.shape[-1] // groups
    equal = len(set(strides)) == 1  # all that TensorFlow's depthwise convolution can do
    if groups <= each or not equal:  # few wide groups: one convolution each
        parts = zip(ops.split(inputs, groups, axis=-1), ops.split(kernel, groups, axis=-1))
        return ops.concatenate([ops.conv(x, k, **window) for x, k in parts], axis=-1)
    # Many narrow groups (the rows of Kalchbrenner et al. 2014): every channel by itself, then the sum over its group.
    spatial = kernel.shape[:-2]
    kernel = ops.reshape(kernel, (*spatial, each, groups, filters))
    kernel = ops.reshape(ops.swapaxes(kernel, -3, -2), (*spatial, groups * each, filters))
    outputs = ops.depthwise_conv(inputs, kernel, **window)
    if each == 1:
        return outputs
    positions = ops.shape(outputs)[:-1]
    outputs = ops.sum(ops.reshape(outputs, (*positions, groups, each, filters)), axis=-2)
    return ops.reshape(outputs, (*positions, groups * filters))


class Grouped(LayerMixin):
    """Mixin for Keras's convolution layers, with `grouped_conv` where they have groups. For channels last."""

    def call(self, inputs: Tensor) -> Tensor:
        if self.groups == 1:
            return super().call(inputs)
        window = {"strides": self.strides, "padding": self.padding, "dilation_rate": self.dilation_rate}
        outputs = grouped_conv(inputs, self.kernel, self.groups, **window)
        if self.use_bias:
            outputs += ops.cast(self.bias, outputs.dtype)
        return outputs if self.activation is None else self.activation(outputs)


@keras.saving.register_keras_serializable("multicnn")
class GroupedConv2D(Grouped, keras.layers.Conv2D):
    """`keras.layers.Conv2D`, faster where it has groups (AlexNet's two towers)."""
