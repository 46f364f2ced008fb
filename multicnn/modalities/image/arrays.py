"""Images in memory: arrays of any usual layout and range, and images of Pillow, as uint8 pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from multicnn.modalities.image import decode
from multicnn.modalities.in_memory import CHANNELS, channel_axis

_RANGES = "whole numbers from 0 to 255, or floats from 0 to 1 or from 0 to 255"
_DIM = 2.0  # floats of 0 to 255 that are not whole reach further than this


def of_archive(x: np.ndarray) -> np.ndarray:
    """Return many images as uint8 (n, height, width) or (n, height, width, channels).

    Args:
        x: Images of one shape, channels behind or before height and width: whole numbers from 0 to 255, floats from 0 to 1
            or from 0 to 255 (which of them, the largest of all decides), or truth values.

    Raises:
        ValueError: The numbers have another range, or the array another shape.
    """
    if x.ndim not in (3, 4):
        raise ValueError(f"x of images must have the shape (n, height, width[, channels]). Received: shape={x.shape}")
    if x.ndim == 4 and channel_axis(x.shape[1:]) == 0:
        x = np.ascontiguousarray(np.moveaxis(x, 1, -1))
    try:
        return _scaled(x, _is_bright(x))
    except ValueError as error:
        raise ValueError(str(error).replace("pixels", "x of images", 1)) from None


def pixels(array: np.ndarray, bright: bool | None = None) -> np.ndarray:
    """Return one image as uint8 (h, w, 1 or 3).

    Args:
        array: (h, w), (h, w, c) or (c, h, w), c of 1, 3 or 4 (alpha, blended with white), in a range of `of_archive`.
        bright: True where floats count from 0 to 255, False where they count from 0 to 1; None decides by the largest.

    Raises:
        ValueError: Another shape or range; the message is a short reason.
    """
    if array.ndim == 3 and channel_axis(array.shape) == 0:
        array = np.moveaxis(array, 0, -1)
    if array.dtype != np.uint8 and array.size:
        array = _scaled(array, _is_bright(array) if bright is None else bright)
    return decode.from_array(array)


def of_items(items: Sequence[object]) -> list[object]:
    """Return images in memory as uint8 pixels, contents of files as they are, and a ValueError for anything else."""
    arrays = [item for item in items if isinstance(item, np.ndarray)]
    bright = any(_is_bright(array) for array in arrays if array.dtype.kind == "f" and array.size)
    return [_of_item(item, bright) for item in items]


def separated(x: np.ndarray, shape: tuple[int, int, int]) -> list[np.ndarray]:
    """Return the images of an array: itself, or those of a batch.

    Args:
        x: One image as in `pixels`, or a batch: (n, h, w), (n, h, w, c) or (n, c, h, w).
        shape: (height, width, channels) that the network sees.

    Raises:
        ValueError: The array may be one or the other; the message says what to pass.
    """
    if x.ndim == 4 and channel_axis(x.shape[1:]) is not None:
        return list(_of_one_scale(x))
    if x.ndim == 2 and x.shape[1] == np.prod(shape) and x.shape != shape[:2]:
        rows = f"as x.reshape(-1, {', '.join(map(str, shape))}), one grey image as x[None]"
        raise ValueError(f"an array of shape {x.shape} may be rows of pixels or one image: pass rows of pixels {rows}")
    if x.ndim == 2 or (x.ndim == 3 and channel_axis(x.shape) == 2):
        return [x]
    if x.ndim == 3 and x.shape[0] not in CHANNELS:
        return list(_of_one_scale(x))
    if x.ndim == 3 and (x.shape[0] == 1 or (x.shape[0] == shape[2] and channel_axis(x.shape) == 0)):
        return [x]
    if x.ndim == 3 and shape == (*x.shape[1:], 1):
        return list(_of_one_scale(x))
    if x.ndim == 3:
        one_or_many = (
            f"one image of {x.shape[0]} channels as np.moveaxis(x, 0, -1), {x.shape[0]} grey images as list(x)"
        )
        raise ValueError(f"an array of shape {x.shape} may be one image or many: pass {one_or_many}")
    expected = "(h, w), (h, w, c), (c, h, w), (n, h, w), (n, h, w, c) or (n, c, h, w), c of 1, 3 or 4"
    raise ValueError(f"images must have the shape {expected}, not {x.shape}")


def _of_one_scale(x: np.ndarray) -> np.ndarray:
    """Return a batch whose floats all count alike: from 0 to 255 where any of them is above 1."""
    if x.dtype.kind != "f" or not _is_bright(x):
        return x
    return _scaled(x, True)


def _of_item(item: object, bright: bool) -> object:
    try:
        if isinstance(item, np.ndarray):
            return pixels(item, bright)
        if type(item).__module__.startswith("PIL."):
            return decode.from_pillow(item)  # type: ignore[arg-type]
    except ValueError as error:
        return error
    return item if isinstance(item, bytes) else ValueError(f"not an image: {type(item).__name__}")


def _is_bright(x: np.ndarray) -> bool:
    """Return whether numbers count from 0 to 255: they are above 1, or whole by their type."""
    return x.dtype.kind != "f" or float(x.max(initial=-np.inf)) > 1


def _scaled(x: np.ndarray, bright: bool) -> np.ndarray:
    """Return numbers of one of the ranges as uint8."""
    if x.dtype == np.uint8:
        return x
    if x.dtype.kind not in "fiub":
        raise ValueError(f"pixels must be numbers. Received: dtype={x.dtype}")
    if x.dtype.kind == "b":
        return x.astype(np.uint8) * 255
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        raise ValueError("pixels that are not finite")
    low, high = float(x.min()), float(x.max())
    if not bright and low >= 0 and high <= 1:
        return np.rint(x * 255).astype(np.uint8)
    if bright and low >= 0 and high <= 255:
        whole = x.dtype.kind != "f" or bool((x == np.rint(x)).all())
        if whole or high > _DIM:
            return x.astype(np.uint8) if whole else np.rint(x).astype(np.uint8)
    raise ValueError(f"pixels must be {_RANGES}. Received: {low:g} to {high:g}")
