"""Gathers stored pixels and scales them, passing once over memory, which is what large batches wait for."""

from __future__ import annotations

import sys
import threading

import numpy as np

from multicnn.utils.lazy_jit import LazyJit

_ALIGNED = 64  # bytes: where a tensor may begin
_MOST_KEPT = 2**29  # bytes of memory for results that the process does not give back
_kept: list[np.ndarray] = []
_lock = threading.Lock()


def scaled(scale: np.ndarray, offset: np.ndarray, stored: np.ndarray, places: np.ndarray) -> np.ndarray:
    """`pixels * scale + offset` of some of many stored pictures: float32 (len(places), height, width, channels).

    Args:
        scale, offset: float32, shape (width * channels,): those of a line of pixels.
        stored: uint8, shape (pictures, height, width, channels).
        places: int64, those of the pictures wanted.
    """
    lines = np.asarray(stored).reshape(*stored.shape[:2], len(scale))
    shape = (len(places), *lines.shape[1:])
    result = _memory(4 * int(np.prod(shape))).view(np.float32).reshape(shape)
    (_late.get() or _picture_by_picture)(lines, places, scale, offset, result)
    return result.reshape(len(places), *stored.shape[1:])


def _memory(size: int) -> np.ndarray:
    """Bytes that nobody uses: those of an earlier result if there are, since it takes longer to get new ones than to fill them."""
    with _lock:
        # Referred to by the list and the question; results, and views of them, refer to it too.
        unused = [i for i in range(len(_kept)) if sys.getrefcount(_kept[i]) == 2]
        for i in unused:
            if len(_kept[i]) >= size:
                return _kept[i][:size]
        for i in reversed(unused):  # too small
            del _kept[i]
        memory = np.empty(size + _ALIGNED, np.uint8)
        begin = -memory.ctypes.data % _ALIGNED
        # A view of a view refers to what the first was a view of: to this array, which has none.
        memory = np.frombuffer(memoryview(memory)[begin : begin + size], np.uint8)
        if sum(map(len, _kept)) + size <= _MOST_KEPT:
            _kept.append(memory)
        return memory[:]


def _picture_by_picture(
    lines: np.ndarray, places: np.ndarray, scale: np.ndarray, offset: np.ndarray, result: np.ndarray
) -> None:
    for picture, place in zip(result, places):  # small enough to stay near the processor
        picture[...] = lines[place]
        picture *= scale
        picture += offset


def _value_by_value(
    lines: np.ndarray, places: np.ndarray, scale: np.ndarray, offset: np.ndarray, result: np.ndarray
) -> None:
    for i in range(len(places)):
        pixels, values = lines[places[i]], result[i]
        for j in range(lines.shape[1]):
            for k in range(len(scale)):
                values[j, k] = np.float32(pixels[j, k]) * scale[k] + offset[k]


_late = LazyJit(_value_by_value, few=300)
