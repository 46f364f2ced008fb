"""Write files atomically and durably, and lock folders."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_TEMPORARY = ".part-"  # a prefix, since some writers choose the format by the suffix


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary file to write, which replaces `path` when the block ends without an exception.

    Whenever the process is killed, `path` has either the old contents or the new ones.

    Raises:
        OSError: It cannot be written (the disk is full, the folder read-only); the old contents are untouched.
    """
    temporary = path.with_name(_TEMPORARY + path.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _synchronise(temporary)
        os.replace(temporary, path)
        _synchronise(path.parent)  # else a power failure may lose the new name
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(f"{path} cannot be written: {error.strerror or error}") from error
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text to a file atomically."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: object) -> None:
    """Write plain data to a JSON file atomically."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def sweep(folder: Path) -> None:
    """Delete the temporary files of killed processes in a folder and those below it."""
    for temporary in folder.rglob(_TEMPORARY + "*"):
        temporary.unlink()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder for this process and create it if it is missing; the lock ends with the process, however it ends.

    Where the system cannot lock a folder (Windows, some network disks) it is not locked.

    Raises:
        ValueError: Another process has locked it.
        OSError: It cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"{folder} cannot be written: {error.strerror or error}") from error
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"another run is using this folder. Received: folder={str(folder)!r}") from None
        except OSError:
            pass  # a disk without locks
        yield
    finally:
        os.close(descriptor)


def _synchronise(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
