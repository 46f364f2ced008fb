"""Matrices and images as they are written on the command line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from multicnn import layers
from multicnn.lessons import photographs

_LARGEST = 1000  # numbers of a matrix that is typed
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.IGNORECASE)


def matrix(text: str, name: str = "kernel") -> np.ndarray:
    """Return the matrix in "1,0;0,-1", rows between semicolons: float64 (rows, columns).

    Raises:
        ValueError: It is none.
    """
    rows = [row.replace(" ", "").split(",") for row in text.strip().strip(";").split(";")]
    right = len({len(row) for row in rows}) == 1 and all(_NUMBER.fullmatch(cell) for row in rows for cell in row)
    if not right or sum(map(len, rows)) > _LARGEST:
        raise ValueError(
            f"`{name}` must be rows of numbers of one length, such as 1,0;0,-1, {_LARGEST} numbers at most. "
            f"Received: {name}={text[:80]!r}"
        )
    return np.array(rows, dtype=np.float64)


def kernel(text: str) -> np.ndarray:
    """Return a kernel: the matrix in "1,0;0,-1", or that of a filter of image processing by its name, such as "sobel_x".

    Raises:
        ValueError: It is neither.
    """
    if text in layers.FILTERS:
        return np.array(layers.FILTERS[text][0], dtype=np.float64)
    if re.search(r"[A-Za-df-z_]", text):
        known = f"rows of numbers such as 1,0;0,-1, or one of {sorted(layers.FILTERS)}"
        raise ValueError(f"`kernel` must be {known}. Received: kernel={text[:80]!r}")
    return matrix(text)


def plane(text: str, *, width: int | None = None) -> np.ndarray:
    """Return a grey image: the matrix in "1,0;0,-1", a photograph of the lessons, or an image file; float64 (rows, columns).

    Args:
        text: What was typed.
        width: The width in pixels that a photograph is shrunk to; None leaves it.

    Raises:
        ValueError: It is none of these.
    """
    if text in photographs.PHOTOGRAPHS or (text and len(text) < 4096 and "\0" not in text and Path(text).is_file()):
        return photographs.grey(text, width=width).astype(np.float64)
    if re.search(r"[A-Za-df-z/\\]", text):
        known = f"rows of numbers such as 1,0;0,-1, an image file, or one of {list(photographs.PHOTOGRAPHS)}"
        raise ValueError(f"`image` must be {known}. Received: image={text[:80]!r}")
    return matrix(text, "image")
