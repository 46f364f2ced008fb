"""Waveforms in memory: arrays of any usual layout and type as float32 with full scale 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from multicnn.modalities.audio import decode

_PCM = ("int8", "int16", "int32")
_TOO_LOUD = 16.0  # 24 dB above full scale; log-mels in dB and features that are not scaled exceed it
_LOUD = 128.0  # whole floats that reach so far are samples of PCM that were not divided by its range


def waveform(array: np.ndarray) -> np.ndarray:
    """Return the mono waveform of a clip: float32, shape (samples,).

    Args:
        array: (samples,) or (samples, channels), or with one or two channels (channels, samples): floats of full scale 1, or
            int8, int16, int32.

    Raises:
        ValueError: Another shape, type or range; the message is a short reason.
    """
    return decode.from_array(_upright(_checked(np.asarray(array))))


def of_archive(x: np.ndarray) -> np.ndarray:
    """Return many clips of one length as float32 (n, samples) with full scale 1.

    Args:
        x: (n, samples), or each with channels as in `waveform`.

    Raises:
        ValueError: Another shape, type or range.
    """
    if x.ndim not in (2, 3):
        raise ValueError(f"x of waveforms must have the shape (n, samples[, channels]). Received: shape={x.shape}")
    _checked(x)
    if x.ndim == 3:
        return np.stack([waveform(clip) for clip in x]) if len(x) else np.zeros((0, x.shape[1]), np.float32)
    scale = 1.0 if x.dtype.kind == "f" else float(np.iinfo(x.dtype).max) + 1
    return (x / scale).astype(np.float32)


def of_items(items: Sequence[object]) -> list[object]:
    """Return waveforms in memory as mono, with their rate where they have one; contents of files, or a ValueError."""
    return [_of_item(item) for item in items]


def separated(x: np.ndarray) -> list[np.ndarray]:
    """Return the clips of an array: itself, or those of a batch.

    Args:
        x: (samples,), (samples, 1 or 2), or a batch: (n, samples), (n, samples, channels).

    Raises:
        ValueError: The array may be one or the other; the message says what to pass.
    """
    if x.ndim == 1 or (x.ndim == 2 and (len(x) == 1 or x.shape[1] <= 2 < len(x))):
        return [x]
    if x.ndim == 3 or (x.ndim == 2 and x.shape[1] > decode.MOST_CHANNELS and len(x) > 2):
        if x.ndim == 2 and x.size and (float(x.min()) >= 0 < float(x.max()) or _exceeds_full_scale(x)):
            raise ValueError("rows of numbers that may be features or token ids: pass waveforms as list(x)")
        return list(x)
    if x.ndim == 2:
        one_or_many = "one clip as (x, rate) of shape (samples, channels), many as list(x)"
        raise ValueError(f"an array of shape {x.shape} may be one clip or many: pass {one_or_many}")
    raise ValueError(f"waveforms must have the shape (samples,), (samples, channels) or (n, samples), not {x.shape}")


def _of_item(item: object) -> object:
    try:
        if isinstance(item, tuple):
            return waveform(item[0]), item[1]
        if isinstance(item, np.ndarray):
            return waveform(item)
    except ValueError as error:
        return error
    return item if isinstance(item, bytes) else ValueError(f"not audio: {type(item).__name__}")


def _upright(array: np.ndarray) -> np.ndarray:
    """Return samples before channels."""
    if array.ndim == 2 and array.shape[0] < array.shape[1]:
        if array.shape[0] > 2:
            expected = "(samples,) or (samples, channels)"
            raise ValueError(f"a waveform must have the shape {expected}, not {array.shape}; pass many as a list")
        return array.T
    return array


def _exceeds_full_scale(x: np.ndarray) -> bool:
    """Return whether floats are no waveforms of full scale 1, even of a mix that is too loud."""
    return x.dtype.kind == "f" and float(np.abs(x).max()) > _TOO_LOUD


def _checked(x: np.ndarray) -> np.ndarray:
    """Return numbers of full scale 1 or of PCM; refuse others."""
    if x.dtype.kind != "f" and x.dtype.name not in _PCM:
        raise ValueError(f"samples must be floats or int8, int16, int32, not {x.dtype}")
    if x.dtype.kind == "f" and x.size:
        loudest = float(np.abs(x).max())
        if _LOUD <= loudest <= -np.iinfo(np.int32).min and bool((x == np.rint(x)).all()):
            raise ValueError(f"samples up to {loudest:g} are PCM, not floats of full scale 1: pass them as int16")
    return x
