"""Other light and other colours: before `finish`, where pixels are 0 to 255."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from multicnn.modalities.randomness import around
from multicnn.utils.constrained import Degrees, Share

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R 601
# Columns: luma and the two axes of chroma that hue turns about (NTSC's Y, I, Q).
_YIQ = np.stack([_LUMA, [0.59590059, -0.27455667, -0.32134392], [0.21153661, -0.52273617, 0.31119955]], axis=1)


def augment(
    batch: tf.Tensor,
    seeds: tf.Tensor,
    *,
    brightness: Share = 0.0,
    contrast: Share = 0.0,
    saturation: Share = 0.0,
    hue: Degrees = 0.0,
) -> tf.Tensor:
    """Randomly change light and colour of stored images, each by its own seed; what leaves 0 to 255 is clipped.

    Args:
        batch: uint8, shape (batch, height, width, 1 or 3).
        seeds: int32 or int64, shape (batch, 2); equal seeds give equal changes.
        brightness: Largest change of the factor 1 on all pixels: .4 is .6 to 1.4.
        contrast: Largest change of the factor 1 on the distance to the image's mean luma.
        saturation: Largest change of the factor 1 on the distance to the pixel's luma; for three channels only.
        hue: Largest turn of the colours in degrees, either way, at constant luma; for three channels only.

    Returns:
        float32, the shape of `batch`.
    """
    for name, value, most in (
        ("brightness", brightness, 1),
        ("contrast", contrast, 1),
        ("saturation", saturation, 1),
        ("hue", hue, 180),
    ):
        if not 0 <= value <= most:
            raise ValueError(f"{name} must be 0 to {most}. Received: {name}={value}")
    pixels = tf.cast(batch, tf.float32)
    light = _each(1 + around(seeds, "brightness", brightness))
    strength = _each(1 + around(seeds, "contrast", contrast))
    coloured = pixels.shape[-1] == 3
    if (saturation or hue) and not coloured:
        raise ValueError(f"saturation and hue need 3 channels. Received: saturation={saturation}, hue={hue}")
    luma = tf.constant(_LUMA if coloured else [1.0], tf.float32)
    if contrast:
        mean = tf.reduce_sum(tf.reduce_mean(pixels, axis=[1, 2], keepdims=True) * luma, axis=-1, keepdims=True)
    else:
        mean = 0.0
    if saturation or hue:
        pixels = _turned(pixels, 1 + around(seeds, "saturation", saturation), around(seeds, "hue", math.radians(hue)))
    # Neither saturation nor hue moves the luma, so its mean is still that of the pixels.
    return tf.clip_by_value(pixels * (strength * light) + (1 - strength) * light * mean, 0.0, 255.0)


def _each(factor: tf.Tensor) -> tf.Tensor:
    return tf.reshape(factor, (-1, 1, 1, 1))


def _turned(pixels: tf.Tensor, factor: tf.Tensor, angle: tf.Tensor) -> tf.Tensor:
    """The pixels with their chroma scaled and turned, by one matrix for each image."""
    cosine, sine, zero = factor * tf.cos(angle), factor * tf.sin(angle), tf.zeros_like(angle)
    turn = [tf.stack(row, axis=1) for row in ((zero + 1, zero, zero), (zero, cosine, sine), (zero, -sine, cosine))]
    there, back = tf.constant(_YIQ, tf.float32), tf.constant(np.linalg.inv(_YIQ), tf.float32)
    matrix = tf.einsum("ij,bjk,kl->bil", there, tf.stack(turn, axis=1), back)
    shape = tf.shape(pixels)
    flat = tf.reshape(pixels, (shape[0], shape[1] * shape[2], 3))
    return tf.ensure_shape(tf.reshape(flat @ matrix, shape), pixels.shape)
