"""Batch norms by TensorFlow's own kernel: one operation for Keras's dozen, which can also join the convolution before it."""

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
    """What is traced of a network has its batch norms made by the kernel, where it is the faster one.

    That is on a CPU (on a GPU, XLA joins Keras's operations by itself), of channels that 4 divides.
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
    channels, learns = inputs.shape[-1], bool(training and layer.trainable)
    if channels % 4 or (learns and mask is not None):
        return type(layer).call(layer, inputs, training=training, mask=mask)
    # Of bfloat16 the kernel takes 16 channels at once, and is slow where some are left over; its statistics are float32.
    x = inputs if inputs.dtype == tf.bfloat16 and channels % 16 == 0 else tf.cast(inputs, tf.float32)
    y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        x if len(x.shape) == 4 else tf.reshape(x, (1, 1, -1, channels)),
        layer.gamma if layer.scale else tf.ones(channels),
        layer.beta if layer.center else tf.zeros(channels),
        mean=None if learns else layer.moving_mean,
        variance=None if learns else layer.moving_variance,
        epsilon=layer.epsilon,
        is_training=learns,
    )
    if learns:
        rows = tf.cast(tf.size(x) // channels, tf.float32)
        # The batch's own, as Keras keeps it; the kernel's is the estimate of a population's.
        variance *= (rows - 1) / rows
        for moving, value in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + value * (1 - layer.momentum))
    return tf.cast(y if len(x.shape) == 4 else tf.reshape(y, tf.shape(x)), layer.compute_dtype)
