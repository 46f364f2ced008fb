"""One step of training, compiled: forwards, backwards, update."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from multicnn.losses import example_losses, several


def training_step(network: keras.Model, totals: tf.Variable, **settings: Any) -> Callable[[Iterator], float]:
    """A compiled step over an iterator of (inputs, targets): forwards, backwards, update; adds to `totals`.

    Args:
        network: Compiled with its optimizer.
        totals: float64 (3,): sum of the losses, correct examples (of mixed ones the likeliest class counts, of several labels
            all must be right), examples.
        **settings: Of `losses.example_losses`: loss, label smoothing, class weights.

    Returns:
        A function of the iterator that gives the seconds for which it waited for the batch.
    """
    optimizer = network.optimizer
    if not optimizer.built:  # it may already be, for variables that are frozen still
        optimizer.build(network.trainable_variables)

    @tf.function(jit_compile=network.jit_compile, reduce_retracing=True)
    def update(inputs, targets):
        with tf.GradientTape() as tape:
            logits = network(inputs, training=True)
            losses = example_losses(logits, targets, **settings)
            loss = tf.reduce_mean(losses)
            # Regularisers' terms arrive in `losses` of the network.
            scaled = optimizer.scale_loss(loss + tf.add_n(network.losses) if network.losses else loss)
        variables = network.trainable_variables
        gradients = tape.gradient(scaled, variables)
        optimizer.apply_gradients([(_summed(g, network.jit_compile), v) for g, v in zip(gradients, variables)])
        return tf.reduce_sum(losses), tf.math.count_nonzero(_correct(logits, targets)), tf.shape(targets)[0]

    @tf.function(reduce_retracing=True)
    def learn(inputs, targets):
        sums = update(inputs, targets)
        totals.assign_add(tf.stack([tf.cast(value, tf.float64) for value in sums]))

    def step(iterator: Iterator) -> float:
        asked = time.perf_counter()
        batch = next(iterator)
        waited = time.perf_counter() - asked
        learn(*batch)
        return waited

    return step


def _correct(logits: Any, targets: Any) -> Any:
    """Whether each example is classified as it should be."""
    if several(targets):
        return tf.reduce_all((logits > 0) == (targets > 0), axis=1)
    classes = targets if targets.shape.rank == 1 else tf.argmax(targets, axis=1, output_type=tf.int32)
    return tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), classes)


def _summed(gradient: Any, dense: bool) -> Any:
    """An embedding's gradient with one slice for each row: Keras squares slices one by one where a word occurs twice.

    Args:
        gradient: A tensor, IndexedSlices or None.
        dense: Give a tensor instead: XLA compiles no `unique`.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    if dense:
        return tf.convert_to_tensor(gradient)
    rows, places = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, places, tf.size(rows))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)
