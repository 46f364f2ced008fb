"""Batch normalization by TensorFlow's fused kernel: one operation for Keras's dozen, which also fuses with a convolution."""

from __future__ import annotations

import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from multicnn.backends import keras_private


@contextmanager
def fused(network: keras.Model) -> Iterator[None]:
    """Use the fused kernel for the batch norms of a network that is traced in this context, where it is faster.

    It is faster on a CPU, for channels that are a multiple of 4; on a GPU, XLA fuses Keras's operations by itself.
    """
    layers = [] if tf.config.list_physical_devices("GPU") else list(filter(_fits, keras_private.layers_inside(network)))
    for layer in layers:
        layer.call = types.MethodType(_call, layer)
    try:
        yield
    finally:
        for layer in layers:
            vars(layer).pop("call", None)


def _fits(layer: keras.layers.Layer) -> bool:
    if type(layer) is not keras.layers.BatchNormalization or layer.synchronized or layer.renorm:
        return False
    rank = layer.input_spec.ndim
    return rank >= 3 and layer.axis in (-1, rank - 1) and layer.compute_dtype != "float64"


def _call(layer: keras.layers.BatchNormalization, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
    channels, updates = inputs.shape[-1], bool(training and layer.trainable)
    if channels % 4 or (updates and mask is not None):
        return type(layer).call(layer, inputs, training=training, mask=mask)
    # The bfloat16 kernel takes 16 channels at once, and is slow where some are left over; its statistics are float32.
    x = inputs if inputs.dtype == tf.bfloat16 and channels % 16 == 0 else tf.cast(inputs, tf.float32)
    y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        x if len(x.shape) == 4 else tf.reshape(x, (1, 1, -1, channels)),
        layer.gamma if layer.scale else tf.ones(channels),
        layer.beta if layer.center else tf.zeros(channels),
        mean=None if updates else layer.moving_mean,
        variance=None if updates else layer.moving_variance,
        epsilon=layer.epsilon,
        is_training=updates,
    )
    if updates:
        rows = tf.cast(tf.size(x) // channels, tf.float32)
        # Keras uses the variance of the batch itself, the kernel the unbiased estimate.
        variance *= (rows - 1) / rows
        for moving, value in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + value * (1 - layer.momentum))
    return tf.cast(y if len(x.shape) == 4 else tf.reshape(y, tf.shape(x)), layer.compute_dtype)
