"""Decodes every example once and keeps what the preprocessing makes of it, in memory or in the cache on disk."""

from __future__ import annotations

import json
import mmap
import operator
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from multicnn.data import cache
from multicnn.data.manifest import Manifest, content_hash

MEMORY_LIMIT = 2**30  # bytes of examples beyond which they are kept on disk
_TASK_BYTES = 2**22  # of the examples that a thread makes at a time
_FEWEST, _MOST = 16, 1024  # examples of these
_TASKS = 8  # a thread has of a small data set, so that none waits long for another at the end
_ALIGNED = 64  # bytes: TensorFlow's tensors begin at multiples of it
_EXAMPLES, _ROWS = "examples", "rows.json"  # files of an entry of the cache


@dataclass(frozen=True, eq=False)
class Store:
    """The stored form of the good ones of some rows of a manifest.

    Attributes:
        rows: int64 (n,), the positions in the manifest that are stored, in the order they were asked for.
        array: (n, *stored_shape) of the stored type, the example of each row of `rows`; perhaps a `numpy.memmap`.
        lookup: int64, one per row of the manifest: its index in `array`, or -1.
        folder: the entry of the cache that holds them, or the cache, where no other run can use them; None in memory.
        found: whether an earlier run had made that entry.
    """

    rows: np.ndarray
    array: np.ndarray
    lookup: np.ndarray
    folder: Path | None = None
    found: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def gather(
        self, rows: np.ndarray, take: Callable[[np.ndarray, np.ndarray], np.ndarray] = operator.getitem
    ) -> np.ndarray:
        """Returns the examples (len(rows), *stored_shape) of rows of the manifest, or what `take(array, places)` makes of them.

        Raises:
            ValueError: a row is not stored.
        """
        index = self.lookup[rows]
        if (index < 0).any():
            missing = np.asarray(rows)[index < 0]
            raise ValueError(f"rows must be in the store. Received: rows={missing[:5].tolist()} that are not")
        examples = take(self.array, index)
        _let_go(self.array)
        return examples

    def tensor(self) -> tf.Tensor:
        """`array` as a tensor: in the same memory if it begins where a tensor may, as those of `load_examples` do."""
        if self.array.ctypes.data % _ALIGNED:
            return tf.constant(self.array)
        return tf.experimental.dlpack.from_dlpack(self.array.__dlpack__())

    @property
    def place(self) -> str:
        """How much they are and where, in words."""
        size = f"{self.array.nbytes / 1e6:,.1f} MB"
        if self.folder is None:
            return f"{size} in memory"
        return f"{size} in {self.folder}{', made by an earlier run' if self.found else ''}"


def load_examples(
    manifest: Manifest,
    preprocess: Any,
    rows: Sequence[int] | np.ndarray,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Store, dict[int, str]]:
    """Decodes rows of a manifest in threads and stores `preprocess.example` of each.

    Up to `MEMORY_LIMIT` bytes are kept in memory; more in the cache on disk, where they may be already.

    Args:
        manifest: where the examples are.
        preprocess: a fitted ImagePreprocess, AudioPreprocess or TextPreprocess.
        rows: positions in the manifest.
        progress: called with (rows done, rows in all) from time to time.

    Returns:
        The store of the rows that could be decoded, and for each of the others the reason why not.

    Raises:
        ValueError: the preprocessing is not fitted, or the disk has no room.
    """
    if not preprocess.fitted:
        raise ValueError(f"preprocess must be fitted. Received: preprocess={preprocess!r}")
    rows = np.asarray(rows, dtype=np.int64)
    shape, dtype = (len(rows), *preprocess.stored_shape), np.dtype(preprocess.stored_dtype)
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if size <= MEMORY_LIMIT:
        array = _in_memory(shape, dtype, size)
        kept, reasons = _fill(array, manifest, preprocess, rows, progress)
        return _store(manifest, rows, array, kept), {int(rows[place]): said for place, said in reasons.items()}
    name = cache.key([preprocess, manifest.sample_rate], manifest.table["hash"].to_numpy()[rows])
    opened = _opened(name, dtype, shape)
    known = opened is not None
    if opened is None:
        with cache.new(size) as part:
            array = _file(part / _EXAMPLES, dtype, shape, size)
            kept, reasons = _fill(array, manifest, preprocess, rows, progress)
            of_rows = {int(rows[place]): said for place, said in reasons.items()}
            if not all(_as_found(manifest, row) for row in of_rows):
                return _store(manifest, rows, array, kept, cache.home()), of_rows
            array.flush()
            del array  # some systems rename no folder of open files
            (part / _ROWS).write_text(json.dumps([kept, reasons]), encoding="utf-8")
            cache.keep(part, name)
        opened = _opened(name, dtype, shape)
    entry, array, kept, reasons = opened
    return _store(manifest, rows, array, kept, entry, known), {int(rows[int(i)]): said for i, said in reasons.items()}


def _opened(name: str, dtype: np.dtype, shape: tuple[int, ...]) -> tuple[Path, np.memmap, list[int], dict] | None:
    """An entry of the cache: its folder, its examples, and what `_fill` gave; None if there is none. A damaged one is deleted."""
    if (entry := cache.found(name)) is None:
        return None
    try:
        kept, reasons = json.loads((entry / _ROWS).read_text(encoding="utf-8"))
        return entry, np.memmap(entry / _EXAMPLES, dtype, "r", shape=shape), kept, reasons
    except (OSError, ValueError):
        shutil.rmtree(entry, ignore_errors=True)
        return None


def together(part: Store, all_gather: Callable[[Any], list[Any]]) -> Store:
    """The store of what several workers have each read a part of.

    Args:
        part: This worker's.
        everyones: Gives the values of all workers, in the same order for all; all must ask.
    """
    parts = all_gather(part.rows)
    rows = np.sort(np.concatenate(parts))
    lookup = np.full(len(part.lookup), -1, dtype=np.int64)
    lookup[rows] = np.arange(len(rows))

    def fill(array: np.ndarray) -> None:
        for start in range(0, max(map(len, parts)), _MOST):
            chunk = slice(start, start + _MOST)
            for theirs, examples in zip(parts, all_gather(part.array[chunk])):
                array[lookup[theirs[chunk]]] = examples
            _let_go(array)

    shape, dtype = (len(rows), *part.array.shape[1:]), part.array.dtype
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if size <= MEMORY_LIMIT:
        fill(array := _in_memory(shape, dtype, size))
        return Store(rows, array, lookup)
    with cache.new(size) as folder:
        fill(array := _file(folder / _EXAMPLES, dtype, shape, size))
    return Store(rows, array, lookup, cache.home())


def _store(manifest: Manifest, rows: np.ndarray, array: np.ndarray, kept: list[int], *entry: Any) -> Store:
    """The store of the rows at the places `kept`, whose examples are the first of `array`."""
    lookup = np.full(len(manifest), -1, dtype=np.int64)
    lookup[rows[kept]] = np.arange(len(kept))
    return Store(rows[kept], array[: len(kept)], lookup, *entry)


def _fill(
    array: np.ndarray,
    manifest: Manifest,
    preprocess: Any,
    rows: np.ndarray,
    progress: Callable[[int, int], None] | None,
) -> tuple[list[int], dict[int, str]]:
    """Writes the examples of the good rows one after another: the places of these in `rows`, and why others are bad."""
    kept: list[int] = []
    reasons: dict[int, str] = {}
    for answers in _in_threads(manifest, preprocess, rows):
        for answer in answers:
            place = len(kept) + len(reasons)
            if isinstance(answer, str):
                reasons[place] = answer
            else:
                array[len(kept)] = answer
                kept.append(place)
        _let_go(array)
        if progress is not None:
            progress(len(kept) + len(reasons), len(rows))
    return kept, reasons


def _as_found(manifest: Manifest, row: int) -> bool:
    """Whether the example of a bad row still has the content it was found with, which then is what is bad."""
    source = manifest.raw_source(row)
    if manifest.modality == "text" or not isinstance(source, str):
        return True
    try:
        return content_hash(Path(source).read_bytes()) == manifest.table["hash"].iloc[row]
    except OSError:
        return False


def _in_memory(shape: tuple[int, ...], dtype: np.dtype, size: int) -> np.ndarray:
    """An array to fill that can be a tensor without a copy."""
    memory = np.empty(size + _ALIGNED, np.uint8)
    begin = -memory.ctypes.data % _ALIGNED
    return memory[begin : begin + size].view(dtype).reshape(shape)


def _file(path: Path, dtype: np.dtype, shape: tuple[int, ...], size: int) -> np.memmap:
    """A file to fill; where the system can promise its bytes, a disk that gets full later does not matter."""
    with path.open("wb") as file:
        file.truncate(size)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
    return np.memmap(path, dtype, "r+", shape=shape)


def _let_go(array: np.ndarray) -> None:
    """Lets the system count what was read or written of a file as its own memory: else a large file becomes ours."""
    pages = array
    while isinstance(pages, np.ndarray):
        pages = pages.base
    if isinstance(pages, mmap.mmap) and hasattr(pages, "madvise"):
        pages.madvise(mmap.MADV_DONTNEED)  # the mapping is shared, so nothing is lost


def _in_threads(manifest: Manifest, preprocess: Any, rows: np.ndarray) -> Iterator[list[np.ndarray | str]]:
    """Yields, chunk by chunk, the example of each row in order, or the reason why there is none."""
    workers = os.cpu_count() or 1
    bytes_each = int(np.prod(preprocess.stored_shape)) * np.dtype(preprocess.stored_dtype).itemsize
    size = min(max(_TASK_BYTES // bytes_each, _FEWEST), _MOST, -(-len(rows) // (_TASKS * workers)) or 1)
    chunks = iter([rows[i : i + size] for i in range(0, len(rows), size)])
    pending: deque[Future] = deque()

    def work(chunk: np.ndarray) -> list[np.ndarray | str]:
        if hasattr(preprocess, "examples_of"):
            return preprocess.examples_of([manifest.raw_source(row) for row in chunk.tolist()])
        return [_example(manifest, preprocess, row) for row in chunk.tolist()]

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


def _example(manifest: Manifest, preprocess: Any, row: int) -> np.ndarray | str:
    try:
        return preprocess.example(preprocess.decode(manifest.raw_source(row)))
    except ValueError as error:
        return str(error) or "cannot be decoded"
