"""The one tf.data pipeline: batches gathered from a store, finished, and in training augmented."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from multicnn.data.store import Store
from multicnn.modalities import Preprocess

_PREFETCH = 2  # batches made ready while a step runs
_MAKERS = 4  # batches made at once, at most
_LARGE = 2**20  # values of a batch from which calling Python out of TensorFlow takes no time beside them


def order(rows: np.ndarray, seed: int, epoch: int | None) -> np.ndarray:
    """Returns the int64 rows in the order of an epoch: the permutation of (seed, epoch), or as given if it is None."""
    rows = np.asarray(rows, dtype=np.int64)
    return rows if epoch is None else np.random.default_rng([seed, epoch]).permutation(rows)


def augmentation_seeds(rows: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """Returns a seed per example, int64 (rows, 2): the number of (seed, epoch) and the row, wherever it stands."""
    rows = np.asarray(rows, dtype=np.int64)
    return np.stack([np.full(len(rows), epoch_seed(seed, epoch)), rows], axis=1)


def epoch_seed(seed: int, epoch: int) -> np.int64:
    """Returns the number that the seeds of all examples of an epoch begin with."""
    return np.int64(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def batches(
    store: Store,
    targets: np.ndarray,
    rows: np.ndarray,
    preprocess: Preprocess,
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
    first, random = epoch or 0, epoch is not None
    mix = mix if random else None
    augment_stored = augment_stored if random else None
    examples = _finished(store, preprocess, batch_size) if augment_stored is None else _examples(store)
    with tf.device("CPU:0"):
        all_rows, all_targets = tf.constant(rows), tf.constant(targets)

    @tf.autograph.experimental.do_not_convert
    def of_epoch(index: tf.Tensor) -> tf.data.Dataset:
        def drawn(number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return order(np.arange(len(rows)), seed, int(number) if random else None), epoch_seed(seed, int(number))

        # One with a state would, where operations are to be deterministic, have each batch made only when it is asked for.
        places, shared = tf.numpy_function(drawn, [index], (tf.int64, tf.int64), stateful=False)
        places, shared = tf.ensure_shape(places, (len(rows),)), tf.ensure_shape(shared, ())
        begin = tf.where(index == first, tf.constant(start_step, tf.int64), 0)
        return tf.data.Dataset.range(begin, steps).map(
            lambda i: (places[i * batch_size : (i + 1) * batch_size], shared)
        )

    @tf.autograph.experimental.do_not_convert
    def batch_of(places: tf.Tensor, shared: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        labels = tf.gather(all_targets, places)
        # Any two examples of a batch may be mixed, so all are made then.
        made = tf.gather(all_rows, places if mix or not part else _part(places, part))
        seeds = tf.stack([tf.fill(tf.shape(made), shared), made], axis=1)
        batch = examples(made)
        if augment_stored is not None:
            batch = preprocess.finish(augment_stored(batch, seeds))
        if augment is not None and random:
            batch = augment(batch, seeds)
        if mix is None:
            return batch, labels
        batch, labels = mix(batch, labels, seeds)
        return (_part(batch, part) if part else batch), labels

    # The order stays, though several are made at once, since the options ask for determinism.
    last = np.iinfo(np.int64).max if epochs is None else first + epochs
    data = tf.data.Dataset.range(first, last).flat_map(of_epoch)
    data = data.map(batch_of, num_parallel_calls=min(_MAKERS, os.cpu_count() or 1))
    count = tf.data.INFINITE_CARDINALITY if epochs is None else epochs * steps - start_step
    data = data.apply(tf.data.experimental.assert_cardinality(count)).prefetch(_PREFETCH)
    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False  # there is nothing for them to find
    return data.with_options(options)


def each(data: tf.data.Dataset) -> Iterator[tuple[tf.Tensor, ...]]:
    """Yields the elements of a dataset of tuples.

    `iter(data)` does too, but has another thread woken for each of them: for longer than a small network waits otherwise.
    """
    spec = data.element_spec
    of_spec = {"output_types": [part.dtype for part in spec], "output_shapes": [part.shape for part in spec]}
    with tf.device("CPU:0"):
        iterator = tf.raw_ops.AnonymousIteratorV3(**of_spec)
        tf.raw_ops.MakeIterator(dataset=tf.data.experimental.to_variant(data), iterator=iterator)
    while True:
        try:
            element = tf.raw_ops.IteratorGetNextSync(iterator=iterator, **of_spec)  # where the iterator is
        except tf.errors.OutOfRangeError:
            return
        yield tuple(element)


def _examples(store: Store) -> Callable[[tf.Tensor], tf.Tensor]:
    """What gives the examples of rows, int64 (n,).

    Of a store in memory a part of the graph: calling Python out of TensorFlow takes as long as a batch of small pictures.
    """
    if isinstance(store.array, np.memmap):
        return _by_numpy(store.gather, store.array.dtype, store.array.shape[1:])
    with tf.device("CPU:0"):
        array, lookup = store.tensor(), tf.constant(store.lookup)
    return lambda rows: tf.gather(array, tf.gather(lookup, rows))


def _finished(store: Store, preprocess: Preprocess, batch_size: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """What gives the finished examples of rows, int64 (n,)."""
    take = preprocess.finish_of()
    if take is not None and batch_size * int(np.prod(preprocess.stored_shape)) >= _LARGE:
        return _by_numpy(lambda rows: store.gather(rows, take), np.float32, preprocess.input_shape)
    examples = _examples(store)
    return lambda rows: preprocess.finish(examples(rows))


def _by_numpy(gather: Callable[[np.ndarray], np.ndarray], dtype: Any, shape: tuple[int, ...]) -> Callable:
    """A function of arrays, which gives examples of this dtype and shape, as one of tensors."""
    return lambda rows: tf.ensure_shape(tf.numpy_function(gather, [rows], dtype, stateful=False), (None, *shape))


def _part(batch: tf.Tensor, part: Callable[[int], slice]) -> tf.Tensor:
    taken = tf.numpy_function(lambda whole: whole[part(len(whole))], [batch], batch.dtype, stateful=False)
    return tf.ensure_shape(taken, (None, *batch.shape[1:]))


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
