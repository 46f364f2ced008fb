"""The one tf.data pipeline: batches gathered from a store, finished, and in training augmented."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from multicnn.data.store import Store

_PREFETCH = 2  # batches made ready while a step runs
_FINISHERS = 4  # batches finished at once, at most


def order(rows: np.ndarray, seed: int, epoch: int | None) -> np.ndarray:
    """Returns the int64 rows in the order of an epoch: the permutation of (seed, epoch), or as given if it is None."""
    rows = np.asarray(rows, dtype=np.int64)
    return rows if epoch is None else np.random.default_rng([seed, epoch]).permutation(rows)


def augmentation_seeds(rows: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """Returns a seed per example, int64 (rows, 2): a number of (seed, epoch) and the row, wherever it stands."""
    first = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1)
    return np.stack([np.full(len(rows), first, dtype=np.int64), np.asarray(rows, dtype=np.int64)], axis=1)


def batches(
    store: Store,
    targets: np.ndarray,
    rows: np.ndarray,
    preprocess: Any,
    *,
    batch_size: int,
    seed: int = 0,
    epoch: int | None = None,
    start_step: int = 0,
    epochs: int | None = 1,
    augment_stored: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
    augment: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
    mix: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]] | None = None,
    part: Callable[[int], slice] | None = None,
) -> tf.data.Dataset:
    """Makes the batches of an epoch, or of several on end; nothing but the arguments decides what they are.

    Of several, those of the next epoch are made ready while the last steps of one run, or its validation.

    Args:
        store: holds the examples.
        targets: int (len(rows),) or (len(rows), classes): what `manifest.targets(rows)` gives.
        rows: positions in the manifest, all of them stored.
        preprocess: what the store was made with; its `finish` makes the network's input.
        batch_size: examples a batch; the last batch of an epoch may be smaller.
        seed: of the order and the augmentation.
        epoch: from 0; None gives the rows in order without augmentation, for evaluation.
        start_step: the first batch to make; the batches from there on are those of the whole epoch.
        epochs: how many, from `epoch` on; None goes on for ever.
        augment_stored: `augment_stored(batch, seeds)` changes stored batches before they are finished; unused without
            `epoch`.
        augment: The same, after they are finished.
        mix: `mix(batch, targets, seeds)` mixes the examples of an augmented batch; unused without `epoch`.
        part: Which of n examples of a batch are made; None makes all. Targets are always those of all.

    Returns:
        A dataset of (finished part of the batch, int32 targets) of known cardinality; `mix` makes the targets float32 (batch,
        classes).

    Raises:
        ValueError: lengths differ, a row is not stored, or batch_size, epoch, seed or start_step is out of range.
    """
    rows, targets = np.asarray(rows, dtype=np.int64), np.asarray(targets, dtype=np.int32)
    steps = _steps(store, rows, targets, batch_size, seed, epoch, start_step)
    first = (epoch or 0) * steps
    last = np.iinfo(np.int64).max if epochs is None else first + epochs * steps
    mix = None if epoch is None else mix

    @functools.lru_cache(maxsize=1)
    def places_in(of_epoch: int) -> np.ndarray:
        return order(np.arange(len(rows)), seed, None if epoch is None else of_epoch)

    def gather(index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        of_epoch, step = divmod(int(index), steps)
        chosen = places_in(of_epoch)[step * batch_size : (step + 1) * batch_size]
        made = chosen if mix or not part else chosen[part(len(chosen))]  # any two of a batch may be mixed
        return store.gather(rows[made]), targets[chosen], augmentation_seeds(rows[made], seed, of_epoch)

    def stored(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        batch, labels, seeds = tf.numpy_function(gather, [index], (store.array.dtype, tf.int32, tf.int64))
        return (
            tf.ensure_shape(batch, (None, *store.array.shape[1:])),
            tf.ensure_shape(labels, (None, *targets.shape[1:])),
            tf.ensure_shape(seeds, (None, 2)),
        )

    def finished(batch: tf.Tensor, labels: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if augment_stored is not None and epoch is not None:
            batch = augment_stored(batch, seeds)
        batch = preprocess.finish(batch)
        if augment is not None and epoch is not None:
            batch = augment(batch, seeds)
        if mix is None:
            return batch, labels
        batch, labels = mix(batch, labels, seeds)
        return (tf.numpy_function(lambda made: made[part(len(made))], [batch], batch.dtype) if part else batch), labels

    # One call gathers while others finish; the order stays, since the options ask for determinism.
    data = tf.data.Dataset.range(first + start_step, last).map(stored)
    data = data.map(finished, num_parallel_calls=min(_FINISHERS, os.cpu_count() or 1)).prefetch(_PREFETCH)
    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False
    return data.with_options(options)


def _steps(
    store: Store, rows: np.ndarray, targets: np.ndarray, batch_size: int, seed: int, epoch: int | None, start_step: int
) -> int:
    """Checks the arguments and returns the number of steps of a whole epoch."""
    if targets.shape[:1] != rows.shape:
        raise ValueError(f"targets must be one per row. Received: targets={targets.shape}, rows={rows.shape}")
    if (store.lookup[rows] < 0).any():
        missing = rows[store.lookup[rows] < 0]
        raise ValueError(f"rows must be in the store. Received: rows={missing[:5].tolist()} that are not")
    if batch_size < 1:
        raise ValueError(f"batch_size must be 1 or more. Received: batch_size={batch_size}")
    if seed < 0 or (epoch is not None and epoch < 0):
        raise ValueError(f"seed and epoch must be 0 or more. Received: seed={seed}, epoch={epoch}")
    steps = -(-len(rows) // batch_size)
    if not 0 <= start_step <= steps:
        raise ValueError(f"start_step must be 0 to {steps}. Received: start_step={start_step}")
    return steps
