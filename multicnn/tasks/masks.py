"""Masks: files of images whose pixels say of which class the pixels of another image are."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from multicnn.utils import limits, regular_files

MOST_VALUES = 256  # a mask with more is a photograph, or was saved as JPEG
_GREY = ("1", "L", "P", "I;16", "I;16B", "I;16L", "I")


def read(data: bytes) -> np.ndarray:
    """Return the values of a mask, int32 (height, width): grey levels or indices of a palette, or of colours 65536 R + 256 G + B.

    Raises:
        ValueError: It cannot be read; the message is a short reason.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            limits.check("image_pixels", image.width * image.height, f"large: {image.width} x {image.height} pixels")
            image.load()
            if image.mode in _GREY:
                return np.asarray(image).astype(np.int32)
            if image.mode in ("LA", "La"):
                return np.asarray(image.convert("LA"))[..., 0].astype(np.int32)
            colours = np.asarray(image.convert("RGB")).astype(np.int32)
    except (MemoryError, limits.LimitError):
        raise
    except Exception as error:  # Pillow answers damage with many kinds of exception
        raise ValueError(f"mask cannot be read: {' '.join(str(error).split()) or type(error).__name__}") from error
    return colours[..., 0] * 65536 + colours[..., 1] * 256 + colours[..., 2]


def read_file(path: str) -> np.ndarray:
    """Return the values of the mask in a file, as `read` does."""
    try:
        return read(regular_files.read_bytes(path))
    except OSError as error:
        raise ValueError(f"mask cannot be read: {error.strerror or error}") from None


def counted(paths: Sequence[str]) -> Counter[int]:
    """Return how many pixels of some masks have each value; masks that cannot be read, or are none, count nothing."""

    def of_one(path: str) -> Counter[int]:
        try:
            values, counts = np.unique(read_file(path), return_counts=True)
        except ValueError:  # it is reported when the targets are made
            return Counter()
        return Counter(dict(zip(values.tolist(), counts.tolist()))) if len(values) <= MOST_VALUES else Counter()

    with ThreadPoolExecutor() as pool:
        total: Counter[int] = Counter()
        for one in pool.map(of_one, paths):
            total.update(one)
    return total


def name_of(value: int, coloured: bool) -> str:
    """Return the name of a class that has none: its grey level or index, or its colour as "#rrggbb"."""
    return f"#{value:06x}" if coloured else str(value)


def image_of(values: np.ndarray) -> np.ndarray:
    """Return a mask as pixels that a PNG can hold: uint8 or uint16 (height, width), or uint8 RGB (height, width, 3)."""
    most = int(values.max(initial=0))
    if most < 256:
        return values.astype(np.uint8)
    if most < 65536:
        return values.astype(np.uint16)
    return np.stack([values >> 16, values >> 8, values], axis=-1).astype(np.uint8)
