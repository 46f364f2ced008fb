"""Decodes every example once and keeps what the preprocessing makes of it, in memory or in a file."""

from __future__ import annotations

import mmap
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from multicnn.data.manifest import Manifest

MEMORY_LIMIT = 2**30  # bytes of examples beyond which they are kept in a file
_CHUNK = 64  # examples a task
_MANY = 1024  # of those that are made many at once


@dataclass(frozen=True, eq=False)
class Store:
    """The stored form of the good ones of some rows of a manifest.

    Attributes:
        rows: int64 (n,), the positions in the manifest that are stored, in the order they were asked for.
        array: (n, *stored_shape) of the stored type, the example of each row of `rows`; perhaps a `numpy.memmap`.
        lookup: int64, one per row of the manifest: its index in `array`, or -1.
        folder: the temporary folder of the file, deleted with the store; None in memory.
        pages: the mapping of that file.
    """

    rows: np.ndarray
    array: np.ndarray
    lookup: np.ndarray
    folder: tempfile.TemporaryDirectory | None = None
    pages: mmap.mmap | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """Returns the examples (len(rows), *stored_shape) of rows of the manifest.

        Raises:
            ValueError: a row is not stored.
        """
        index = self.lookup[rows]
        if (index < 0).any():
            missing = np.asarray(rows)[index < 0]
            raise ValueError(f"rows must be in the store. Received: rows={missing[:5].tolist()} that are not")
        found = self.array[index]
        _let_go(self.pages)
        return found

    @property
    def place(self) -> str:
        """How much they are and where, in words."""
        size = f"{self.array.nbytes / 1e6:,.1f} MB"
        return f"{size} in memory" if self.folder is None else f"{size} in a file in {self.folder.name}"


def materialise(
    manifest: Manifest,
    preprocess: Any,
    rows: Sequence[int] | np.ndarray,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Store, dict[int, str]]:
    """Decodes rows of a manifest in threads and stores `preprocess.example` of each.

    Up to `MEMORY_LIMIT` bytes are kept in memory, more in a file in the folder for temporary files.

    Args:
        manifest: where the examples are.
        preprocess: a fitted ImagePreprocess, AudioPreprocess or TextPreprocess.
        rows: positions in the manifest.
        progress: called with (rows done, rows in all) from time to time.

    Returns:
        The store of the rows that could be decoded, and for each of the others the reason why not.

    Raises:
        ValueError: the preprocessing is not fitted, or the disk has no room for the file.
    """
    if not preprocess.fitted:
        raise ValueError(f"preprocess must be fitted. Received: preprocess={preprocess!r}")
    rows = np.asarray(rows, dtype=np.int64)
    array, folder, pages = _allocate((len(rows), *preprocess.stored_shape), np.dtype(preprocess.stored_dtype))
    kept: list[int] = []
    reasons: dict[int, str] = {}
    done = 0
    for chunk, answers in _in_threads(manifest, preprocess, rows):
        for row, answer in zip(chunk.tolist(), answers, strict=True):
            if isinstance(answer, str):
                reasons[row] = answer
            else:
                array[len(kept)] = answer
                kept.append(row)
        _let_go(pages)
        done += len(chunk)
        if progress is not None:
            progress(done, len(rows))
    lookup = np.full(len(manifest), -1, dtype=np.int64)
    lookup[kept] = np.arange(len(kept))
    return Store(np.array(kept, dtype=np.int64), array[: len(kept)], lookup, folder, pages), reasons


def _let_go(pages: mmap.mmap | None) -> None:
    """Lets the system count what was read or written of a file as its own memory: else a large file becomes ours."""
    if pages is not None and hasattr(pages, "madvise"):
        pages.madvise(mmap.MADV_DONTNEED)  # the mapping is shared, so nothing is lost


def _allocate(
    shape: tuple[int, ...], dtype: np.dtype
) -> tuple[np.ndarray, tempfile.TemporaryDirectory | None, mmap.mmap | None]:
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if size <= MEMORY_LIMIT:
        return np.empty(shape, dtype), None, None
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if size > free:  # writing past the end of the disk through a memory map kills the process
        where = f"{tempfile.gettempdir()}, which has {free / 1e9:.1f} GB free; TMPDIR names another folder"
        raise ValueError(f"the stored examples must fit in {where}. Received: shape={shape}, {size / 1e9:.1f} GB")
    folder = tempfile.TemporaryDirectory(prefix="multicnn-")
    array = np.memmap(Path(folder.name) / "examples", dtype, "w+", shape=shape)
    return array, folder, array.base


def _in_threads(manifest: Manifest, preprocess: Any, rows: np.ndarray) -> Iterator[tuple[np.ndarray, list]]:
    """Yields chunks of rows with the example of each or the reason why there is none, in order."""
    workers = os.cpu_count() or 1
    size = _MANY if hasattr(preprocess, "examples") else _CHUNK
    chunks = iter([rows[i : i + size] for i in range(0, len(rows), size)])
    pending: deque[tuple[np.ndarray, Future]] = deque()

    def work(chunk: np.ndarray) -> list:
        if hasattr(preprocess, "examples"):
            return _at_once(manifest, preprocess, chunk.tolist())
        return [_example(manifest, preprocess, row) for row in chunk.tolist()]

    with ThreadPoolExecutor(workers) as pool:
        try:
            for _ in range(2 * workers):  # so many chunks at most are decoded and not yet stored
                if (chunk := next(chunks, None)) is not None:
                    pending.append((chunk, pool.submit(work, chunk)))
            while pending:
                chunk, future = pending.popleft()
                yield chunk, future.result()
                if (chunk := next(chunks, None)) is not None:
                    pending.append((chunk, pool.submit(work, chunk)))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C need not wait for what is queued


def _example(manifest: Manifest, preprocess: Any, row: int) -> np.ndarray | str:
    try:
        return preprocess.example(preprocess.decode(manifest.raw_source(row)))
    except ValueError as error:
        return str(error) or "cannot be decoded"


def _at_once(manifest: Manifest, preprocess: Any, rows: list[int]) -> list[np.ndarray | str]:
    """As `_example` of each row: a text alone takes longer than its share of many."""
    answers: list[Any] = [None] * len(rows)
    good, raws = [], []
    for place, row in enumerate(rows):
        try:
            raws.append(preprocess.decode(manifest.raw_source(row)))
            good.append(place)
        except ValueError as error:
            answers[place] = str(error) or "cannot be decoded"
    for place, example in zip(good, preprocess.examples(raws)):
        answers[place] = example
    return answers
