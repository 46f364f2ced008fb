"""Cells of tables and elements of arrays as text."""

from __future__ import annotations

import json

import numpy as np


def text_of(value: object) -> str:
    """Return a value of a table or an array as text: bytes as UTF-8, a list as JSON of such texts, "" for a missing value.

    Raises:
        ValueError: It cannot be text; the message is a short reason.
    """
    if isinstance(value, str):
        return str(value)  # NumPy's strings too
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _from_utf8(bytes(value))
    if isinstance(value, (list, tuple, np.ndarray)):
        elements = value.tolist() if isinstance(value, np.ndarray) else list(value)
        if any(isinstance(element, (list, tuple, dict, np.ndarray)) for element in elements):
            raise ValueError("a list of lists or objects, not one value")
        return json.dumps([text_of(element) for element in elements], ensure_ascii=False)
    if isinstance(value, dict):
        raise ValueError("an object, not one value")
    return "" if is_missing(value) else str(value)


def is_missing(value: object) -> bool:
    """Return True for None, NaN and their like."""
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def _from_utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
