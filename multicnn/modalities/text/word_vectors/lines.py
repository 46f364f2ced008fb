"""The lines of a text file of word vectors, which may be compressed, within the limits of a line and of what is unpacked."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from multicnn.utils import limits, regular_files

_GZIP = b"\x1f\x8b"


class Lines:
    """The lines of a file; ValueError where one, or all of a compressed file, is longer than is allowed.

    Args:
        path: The file.
    """

    def __init__(self, path: Path):
        self._file = opened(path)
        self._packed, self._unpacked, self._most = os.stat(path).st_size, 0, limits.current().line_bytes

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[bytes]:
        while line := self.next():
            yield line

    def next(self) -> bytes:
        """Return the next line with its end, or nothing at the end of the file."""
        line = self._file.readline(self._most + 1)
        if len(line) > self._most:
            limits.check("line_bytes", len(line), f"large: a line of over {self._most:,} bytes")
        self._unpacked += len(line)
        limits.check_unpacked(self._unpacked, self._packed, "the file")
        return line


def opened(path: Path) -> BinaryIO | gzip.GzipFile:
    """Return a regular file opened for reading, unpacked if it is compressed with gzip."""
    with regular_files.opened(path) as file:
        compressed = file.read(2) == _GZIP
    file = regular_files.opened(path)
    return gzip.GzipFile(fileobj=file) if compressed else file
