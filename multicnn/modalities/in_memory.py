"""The meaning of objects in memory: which modality they have, and which axis of an array is which."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

import numpy as np

from multicnn.modalities import content

CHANNELS = (1, 3, 4)  # of an image: grey, RGB, RGB and alpha
_SAMPLES = 100  # a series of fewer numbers is no clip; an image of more is not 1 or 2 pixels wide
_PCM = ("int8", "int16", "int32")
_LOUDEST = 2.0  # floats of full scale 1 may exceed it a little; standardized features exceed this
_LOOKED_AT = 1000  # examples by which their numbers are judged


def modality_of_array(x: np.ndarray, rate: int | None = None) -> str:
    """Return the modality of an array of examples.

    Args:
        x: Strings (n,), images (n, height, width) or with channels behind or before both, or waveforms (n, samples) or
            (n, samples, channels).
        rate: The sample rate in Hz that was given with them, which only waveforms have.

    Raises:
        ValueError: It is none of these, or may be something else; the message says what to pass.
    """
    if x.dtype.kind in "US" and x.ndim == 1:
        return "text"
    if x.dtype.kind in "fiub":
        if rate is not None and x.ndim in (2, 3):
            return "audio"
        if x.ndim == 4 and channel_axis(x.shape[1:]) is not None:
            return "image"
        if x.ndim == 3:
            return _of_planes(x)
        if x.ndim == 2:
            return _of_rows(x)
    expected = "images (n, height, width[, channels]), waveforms (n, samples) or texts (n,)"
    raise ValueError(f"x must be {expected}. Received: shape={x.shape}, dtype={x.dtype}")


def channel_axis(shape: Sequence[int]) -> int | None:
    """Return the axis of the channels of an image of three dimensions: the last, else the first; None where it is neither."""
    if shape[2] in CHANNELS:
        return 2
    return 0 if shape[0] in CHANNELS and min(shape[1:]) >= max(CHANNELS) else None


def _of_planes(x: np.ndarray) -> str:
    narrow, wide = sorted(x.shape[1:])
    if narrow > 2 or wide < _SAMPLES:
        return "image"
    expected = 'waveforms with their rate, `((x, rate), y)`, or set data.modality to "audio" or "image"'
    raise ValueError(f"x may be waveforms of {narrow} channels or narrow images: pass {expected}. {_received(x)}")


def _of_rows(x: np.ndarray) -> str:
    """Return "audio" for rows that swing around zero as waveforms do; refuse rows of pixels, token ids or features."""
    some = x[:_LOOKED_AT].astype(np.float64)
    some = some[np.isfinite(some)]
    low, high = (some.min(), some.max()) if some.size else (0.0, 0.0)
    swings = low < 0 < high and abs(some.mean()) < some.std() / 2
    if (swings and x.dtype.name in _PCM) or (swings and x.dtype.kind == "f" and max(-low, high) <= _LOUDEST):
        return "audio"
    side = round(x.shape[1] ** 0.5)
    if low >= 0 and side * side == x.shape[1] and side > 1:
        pass_images = f"images as x.reshape(-1, {side}, {side})"
    else:
        pass_images = "images as (n, height, width[, channels])"
    expected = f"{pass_images}, waveforms with their rate as `((x, rate), y)`, texts as strings"
    raise ValueError(
        f"x holds rows of numbers that may be pixels, token ids or features: pass {expected}. {_received(x)}"
    )


def _received(x: np.ndarray) -> str:
    return f"Received: shape={x.shape}, dtype={x.dtype}"


def modality_of_items(items: Sequence[object], rate: int | None = None) -> str:
    """Return the modality of most of some objects: paths, contents of files, texts, arrays, images of Pillow.

    Raises:
        ValueError: None of them is recognised.
    """
    votes: Counter[str] = Counter()
    doubt: ValueError | None = None
    for item in items[:_LOOKED_AT]:
        try:
            votes[_kind(item, rate)] += 1
        except ValueError as error:
            doubt = doubt or error
    del votes[""]
    if not votes and doubt is not None:
        raise doubt
    if not votes:
        first = type(items[0]).__name__ if len(items) else "nothing"
        expected = "images, waveforms with their rate, texts, or paths or contents of their files"
        raise ValueError(f"x must hold {expected}. Received: x of {first}")
    return votes.most_common(1)[0][0]


def _kind(item: object, rate: int | None) -> str:
    if isinstance(item, os.PathLike):
        return content.kind_by_name(item)
    if isinstance(item, str):
        return content.INLINE
    if isinstance(item, bytes):
        return content.recognise(item)[0] or ""
    if isinstance(item, tuple):
        return "audio"
    if isinstance(item, np.ndarray):
        return "audio" if rate is not None or item.ndim == 1 else modality_of_array(item[None])
    return "image" if type(item).__module__.startswith("PIL.") else ""
