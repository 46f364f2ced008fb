"""Files that are written whole or not at all, and stay written when the power fails."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_PART = ".part-"  # in front of the name, for some writers go by its ending


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give the path of a file to write, which takes the place of `path` when the block ends well.

    Whenever the process is killed, `path` holds the old contents or the new ones.

    Raises:
        OSError: It cannot be written (the disk is full, the folder read-only); the old contents are untouched.
    """
    part = path.with_name(_PART + path.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _synchronise(part)
        os.replace(part, path)
        _synchronise(path.parent)  # else the new name may be lost with the power, though the contents are safe
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(f"{path} cannot be written: {error.strerror or error}") from error
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text to a file, whole or not at all."""
    with atomic_file(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write plain data to a file, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def sweep(folder: Path) -> None:
    """Delete what `atomic_file` left half written in a folder and those below it when it was killed."""
    for part in folder.rglob(_PART + "*"):
        part.unlink()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a folder, which is made if need be, to this process; the system lets go of it however the process ends.

    Where the system cannot lock a folder (Windows, some network disks) nothing is kept.

    Raises:
        ValueError: Another process holds it.
        OSError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"{folder} cannot be written: {error.strerror or error}") from error
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"another run is at work in this folder. Received: folder={str(folder)!r}") from None
        except OSError:
            pass  # a disk that cannot
        yield
    finally:
        os.close(descriptor)


def _synchronise(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
