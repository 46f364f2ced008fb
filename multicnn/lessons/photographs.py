"""The photographs of the lessons, which scikit-learn brings, and images of the reader's own."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

PHOTOGRAPHS = ("china", "flower")


def photograph(name: str = "china") -> np.ndarray:
    """Return a photograph: uint8 of shape (height, width, 3).

    Args:
        name: "china" (a temple) or "flower", both of 427 x 640 pixels, or the path of an image file.

    Raises:
        ValueError: There is no such file, or it is no image.
    """
    if name in PHOTOGRAPHS:
        return _of_scikit_learn(name).copy()
    from multicnn.modalities.image.decode import from_bytes, in_channels
    from multicnn.utils.regular_files import read_bytes

    path = Path(name)
    if not path.is_file():
        raise ValueError(f"`image` must be a file or one of {list(PHOTOGRAPHS)}. Received: image={name!r}")
    try:
        return in_channels(from_bytes(read_bytes(path)), 3)
    except ValueError as error:
        raise ValueError(f"`image` must be an image file ({error}). Received: image={name!r}") from None


def grey(name: str = "china", *, width: int | None = None) -> np.ndarray:
    """Return a photograph without its colours: float32 of shape (height, width), from 0 to 1.

    Args:
        name: As of `photograph`.
        width: The width that it is shrunk to, in pixels; None leaves it.
    """
    return luminance(photograph(name), width=width)


def luminance(pixels: np.ndarray, *, width: int | None = None) -> np.ndarray:
    """Return the brightness of an image, from 0 to 1, as the weights of ITU-R BT.601 make it: float32 (height, width).

    Args:
        pixels: uint8 of shape (height, width, 3).
        width: The width that it is shrunk to, in pixels; None leaves it.
    """
    if width is not None and width < pixels.shape[1]:
        from multicnn.modalities.image.resize import resized

        pixels = resized(pixels, (max(round(pixels.shape[0] * width / pixels.shape[1]), 1), width))
    return (np.asarray(pixels, dtype=np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)) / 255


@functools.lru_cache
def _of_scikit_learn(name: str) -> np.ndarray:
    from sklearn.datasets import load_sample_image

    return load_sample_image(f"{name}.jpg")
