"""Two examples in one, and their labels likewise: mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019)."""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

from multicnn.modalities import randomness

_QUANTILES = 4096


def mixup(
    batch: tf.Tensor, targets: tf.Tensor, seeds: tf.Tensor, classes: int, alpha: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Mixes each example with another of its batch (or now and then itself), by its own weight; equation 1 of the paper.

    Args:
        batch: float32, shape (batch, ...), of `finish` and `augment`.
        targets: int32, shape (batch,), the class of each.
        seeds: int32 or int64, shape (batch, 2); equal seeds give equal partners and weights.
        classes: The number of classes.
        alpha: The weight of the example itself is drawn from Beta(alpha, alpha): far from 0, halves; near 0, hardly mixed.

    Returns:
        float32, the shape of `batch`; and the targets, float32 (batch, classes), each summing to 1.
    """
    if alpha <= 0:
        raise ValueError(f"alpha must be above 0. Received: alpha={alpha}")
    batch, numbers = tf.convert_to_tensor(batch), randomness.uniform(seeds, 2, "mixup")
    partner = randomness.integers(numbers[:, 0], 0, tf.shape(batch)[0] - 1)
    weight = tf.gather(_weights(alpha), randomness.integers(numbers[:, 1], 0, _QUANTILES - 1))[:, tf.newaxis]
    one_hot = tf.one_hot(targets, classes)
    soft = weight * one_hot + (1 - weight) * tf.gather(one_hot, partner)
    weight = tf.reshape(weight, (-1, *[1] * (batch.shape.rank - 1)))
    return weight * batch + (1 - weight) * tf.gather(batch, partner), soft


def cutmix(
    batch: tf.Tensor, targets: tf.Tensor, seeds: tf.Tensor, classes: int, alpha: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Put a rectangle of another image of the batch over each image; section 3.1 and algorithm 1 of the paper.

    Args:
        batch: float32, shape (batch, height, width, channels), of `finish` and `augment`.
        targets: int32, shape (batch,), the class of each.
        seeds: int32 or int64, shape (batch, 2); equal seeds give equal partners and rectangles.
        classes: The number of classes.
        alpha: The share that is left of the image is drawn from Beta(alpha, alpha); 1 is uniform.

    Returns:
        float32, the shape of `batch`; and the targets, float32 (batch, classes), weighed by the pixels of each image.
    """
    if alpha <= 0:
        raise ValueError(f"alpha must be above 0. Received: alpha={alpha}")
    batch, numbers = tf.convert_to_tensor(batch), randomness.uniform(seeds, 4, "cutmix")
    partner = randomness.integers(numbers[:, 0], 0, tf.shape(batch)[0] - 1)
    share = tf.gather(_weights(alpha), randomness.integers(numbers[:, 1], 0, _QUANTILES - 1))
    inside = []
    for axis in (1, 2):  # a rectangle of the image's own proportions, cut where it passes the edge
        length = tf.cast(tf.shape(batch)[axis], tf.float32)
        middle, reach = numbers[:, axis + 1] * length, tf.sqrt(1 - share) * length / 2
        pixels = tf.range(length) + 0.5
        inside.append(tf.abs(pixels - middle[:, tf.newaxis]) < reach[:, tf.newaxis])
    other = (inside[0][:, :, tf.newaxis] & inside[1][:, tf.newaxis])[..., tf.newaxis]
    weight = 1 - tf.reduce_mean(tf.cast(other, tf.float32), axis=[1, 2])
    one_hot = tf.one_hot(targets, classes)
    soft = weight * one_hot + (1 - weight) * tf.gather(one_hot, partner)
    return tf.where(other, tf.gather(batch, partner), batch), soft


@functools.cache
def _weights(alpha: float) -> np.ndarray:
    """So many equally likely values of Beta(alpha, alpha): a draw takes one number, whatever alpha is."""
    from scipy.special import betaincinv

    return betaincinv(alpha, alpha, (np.arange(_QUANTILES) + 0.5) / _QUANTILES).astype(np.float32)
