"""Small pictures decoded past Pillow, most of whose time would be spent on opening each of them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import simplejpeg
import tensorflow as tf

LARGEST = 2**14  # bytes of a file, beyond which decoding it takes longer than opening it
_JPEG = b"\xff\xd8"
_FRAME = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive
_PLAIN = (*_FRAME, 0xC4, 0xDB, 0xDD, 0xE0, 0xEE, 0xFE)  # tables, JFIF, Adobe, comments: nothing that turns a picture


def plain_shape(data: bytes) -> tuple[int, int, int] | None:
    """(height, width, 1 or 3) of a whole JPEG or PNG that is no more than its pixels; None of all else, as a turned photograph."""
    return _jpeg(data) if data[:2] == _JPEG else _png(data)


def _jpeg(data: bytes) -> tuple[int, int, int] | None:
    at = 2 if data.endswith(b"\xff\xd9") else len(data)
    while at + 10 <= len(data) and data[at] == 0xFF and data[at + 1] in _PLAIN:
        marker, length, depth, height, width, channels = struct.unpack_from(">xBHBHHB", data, at)
        if marker in _FRAME:
            return (height, width, channels) if depth == 8 and channels in (1, 3) else None
        at += 2 + length
    return None


def _png(data: bytes) -> tuple[int, int, int] | None:
    if not (data.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR") and data.endswith(b"IEND\xaeB`\x82")):
        return None
    if b"tRNS" in data or b"eXIf" in data:
        return None
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    return (height, width, {0: 1, 2: 3}[colour]) if depth == 8 and colour in (0, 2) else None


def decoded(files: Sequence[bytes], shape: tuple[int, int, int]) -> list[np.ndarray | None]:
    """uint8 pixels, which Pillow too would give, of files whose `plain_shape` is `shape`, or grey; None of one that is damaged."""
    pixels = [_of_jpeg(data, shape) if data[:2] == _JPEG else None for data in files]
    pngs = [i for i, data in enumerate(files) if data[:2] != _JPEG]
    try:
        for i, example in zip(pngs, _of_pngs(tf.constant([files[i] for i in pngs]), shape).numpy() if pngs else ()):
            pixels[i] = example
    except tf.errors.InvalidArgumentError:  # it does not say which
        pass
    return pixels


def _of_jpeg(data: bytes, shape: tuple[int, int, int]) -> np.ndarray | None:
    try:
        return simplejpeg.decode_jpeg(data, "GRAY" if shape[-1] == 1 else "RGB")
    except ValueError:
        return None


@tf.function(autograph=False, reduce_retracing=False)
def _of_pngs(files: tf.Tensor, shape: tuple[int, int, int]) -> tf.Tensor:
    def one(data: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(tf.io.decode_png(data, shape[-1]), shape)

    with tf.device("CPU:0"):
        return tf.map_fn(one, files, fn_output_signature=tf.uint8, parallel_iterations=1)  # the callers are parallel
