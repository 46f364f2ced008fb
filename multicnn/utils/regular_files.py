"""Open regular files alone: a pipe, a device, a socket, or a link to one, may never end or wait forever."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

from multicnn.utils import limits

_READ_ONLY = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_BLOCK = 1 << 16
_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)

Path = str | os.PathLike


class NotRegularError(OSError):
    """There is a pipe, a device or a socket in the place of a file."""


def check(path: Path) -> os.stat_result:
    """Return the status of a regular file, without opening what is none.

    Raises:
        OSError: Nothing is there, or something else than a file; `strerror` is a short reason.
    """
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(status.st_mode):
        kind = next((kind for is_kind, kind in _KINDS if is_kind(status.st_mode)), "something else")
        raise NotRegularError(errno.EINVAL, f"not a file but {kind}", os.fspath(path))
    return status


def descriptor(path: Path) -> int:
    """Return a descriptor of a regular file, opened for reading; errors as of `check`."""
    check(path)
    return _open(path)


def _open(path: Path) -> int:
    return os.open(path, _READ_ONLY)  # never waits, should it have become a pipe since it was checked


def opened(path: Path) -> BinaryIO:
    """Return a regular file opened for reading; errors as of `check`."""
    return os.fdopen(descriptor(path), "rb")


def blocks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a regular file piece by piece; of a small one `open` would take half as long again."""
    file = descriptor(path)
    try:
        yield from _blocks(file)
    finally:
        os.close(file)


def _blocks(file: int) -> Iterator[bytes]:
    while block := os.read(file, _BLOCK):
        yield block


def read_bytes(path: Path, limit: str = "file_bytes") -> bytes:
    """Return the bytes of a regular file.

    Args:
        path: The file.
        limit: The name of the limit of its size.

    Raises:
        OSError: As of `check`.
        ValueError: It is larger than the limit.
    """
    size = check(path).st_size
    limits.check(limit, size, f"large: {size:,} bytes")
    file = _open(path)
    try:
        found, total = [], 0
        for block in _blocks(file):
            found.append(block)
            if (total := total + len(block)) > size:  # it grows, or is one of the system's that have no size
                limits.check(limit, total, f"large: {total:,} bytes or more")
    finally:
        os.close(file)
    return b"".join(found)


def read_text(path: Path, limit: str = "table_bytes") -> str:
    """Return the UTF-8 text of a regular file; errors as of `read_bytes`, and UnicodeDecodeError."""
    return read_bytes(path, limit).decode("utf-8")
