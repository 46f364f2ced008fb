"""Inputs as Python users hold them: file objects, uploads, tensors, cells of data sets, images of Pillow."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeGuard

import numpy as np


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
    if is_file(item):
        return _content(item)
    if isinstance(item, tuple):
        if not is_waveform(item):
            raise ValueError("a tuple that is no (waveform, rate in Hz)")
        return array_of(item[0]), rate_of(item[1])
    if isinstance(item, list) and is_numbers(item):
        return array_of(item)
    if hasattr(item, "__array__") and not type(item).__module__.startswith("PIL."):
        array = array_of(item)
        return plain(array.item()) if array.ndim == 0 and array.dtype.kind in "USO" else array
    return item


def is_file(item: object) -> TypeGuard[Readable]:
    """Return True for a file object or an upload."""
    return callable(getattr(item, "read", None))


def is_waveform(item: object) -> bool:
    """Return True for a pair of an array of numbers and one number: a waveform with its rate in Hz."""
    if not isinstance(item, tuple) or len(item) != 2:
        return False
    rate = item[1].item() if hasattr(item[1], "item") and np.ndim(item[1]) == 0 else item[1]
    return _is_number(rate) and (hasattr(item[0], "__array__") or is_numbers(item[0]))


def rate_of(rate: float) -> int:
    """Return a sample rate in Hz; ValueError where it is not a whole number."""
    if not float(rate).is_integer():  # nor are infinity and NaN
        raise ValueError(f"a sample rate must be a whole number of Hz, not {rate}")
    return int(rate)


def is_numbers(item: object) -> bool:
    """Return True for a list or tuple of numbers, or of such lists."""
    if not isinstance(item, (list, tuple)) or not item or is_waveform(item):
        return False
    return all(map(_is_number, item)) or all(map(is_numbers, item))


def _is_number(item: object) -> bool:
    return isinstance(item, numbers.Real) and not isinstance(item, bool)


def array_of(item: object) -> np.ndarray:
    """Return an array of NumPy of any other array, of a list of numbers, or of lists of them.

    Raises:
        ValueError: It is none, the lengths of the lists differ, or some values are masked.
    """
    if isinstance(item, np.ma.MaskedArray) and np.ma.is_masked(item):
        raise ValueError("masked values: fill them, as by x.filled(0)")
    try:
        return np.asarray(item)
    except Exception as error:  # the arrays of other libraries raise what they like
        raise ValueError(f"cannot be read as an array: {' '.join(str(error).split())}") from None


def is_cell(item: Mapping[str, object]) -> bool:
    """Return True for a cell of a Hugging Face data set that holds a file or a clip."""
    return "bytes" in item or {"array", "sampling_rate"} <= set(item)


def _cell(cell: Mapping[str, object]) -> object:
    if cell.get("bytes") is not None:
        return plain(cell["bytes"])
    if "array" in cell and "sampling_rate" in cell:
        return plain((array_of(cell["array"]), cell["sampling_rate"]))
    if set(cell) <= {"bytes", "path"} and cell.get("path"):
        return Path(str(cell["path"]))
    raise ValueError(f"a mapping with the keys {', '.join(map(str, cell))}: pass the value that is the input")


def _content(file: Readable) -> bytes:
    if inspect.iscoroutinefunction(file.read) and hasattr(file, "file"):  # an upload of Starlette
        file = file.file
    try:
        data: object = file.read()
        if not data and hasattr(file, "seek"):  # written just now, or read before
            file.seek(0)
            data = file.read()
    except Exception as error:  # the files of other libraries raise what they like
        raise ValueError(f"cannot be read: {' '.join(str(error).split()) or type(error).__name__}") from None
    if inspect.iscoroutine(data):
        data.close()
        raise ValueError("cannot be read here: pass its content, `await file.read()`")
    if isinstance(data, str):
        return data.encode("utf-8", "surrogatepass")
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise ValueError(f"read() must give bytes, not {type(data).__name__}")
    return bytes(data)
