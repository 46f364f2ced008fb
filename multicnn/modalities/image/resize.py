"""Images at another size: bilinear, with antialiasing where they become smaller."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


def resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return uint8 pixels (h, w, 1 or 3) at `size`, (height, width): bilinear, with antialiasing where it is smaller."""
    if pixels.shape[0] > size[0] or pixels.shape[1] > size[1]:  # Pillow needs half of the time that TensorFlow does
        return _shrunk(pixels, size)
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


def _shrunk(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    from PIL import Image

    grey = pixels.shape[-1] == 1
    image = Image.fromarray(pixels[..., 0] if grey else pixels)
    # Width, then height: in which order Pillow would do both depends on its version.
    for step in ((size[1], image.height), size[::-1]):
        if image.size != step:
            image = image.resize(step, Image.Resampling.BILINEAR)
    return np.array(image).reshape(*size, -1)
