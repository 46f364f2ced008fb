"""The one tf.data pipeline: batches gathered from a store, finished, and in training augmented."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from multicnn.data.store import Store
from multicnn.modalities import Preprocess
from multicnn.tasks.ragged import PADDING, Ragged

Change = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # (batch, seeds) -> batch
Mix = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]  # (batch, targets, seeds) -> both

_PREFETCH = 2  # batches made ready while a step runs
_MAKERS = 4  # batches made at once, at most
_LARGE = 2**20  # values of a batch from which calling Python out of TensorFlow takes no time beside them


def order(rows: np.ndarray, seed: int, epoch: int | None) -> np.ndarray:
    """Return the int64 rows in the order of an epoch: the permutation of (seed, epoch), or as given if it is None."""
    rows = np.asarray(rows, dtype=np.int64)
    return rows if epoch is None else np.random.default_rng([seed, epoch]).permutation(rows)


def augmentation_seeds(rows: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """Return a seed per example, int64 (rows, 2): the number of (seed, epoch) and the row, wherever it stands."""
    rows = np.asarray(rows, dtype=np.int64)
    return np.stack([np.full(len(rows), epoch_seed(seed, epoch)), rows], axis=1)


def epoch_seed(seed: int, epoch: int) -> np.int64:
    """Return the number that the seeds of all examples of an epoch begin with: 32 drawn bits, and above them the epoch."""
    drawn = int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1))
    return np.int64((epoch % 2**31) << 32 | drawn % 2**32)  # what is drawn by a seed takes the low bits


@dataclasses.dataclass(frozen=True, eq=False)
class BatchSpec:
    """The source of batches, and their settings.

    Attributes:
        store: The stored examples.
        rows: Row indices in the manifest, int64 (n,), all of them stored.
        targets: The target of each row, int32 or float32 (n, ...) or ragged, as `manifest.targets(rows)` returns them; or the store
            that has those of all rows.
        preprocess: The preprocess that the store was made with; its `finish` makes the network's input.
        batch_size: The number of examples of a batch; the last batch of an epoch may be smaller.
        seed: Seeds the order and the augmentation.
        augment_stored: `augment_stored(batch, seeds)` changes stored batches before they are finished.
        augment: `augment(batch, seeds)` changes batches after they are finished.
        moved: `moved(targets, seeds)` moves the targets of a batch as `augment_stored` and `augment` move its examples.
        mix: `mix(batch, targets, seeds)` mixes the examples of an augmented batch; targets become float32 (batch, classes).

    Raises:
        ValueError: Lengths differ, a row is not stored, or the batch size or the seed is out of range.
    """

    store: Store
    rows: np.ndarray
    targets: np.ndarray | Ragged | Store
    preprocess: Preprocess
    batch_size: int
    seed: int = 0
    augment_stored: Change | None = None
    augment: Change | None = None
    moved: Change | None = None
    mix: Mix | None = None

    def __post_init__(self) -> None:
        rows = np.asarray(self.rows, dtype=np.int64)
        object.__setattr__(self, "rows", rows)
        if not isinstance(self.targets, Store):
            targets = self.targets
            if not isinstance(targets, Ragged):
                targets = np.asarray(targets)
                targets = targets.astype(np.int32 if targets.dtype.kind in "iub" else np.float32, copy=False)
            object.__setattr__(self, "targets", targets)
            if targets.shape[:1] != rows.shape:
                raise ValueError(f"targets must be one per row. Received: targets={targets.shape}, rows={rows.shape}")
        for stored in (self.store, self.targets) if isinstance(self.targets, Store) else (self.store,):
            if (stored.lookup[rows] < 0).any():
                missing = rows[stored.lookup[rows] < 0]
                raise ValueError(f"rows must be in the store. Received: rows={missing[:5].tolist()} that are not")
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be 1 or more. Received: batch_size={self.batch_size}")
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or more. Received: seed={self.seed}")

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return -(-len(self.rows) // self.batch_size)


def batches(
    spec: BatchSpec,
    epoch: int | None = None,
    start_step: int = 0,
    epochs: int | None = 1,
    shard: Callable[[int], slice] | None = None,
) -> tf.data.Dataset:
    """Return the batches of an epoch, or of several one after another; nothing but the arguments decides what they are.

    The first batches of the next epoch are made while the last steps or the validation of one run.

    Args:
        spec: The source and the settings of the batches.
        epoch: The epoch, from 0; None gives the rows in order without random changes, for evaluation.
        start_step: The first batch to make; the batches from there on are those of the whole epoch.
        epochs: The number of epochs, from `epoch` on; None never ends.
        shard: A function that returns the slice of a batch of n examples to make; None makes all. Targets are always those of all.

    Returns:
        A dataset of (finished shard of the batch, int32 targets) of known cardinality; `spec.mix` makes the targets float32
        (batch, classes).

    Raises:
        ValueError: `epoch` or `start_step` is out of range.
    """
    if epoch is not None and epoch < 0:
        raise ValueError(f"epoch must be 0 or more. Received: epoch={epoch}")
    if not 0 <= start_step <= spec.steps:
        raise ValueError(f"start_step must be 0 to {spec.steps}. Received: start_step={start_step}")
    first = epoch or 0
    numbers = tf.data.Dataset.range(first, np.iinfo(np.int64).max if epochs is None else first + epochs)
    count = tf.data.INFINITE_CARDINALITY if epochs is None else epochs * spec.steps - start_step
    starts = numbers.map(lambda number: (number, tf.where(number == first, tf.constant(start_step, tf.int64), 0)))
    return _dataset(spec, starts, count, epoch is not None, shard)


def epoch_by_epoch(spec: BatchSpec) -> tf.data.Dataset:
    """Return a dataset whose first iteration is epoch 0 of the training, the second epoch 1, and so on."""
    counter = itertools.count()

    def next_epoch(_: np.ndarray) -> np.ndarray:
        return np.array([next(counter), 0])

    # Called stateless, else TensorFlow would make each batch only when it is asked for; it runs once in each iteration.
    def start(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        number = tf.ensure_shape(tf.numpy_function(next_epoch, [index], tf.int64, stateful=False), (2,))
        return number[0], number[1]

    return _dataset(spec, tf.data.Dataset.range(1).map(start), spec.steps, True, None)


def _dataset(
    spec: BatchSpec, starts: tf.data.Dataset, count: int, random: bool, shard: Callable[[int], slice] | None
) -> tf.data.Dataset:
    """The batches of epochs, each given by its number and its first step."""
    n, size, preprocess = len(spec.rows), spec.batch_size, spec.preprocess
    mix, augment_stored, augment = (spec.mix, spec.augment_stored, spec.augment) if random else (None, None, None)
    examples = _finished(spec.store, preprocess, size) if augment_stored is None else _examples(spec.store)
    moved, targets_of = spec.moved if random else None, _targets(spec)
    with tf.device("CPU:0"):
        all_rows = tf.constant(spec.rows)

    def drawn(number: np.ndarray) -> tuple[np.ndarray, np.int64]:
        return order(np.arange(n), spec.seed, int(number) if random else None), epoch_seed(spec.seed, int(number))

    @tf.autograph.experimental.do_not_convert
    def of_epoch(number: tf.Tensor, start: tf.Tensor) -> tf.data.Dataset:
        # One with a state would, where operations are to be deterministic, have each batch made only when it is asked for.
        index, shared = tf.numpy_function(drawn, [number], (tf.int64, tf.int64), stateful=False)
        index, shared = tf.ensure_shape(index, (n,)), tf.ensure_shape(shared, ())
        return tf.data.Dataset.range(start, spec.steps).map(lambda i: (index[i * size : (i + 1) * size], shared))

    @tf.autograph.experimental.do_not_convert
    def batch_of(index: tf.Tensor, shared: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        labels = targets_of(index)
        if moved is not None:
            rows = tf.gather(all_rows, index)
            labels = moved(labels, tf.stack([tf.fill(tf.shape(rows), shared), rows], axis=1))
        # Any two examples of a batch may be mixed, so all are made then.
        made = tf.gather(all_rows, index if mix or not shard else _shard(index, shard))
        seeds = tf.stack([tf.fill(tf.shape(made), shared), made], axis=1)
        batch = examples(made)
        if augment_stored is not None:
            batch = preprocess.finish(augment_stored(batch, seeds))
        if augment is not None:
            batch = augment(batch, seeds)
        if mix is None:
            return batch, labels
        batch, labels = mix(batch, labels, seeds)
        return (_shard(batch, shard) if shard else batch), labels

    # The order stays, though several are made at once, since the options ask for determinism.
    data = starts.flat_map(of_epoch).map(batch_of, num_parallel_calls=min(_MAKERS, os.cpu_count() or 1))
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
    """Return a function that gives the examples of rows, int64 (n,).

    A store in memory becomes a part of the graph: calling Python out of TensorFlow takes as long as a batch of small images.
    """
    if isinstance(store.array, np.memmap):
        return _by_numpy(store.gather, store.array.dtype, store.array.shape[1:])
    with tf.device("CPU:0"):
        array, lookup = store.tensor(), tf.constant(store.lookup)
    return lambda rows: tf.gather(array, tf.gather(lookup, rows))


def _targets(spec: BatchSpec) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a function that gives the targets of indices into the rows, int64 (n,): int32 or float32."""
    if isinstance(spec.targets, Ragged):
        return _padded(spec.targets)
    if not isinstance(spec.targets, Store):
        with tf.device("CPU:0"):
            targets = tf.constant(spec.targets)
        return lambda index: tf.gather(targets, index)
    stored = _examples(spec.targets)
    with tf.device("CPU:0"):
        rows = tf.constant(spec.rows)
    dtype = tf.int32 if spec.targets.array.dtype.kind in "iub" else tf.float32
    return lambda index: tf.cast(stored(tf.gather(rows, index)), dtype)


def _padded(targets: Ragged) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a function that gives the ragged targets at indices, int64 (n,): int32 (n, width) with -1 behind them."""
    with tf.device("CPU:0"):
        values, offsets = tf.constant(np.append(targets.values, PADDING)), tf.constant(targets.offsets)
        columns, last = tf.range(targets.width, dtype=tf.int64), tf.constant(len(targets.values), tf.int64)

    def padded(index: tf.Tensor) -> tf.Tensor:
        start, end = tf.gather(offsets, index)[:, None], tf.gather(offsets, index + 1)[:, None]
        at = start + columns
        return tf.gather(values, tf.where(at < end, at, last))

    return padded


def _finished(store: Store, preprocess: Preprocess, batch_size: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a function that gives the finished examples of rows, int64 (n,)."""
    take = preprocess.finish_of()
    if take is not None and batch_size * int(np.prod(preprocess.stored_shape)) >= _LARGE:
        return _by_numpy(lambda rows: store.gather(rows, take), np.float32, preprocess.input_shape)
    examples = _examples(store)
    return lambda rows: preprocess.finish(examples(rows))


def _by_numpy(gather: Callable[[np.ndarray], np.ndarray], dtype: Any, shape: tuple[int, ...]) -> Callable:
    """A function of arrays, which gives examples of this dtype and shape, as one of tensors."""
    return lambda rows: tf.ensure_shape(tf.numpy_function(gather, [rows], dtype, stateful=False), (None, *shape))


def _shard(batch: tf.Tensor, shard: Callable[[int], slice]) -> tf.Tensor:
    taken = tf.numpy_function(lambda whole: whole[shard(len(whole))], [batch], batch.dtype, stateful=False)
    return tf.ensure_shape(taken, (None, *batch.shape[1:]))
