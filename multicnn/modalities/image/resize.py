"""Makes pictures smaller: bilinear with antialiasing, width first. Many photographs in a third of Pillow's time, to the bit."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import tensorflow as tf

from multicnn.utils.lazy_jit import LazyJit

_BITS = 22  # of the fraction of a weight, as in Pillow


def is_larger(picture, size: tuple[int, int]) -> bool:
    """Whether a PIL image is higher or wider than `size`, (height, width)."""
    return picture.height > size[0] or picture.width > size[1]


def by_pillow(picture, size: tuple[int, int]):
    """A PIL image at `size`, (height, width)."""
    from PIL import Image

    # One after the other: in which order Pillow would do both depends on its version.
    for step in ((size[1], picture.height), size[::-1]):
        if picture.size != step:
            picture = picture.resize(step, Image.Resampling.BILINEAR)
    return picture


def resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return uint8 pixels (h, w, 1 or 3) at `size`, (height, width): bilinear, with antialiasing where it is smaller."""
    if pixels.shape[0] > size[0] or pixels.shape[1] > size[1]:  # Pillow needs half of the time that TensorFlow does
        return shrunk(pixels, size)
    if pixels.shape[:2] == size:
        return np.ascontiguousarray(pixels)
    scale = np.array(size, np.float32) / np.array(pixels.shape[:2], np.float32)
    with tf.device("CPU:0"):
        # The kernel of tf.image.resize(method="bilinear", antialias=True), without 1 ms of its Python.
        enlarged = tf.raw_ops.ScaleAndTranslate(
            images=pixels[None],
            size=np.array(size, np.int32),
            scale=scale,
            translation=np.zeros(2, np.float32),
            kernel_type="triangle",
            antialias=True,
        )
    return np.clip(np.rint(enlarged.numpy()[0]), 0, 255).astype(np.uint8)


def shrunk(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return uint8 pixels (h, w, 1 or 3), one side of which is larger, at `size`, by Pillow."""
    from PIL import Image

    grey = pixels.shape[-1] == 1
    pixels = np.array(by_pillow(Image.fromarray(pixels[..., 0] if grey else pixels), size))
    return pixels[..., None] if grey else pixels


def photograph(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 (*size, 3), the same of uint8 pixels (h, w, 4), of which the last channel is left out.

    The first of a process are left to Pillow, which need not be compiled.
    """
    (height, width), (to_height, to_width) = pixels.shape[:2], size
    weighted = _late.get()
    if weighted is None:
        from PIL import Image

        picture = Image.frombuffer("RGBX", (width, height), pixels, "raw", "RGBX", 0, 1)
        return np.ascontiguousarray(np.asarray(by_pillow(picture, size))[..., :3])
    # Lines are summed as a whole, many bytes at a time; for its width the picture lies on its side.
    columns = weighted(_turned(pixels.reshape(height, -1)), *_weights(width, to_width), 4)
    return weighted(_turned(columns), *_weights(height, to_height), 3).reshape(to_height, to_width, 3)


def _turned(lines: np.ndarray) -> np.ndarray:
    """Lines of pixels of 4 bytes, made of columns, and the other way round."""
    return np.ascontiguousarray(lines.view(np.uint32).T).view(np.uint8)


@lru_cache(1024)
def _weights(length: int, to: int) -> tuple[np.ndarray, np.ndarray]:
    """For each of `to` lines the first of `length` that it is made of, and the int32 weights of this and of those that follow.

    The triangle filter of Pillow's Resample.c, as wide as it takes to leave out what `to` lines cannot show.
    """
    scale = length / to
    reach = max(scale, 1.0)
    middle = (np.arange(to) + 0.5) * scale
    first = np.maximum((middle - reach + 0.5).astype(np.int64), 0)
    last = np.minimum((middle + reach + 0.5).astype(np.int64), length)
    lines = first[:, None] + np.arange((last - first).max())
    weights = np.maximum(1 - np.abs((lines - middle[:, None] + 0.5) * (1 / reach)), 0) * (lines < last[:, None])
    weights /= np.cumsum(weights, axis=1)[:, -1:]  # one after the other, as there, which rounds otherwise than a sum
    return first, (0.5 + weights * 2**_BITS).astype(np.int32)


def _weighted(lines: np.ndarray, first: np.ndarray, weights: np.ndarray, channels: int) -> np.ndarray:
    """Weighted sums of lines of pixels of 4 bytes, of which the first `channels` are kept: 3 or 4."""
    width = lines.shape[1] // 4
    sums = np.empty(4 * width, np.int32)
    result = np.empty((len(first), channels * width), np.uint8)
    for i in range(len(first)):
        sums[:] = 1 << (_BITS - 1)
        for k in range(weights.shape[1]):
            weight = weights[i, k]
            if weight:
                line = lines[first[i] + k]
                for j in range(len(sums)):
                    sums[j] += np.int32(line[j]) * weight
        if channels == 4:
            for j in range(len(sums)):
                result[i, j] = sums[j] >> _BITS
        else:
            for j in range(width):
                for c in range(3):  # a number that the compiler knows: else it would take four times as long
                    result[i, 3 * j + c] = sums[4 * j + c] >> _BITS
    return result


_late = LazyJit(_weighted, few=1000)  # photographs, which take Pillow as long as reading what was once compiled
