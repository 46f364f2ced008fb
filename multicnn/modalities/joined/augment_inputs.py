"""Inputs that are left out at random, so that a network learns to do without each."""

from __future__ import annotations

import tensorflow as tf

from multicnn.modalities.randomness import uniform
from multicnn.utils.constrained import ShareBelowOne


def augment(batch: tf.Tensor, seeds: tf.Tensor, inputs: int, *, drop_inputs: ShareBelowOne = 0.0) -> tf.Tensor:
    """Mark inputs of examples as missing at random (Neverova et al. 2016, "ModDrop"); one that is given stays in each.

    Their values stay where they are, so that a norm still has the statistics of the whole batch: what a network makes of
    them is left out where the inputs are merged.

    Args:
        batch: float32, shape (batch, values), which begin with 1 or 0 for each input.
        seeds: int32 or int64, shape (batch, 2); equal seeds give equal changes.
        inputs: The number of inputs.
        drop_inputs: The probability that an input is left out, each by itself.

    Returns:
        float32, the shape of `batch`.
    """
    if not drop_inputs:
        return batch
    given = batch[:, :inputs]
    drawn = tf.where(given > 0, uniform(seeds, inputs, "inputs"), tf.constant(-1.0))
    luckiest = tf.one_hot(tf.argmax(drawn, axis=1), inputs)
    kept = given * tf.maximum(tf.cast(drawn >= drop_inputs, tf.float32), luckiest)
    return tf.concat([kept, batch[:, inputs:]], axis=1)
