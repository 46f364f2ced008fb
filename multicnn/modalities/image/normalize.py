"""Gathering and scaling of stored pixels in one pass over memory, which is what large batches wait for."""

from __future__ import annotations

import numpy as np

from multicnn.utils.buffers import BufferPool
from multicnn.utils.lazy_jit import LazyJit

_results = BufferPool(most=2**28)


def scaled(scale: np.ndarray, offset: np.ndarray, stored: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Return `pixels * scale + offset` of some of many stored images: float32 (len(indices), height, width, channels).

    Args:
        scale: The factor of each value of a line of pixels, float32, shape (width * channels,).
        offset: The summand of each value, as `scale`.
        stored: The images, uint8, shape (images, height, width, channels).
        indices: The indices of the images wanted, int64.
    """
    lines = np.asarray(stored).reshape(*stored.shape[:2], len(scale))
    result = _results.empty((len(indices), *lines.shape[1:]))
    (compiled.get() or _image_by_image)(lines, indices, scale, offset, result)
    return result.reshape(len(indices), *stored.shape[1:])


def _image_by_image(
    lines: np.ndarray, indices: np.ndarray, scale: np.ndarray, offset: np.ndarray, result: np.ndarray
) -> None:
    for image, index in zip(result, indices):  # small enough to stay near the processor
        image[...] = lines[index]
        image *= scale
        image += offset


def value_by_value(
    lines: np.ndarray, indices: np.ndarray, scale: np.ndarray, offset: np.ndarray, result: np.ndarray
) -> None:
    """Write the scaled lines of the images at `indices` into `result`; in the Python that numba compiles."""
    for i in range(len(indices)):
        pixels, values = lines[indices[i]], result[i]
        for j in range(lines.shape[1]):
            for k in range(len(scale)):
                values[j, k] = np.float32(pixels[j, k]) * scale[k] + offset[k]


compiled = LazyJit(value_by_value, few=300)
