"""Mixup: the network is trained on points between two examples, and between their labels (Zhang et al. 2018)."""

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


@functools.cache
def _weights(alpha: float) -> np.ndarray:
    """So many equally likely values of Beta(alpha, alpha): a draw takes one number, whatever alpha is."""
    from scipy.special import betaincinv

    return betaincinv(alpha, alpha, (np.arange(_QUANTILES) + 0.5) / _QUANTILES).astype(np.float32)
