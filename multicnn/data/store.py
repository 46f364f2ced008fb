"""Decode every example once and store its preprocessed form in memory or in the cache on disk."""

from __future__ import annotations

import dataclasses
import mmap
import operator
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from multicnn.data import cache, entries
from multicnn.data.manifest import Manifest, content_hash
from multicnn.modalities.base import Loadable
from multicnn.modalities.marks import Marked
from multicnn.utils import quiet, regular_files

MEMORY_LIMIT = 2**30  # bytes of examples beyond which they are stored on disk
_TASK_BYTES = 2**22  # of the examples in a task of a thread
FEWEST, MOST = 16, 1024  # examples in a task
_TASKS = 8  # per thread for a small data set, so that threads finish at about the same time
_ALIGNED = 64  # bytes: TensorFlow's tensors start at multiples of it


@dataclasses.dataclass(frozen=True, eq=False)
class Store:
    """Preprocessed examples of the decodable ones of some rows of a manifest.

    Attributes:
        rows: int64 (n,), the rows of the manifest that are stored, in the order they were asked for.
        array: stored_dtype (n, *stored_shape), the example of each row of `rows`; a `numpy.memmap` if it is on disk.
        lookup: int64 (rows of the manifest,), the index of each row in `array`, or -1.
        folder: The entry of the cache that holds the examples, or the cache folder where no other run can use them; None in
            memory.
        reused: True where an earlier run has made that entry.
        marks: uint8 (n,), the `modalities.marks.Mark` of the example of each row of `rows`.
    """

    rows: np.ndarray
    array: np.ndarray
    lookup: np.ndarray
    folder: Path | None = None
    reused: bool = False
    marks: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.uint8))

    def __len__(self) -> int:
        return len(self.rows)

    def gather(
        self, rows: np.ndarray, take: Callable[[np.ndarray, np.ndarray], np.ndarray] = operator.getitem
    ) -> np.ndarray:
        """Return the examples of rows of the manifest, (len(rows), *stored_shape).

        Args:
            rows: int64 (n,), rows of the manifest.
            take: Function of `array` and the int64 (n,) indices to take, for another result than `array[indices]`.

        Raises:
            ValueError: A row is not stored.
        """
        index = self.lookup[rows]
        if (index < 0).any():
            missing = np.asarray(rows)[index < 0]
            raise ValueError(f"rows must be in the store. Received: rows={missing[:5].tolist()} that are not")
        examples = take(self.array, index)
        _release(self.array)
        return examples

    def tensor(self) -> tf.Tensor:
        """Return `array` as a tensor, without a copy if its memory is aligned, as that of `load_examples` is."""
        if self.array.ctypes.data % _ALIGNED:
            return tf.constant(self.array)
        return tf.experimental.dlpack.from_dlpack(self.array.__dlpack__())

    @property
    def description(self) -> str:
        """Size and location of the examples, for messages."""
        size = f"{self.array.nbytes / 1e6:,.1f} MB"
        if self.folder is None:
            return f"{size} in memory"
        return f"{size} in {self.folder}{', made by an earlier run' if self.reused else ''}"


@quiet.decoders()
def load_examples(
    manifest: Manifest,
    preprocess: Loadable,
    rows: Sequence[int] | np.ndarray,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Store, dict[int, str]]:
    """Decode rows of a manifest in threads and store `preprocess.example` of each.

    Up to `MEMORY_LIMIT` bytes are stored in memory; more in the cache on disk, which may have them already.

    Args:
        manifest: The examples.
        preprocess: A fitted ImagePreprocess, AudioPreprocess or TextPreprocess.
        rows: Rows of the manifest.
        progress: Called with (rows done, rows in all) from time to time.

    Returns:
        The store of the rows that could be decoded, and the reason why not for each of the others.

    Raises:
        ValueError: The preprocessing is not fitted, or the disk has no room.
    """
    if not preprocess.fitted:
        raise ValueError(f"preprocess must be fitted. Received: preprocess={preprocess!r}")
    rows = np.asarray(rows, dtype=np.int64)
    shape, dtype = (len(rows), *preprocess.stored_shape), np.dtype(preprocess.stored_dtype)
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if size <= MEMORY_LIMIT:
        array = _in_memory(shape, dtype, size)
        stored, reasons, marks = _fill(array, manifest, preprocess, rows, progress)
        return _store(manifest, rows, array, stored, marks), _by_row(rows, reasons)
    name = cache.key([preprocess, manifest.sample_rate], manifest.table["hash"].to_numpy()[rows])
    opened = _open(name, dtype, shape)
    reused = opened is not None
    if opened is None:
        with cache.new(size) as folder:
            array = _file(folder / entries.EXAMPLES, dtype, shape, size)
            stored, reasons, marks = _fill(array, manifest, preprocess, rows, progress)
            if not all(_unchanged(manifest, int(rows[i])) for i in reasons):
                return _store(manifest, rows, array, stored, marks, cache.home()), _by_row(rows, reasons)
            array.flush()
            del array  # some systems cannot rename a folder with open files
            entries.write(folder, name, entries.Rows(stored, reasons, marks))
            cache.commit(folder, name)
        opened = _open(name, dtype, shape)
    if opened is None:
        raise ValueError(f"the cache must keep what is written to it. Received: MULTICNN_CACHE={str(cache.home())!r}")
    entry, array, stored, reasons, marks = opened
    return _store(manifest, rows, array, stored, marks, entry, reused), _by_row(rows, reasons)


def _by_row(rows: np.ndarray, reasons: Mapping[int, str]) -> dict[int, str]:
    return {int(rows[i]): reason for i, reason in reasons.items()}


def _open(
    name: str, dtype: np.dtype, shape: tuple[int, ...]
) -> tuple[Path, np.memmap, list[int], dict[int, str], list[int]] | None:
    """Open an entry of the cache: its folder, its examples, and the results of `_fill`; None if there is none.

    A damaged one, or one that belongs under another name, is deleted.
    """
    if (entry := cache.lookup(name)) is None:
        return None
    try:
        rows = entries.read(entry, name, shape[0], int(np.prod(shape, dtype=np.int64)) * dtype.itemsize)
        array = np.memmap(entry / entries.EXAMPLES, dtype, "r", shape=shape)
        return entry, array, rows.stored, rows.reasons, rows.marks
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        cache.remove(entry)
        return None


def merge_shards(shard: Store, all_gather: Callable[[Any], list[Any]]) -> Store:
    """Merge the stores of several workers that have each read a shard of the rows.

    Args:
        shard: The store of this worker.
        all_gather: Collective function that returns the values of all workers, in the same order for all.
    """
    shards = all_gather(shard.rows)
    rows = np.sort(np.concatenate(shards))
    lookup = np.full(len(shard.lookup), -1, dtype=np.int64)
    lookup[rows] = np.arange(len(rows))
    marks = np.zeros(len(rows), np.uint8)
    for theirs, given in zip(shards, all_gather(shard.marks)):
        marks[lookup[theirs]] = given

    def fill(array: np.ndarray) -> None:
        for start in range(0, max(map(len, shards)), MOST):
            chunk = slice(start, start + MOST)
            for theirs, examples in zip(shards, all_gather(shard.array[chunk])):
                array[lookup[theirs[chunk]]] = examples
            _release(array)

    shape, dtype = (len(rows), *shard.array.shape[1:]), shard.array.dtype
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if size <= MEMORY_LIMIT:
        fill(array := _in_memory(shape, dtype, size))
        return Store(rows, array, lookup, marks=marks)
    with cache.new(size) as folder:
        fill(array := _file(folder / entries.EXAMPLES, dtype, shape, size))
    return Store(rows, array, lookup, cache.home(), marks=marks)


def _store(
    manifest: Manifest,
    rows: np.ndarray,
    array: np.ndarray,
    stored: list[int],
    marks: list[int],
    folder: Path | None = None,
    reused: bool = False,
) -> Store:
    """Return the store of the rows at the indices `stored`, whose examples are the first of `array`."""
    lookup = np.full(len(manifest), -1, dtype=np.int64)
    lookup[rows[stored]] = np.arange(len(stored))
    return Store(rows[stored], array[: len(stored)], lookup, folder, reused, np.array(marks, np.uint8))


def _fill(
    array: np.ndarray,
    manifest: Manifest,
    preprocess: Loadable,
    rows: np.ndarray,
    progress: Callable[[int, int], None] | None,
) -> tuple[list[int], dict[int, str], list[int]]:
    """Write the examples of the good rows one after another.

    Returns:
        Their indices in `rows`, the reasons why others are bad by their index, and the mark of each good one.
    """
    stored: list[int] = []
    reasons: dict[int, str] = {}
    marks: list[int] = []
    for answers, marked in _in_threads(manifest, preprocess, rows):
        for answer, mark in zip(answers, marked):
            index = len(stored) + len(reasons)
            if isinstance(answer, str):
                reasons[index] = answer
            else:
                array[len(stored)] = answer
                stored.append(index)
                marks.append(int(mark))
        _release(array)
        if progress is not None:
            progress(len(stored) + len(reasons), len(rows))
    return stored, reasons, marks


def _unchanged(manifest: Manifest, row: int) -> bool:
    """Return whether the file of a bad row still has the content that the manifest was made with."""
    if not manifest.is_file(row):
        return True
    try:
        data = regular_files.read_bytes(str(manifest.raw_source(row)))
        return content_hash(data) == manifest.table["hash"].iloc[row]
    except (OSError, ValueError):
        return False


def _in_memory(shape: tuple[int, ...], dtype: np.dtype, size: int) -> np.ndarray:
    """Allocate an array that can become a tensor without a copy."""
    memory = np.empty(size + _ALIGNED, np.uint8)
    start = -memory.ctypes.data % _ALIGNED
    return memory[start : start + size].view(dtype).reshape(shape)


def _file(path: Path, dtype: np.dtype, shape: tuple[int, ...], size: int) -> np.memmap:
    """Allocate a memory-mapped file; where the system can reserve its bytes, the disk cannot run full while it is written."""
    with path.open("wb") as file:
        file.truncate(size)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
    return np.memmap(path, dtype, "r+", shape=shape)


def _release(array: np.ndarray) -> None:
    """Advise the kernel to drop these pages, so that the mapped file does not count as resident memory."""
    pages: Any = array
    while isinstance(pages, np.ndarray):
        pages = pages.base
    if isinstance(pages, mmap.mmap) and hasattr(pages, "madvise"):
        pages.madvise(mmap.MADV_DONTNEED)  # the mapping is shared, so nothing is lost


def _in_threads(manifest: Manifest, preprocess: Loadable, rows: np.ndarray) -> Iterator[Marked]:
    """Yield, chunk by chunk, the example of each row in order, or the reason why there is none; and the marks."""
    workers = os.cpu_count() or 1
    bytes_each = int(np.prod(preprocess.stored_shape)) * np.dtype(preprocess.stored_dtype).itemsize
    size = min(max(_TASK_BYTES // bytes_each, FEWEST), MOST, -(-len(rows) // (_TASKS * workers)) or 1)
    chunks = iter([rows[i : i + size] for i in range(0, len(rows), size)])
    pending: deque[Future] = deque()

    def work(chunk: np.ndarray) -> Marked:
        return preprocess.marked_examples_of([manifest.raw_source(row) for row in chunk.tolist()])

    with ThreadPoolExecutor(workers) as pool:
        try:
            for _ in range(2 * workers):  # so many chunks at most are decoded and not yet stored
                if (chunk := next(chunks, None)) is not None:
                    pending.append(pool.submit(work, chunk))
            while pending:
                yield pending.popleft().result()
                if (chunk := next(chunks, None)) is not None:
                    pending.append(pool.submit(work, chunk))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C need not wait for what is queued
