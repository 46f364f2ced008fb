"""Images at their own size, stored on a canvas that is as large as the largest of them, of which training takes crops."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from multicnn.modalities.marks import Source
from multicnn.utils import limits, regular_files

_CROP = 256  # pixels: the most that a side of a crop has by default
_MULTIPLE = 16  # pixels: the total stride of a U-Net with four poolings


def crop_size(shapes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return (height, width) of the crops of images of these sizes: the median, a multiple of 16 of at most 256."""
    sides = np.median(np.array(shapes), axis=0)
    height, width = (int(min(-(-side // _MULTIPLE) * _MULTIPLE, _CROP)) for side in sides)
    return height, width


def size_of(source: Source) -> tuple[int, int] | None:
    """Return (height, width) of an image, upright, where its header says it without doubt, else None."""
    if isinstance(source, np.ndarray) or not isinstance(source, (str, os.PathLike)):
        return None
    from PIL import Image

    try:
        with regular_files.opened(source) as file, Image.open(file) as image:
            if image.format != "PNG" or image.getexif().get(0x0112, 1) != 1:
                return None
            return image.height, image.width
    except Exception:  # what is wrong with it is found where it is decoded
        return None


def holding(geometries: Sequence[np.ndarray], crop: tuple[int, int], channels: int) -> tuple[int, int]:
    """Return (height, width) of a canvas that holds images of these sizes, and a crop.

    Raises:
        LimitError: It is larger than an example may be.
    """
    height, width = np.max([np.array(crop), *geometries], axis=0).astype(int).tolist()
    limits.check("example_values", height * width * channels, f"large: an image of {width} x {height} pixels")
    return height, width


def padded(pixels: np.ndarray, size: tuple[int, int], mean: Sequence[float]) -> np.ndarray:
    """Return uint8 pixels (h, w, channels) at the top left of an image of a size, the rest in the mean colour, 0 to 1."""
    image = np.empty((*size, pixels.shape[-1]), np.uint8)
    image[:] = np.rint(255 * np.array(mean)).astype(np.uint8)
    image[: pixels.shape[0], : pixels.shape[1]] = pixels
    return image
