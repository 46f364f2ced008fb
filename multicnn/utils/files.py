"""Write files atomically and durably, read JSON within limits, and lock folders."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from multicnn.utils import regular_files

if sys.platform != "win32":
    import fcntl

_DEEPEST = 200  # levels of a JSON file; networks of papers have under 40
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


def read_json(path: Path, limit: str = "json_bytes") -> dict:
    """Return the object of a JSON file.

    Args:
        path: A regular file.
        limit: The name of the limit of its size.

    Raises:
        ValueError: It is too large, no JSON, or nested too deeply.
        OSError: It cannot be read, or is no regular file.
    """
    try:
        return parse_json(regular_files.read_bytes(path, limit))
    except ValueError as error:
        raise ValueError(f"{path} must be a file of JSON ({error})") from None


def parse_json(data: bytes) -> dict:
    """Return the object of JSON; ValueError where it is none, or nested so deeply that what reads it would fail."""
    value = parse_value(data)
    if not isinstance(value, dict):
        raise ValueError(f"an object is expected, not {type(value).__name__}")
    return value


def parse_value(data: str | bytes, pairs: Callable[[list[tuple[str, object]]], object] | None = None) -> object:
    """Return any value of JSON, nested no deeper than that.

    Args:
        data: The JSON.
        pairs: Makes an object of its names and values; a dict by default.

    Raises:
        ValueError: It is no JSON, or nested too deeply.
    """
    too_deep = f"it is nested too deeply: over {_DEEPEST} levels"
    try:
        value = json.loads(data, object_pairs_hook=pairs)
    except RecursionError:
        raise ValueError(too_deep) from None
    level: list[object] = [value]
    depth = 0
    while level := [inner for outer in level if isinstance(outer, (dict, list)) for inner in _children(outer)]:
        if (depth := depth + 1) > _DEEPEST:
            raise ValueError(too_deep)
    return value


def is_temporary(path: Path) -> bool:
    """Return whether a file is the temporary one of a process that writes it, or was killed while it did."""
    return path.name.startswith(_TEMPORARY)


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


def _children(value: dict | list) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value


def _synchronise(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
