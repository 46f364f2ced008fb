"""A two-dimensional depthwise convolution whose strides differ between its axes."""

from __future__ import annotations

import keras
from keras import ops

from multicnn.layers.types import Tensor


@keras.saving.register_keras_serializable("multicnn")
class UnequalDepthwiseConv2D(keras.layers.DepthwiseConv2D):
    """`keras.layers.DepthwiseConv2D` with strides that may differ, as in BC-ResNet; padding "valid" only.

    TensorFlow's kernel refuses such strides ("only supports equal length strides"), so this one moves by single steps and
    keeps every so many of them.
    """

    def call(self, inputs: Tensor) -> Tensor:
        outputs = ops.depthwise_conv(
            inputs,
            self.kernel,
            strides=1,
            padding="valid",
            data_format="channels_last",
            dilation_rate=self.dilation_rate,
        )
        outputs = outputs[:, :: self.strides[0], :: self.strides[1]]
        return outputs + ops.cast(self.bias, outputs.dtype) if self.use_bias else outputs
