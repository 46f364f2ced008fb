"""Inputs as Python users hold them: file objects, uploads, tensors, cells of data sets, images of Pillow."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Readable(Protocol):
    """A file object or an upload."""

    def read(self) -> object:
        """Return the content."""


def plain(item: object) -> object:
    """Return an input as a string, bytes, a path, an array, or a pair of a waveform and its rate, where it is one of these.

    Args:
        item: One input. A file object or an upload is read; one opened as text gives its UTF-8 bytes. A cell of a Hugging
            Face data set, {"bytes": ..., "path": ...} or {"array": ..., "sampling_rate": ...}, gives what it holds.

    Returns:
        The input; anything else as it is.

    Raises:
        ValueError: A file object cannot be read, or a tuple is no waveform; the message is a short reason.
    """
    if isinstance(item, (str, bytes)):
        return str(item) if isinstance(item, str) else bytes(item)  # and not NumPy's
    if isinstance(item, (bytearray, memoryview)):
        return bytes(item)
    if isinstance(item, Mapping):
        return _cell(item)
    if isinstance(item, Readable):
        return _content(item)
    if isinstance(item, tuple):
        if not is_waveform(item):
            raise ValueError("a tuple that is no (waveform, rate in Hz)")
        return np.asarray(item[0]), int(item[1])
    if hasattr(item, "__array__") and not type(item).__module__.startswith("PIL."):
        array = np.asarray(item)
        return plain(array.item()) if array.ndim == 0 and array.dtype.kind in "USO" else array
    return item


def is_waveform(item: object) -> bool:
    """Return True for a pair of an array of numbers and one number: a waveform with its rate in Hz."""
    if not isinstance(item, tuple) or len(item) != 2:
        return False
    rate = item[1].item() if hasattr(item[1], "item") and np.ndim(item[1]) == 0 else item[1]
    real = isinstance(rate, numbers.Real) and not isinstance(rate, bool)
    return real and (hasattr(item[0], "__array__") or is_numbers(item[0]))


def is_numbers(item: object) -> bool:
    """Return True for a list or tuple of numbers, or of such lists."""
    if not isinstance(item, Sequence) or isinstance(item, (str, bytes)) or not item:
        return False
    first = item[0]
    return (isinstance(first, numbers.Real) and not isinstance(first, bool)) or is_numbers(first)


def of_numbers(item: object) -> np.ndarray:
    """Return the array of a list of numbers, or of lists of them; ValueError where their lengths differ."""
    try:
        return np.array(item)
    except ValueError:
        raise ValueError("numbers must form an array: the lengths of the lists differ") from None


def is_cell(item: Mapping[str, object]) -> bool:
    """Return True for a cell of a Hugging Face data set that holds a file or a clip."""
    return "bytes" in item or {"array", "sampling_rate"} <= set(item)


def _cell(cell: Mapping[str, object]) -> object:
    if cell.get("bytes") is not None:
        return plain(cell["bytes"])
    if "array" in cell and "sampling_rate" in cell:
        return plain((np.asarray(cell["array"]), cell["sampling_rate"]))
    if set(cell) <= {"bytes", "path"} and cell.get("path"):
        return Path(str(cell["path"]))
    raise ValueError(f"a mapping with the keys {', '.join(map(str, cell))}: pass the value that is the input")


def _content(file: Readable) -> bytes:
    if inspect.iscoroutinefunction(file.read) and hasattr(file, "file"):  # an upload of Starlette
        file = file.file
    try:
        data = file.read()
        if not data and hasattr(file, "seek"):  # written just now, or read before
            file.seek(0)
            data = file.read()
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot be read: {error}") from None
    if inspect.iscoroutine(data):
        data.close()
        raise ValueError("cannot be read here: pass its content, `await file.read()`")
    if isinstance(data, str):
        return data.encode("utf-8", "surrogatepass")
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise ValueError(f"read() must give bytes, not {type(data).__name__}")
    return bytes(data)
