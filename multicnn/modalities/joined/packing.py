"""The stored inputs of an example in one vector of bytes, and the network's inputs in one of numbers.

Both begin with an element for each input, 1 where it is given and 0 where it is missing; a missing input is all zeros. So a
store, a pipeline or a compiled step has one array to handle, however many inputs there are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from multicnn.modalities.base import Preprocess

Preprocesses = Mapping[str, Preprocess]


def sizes(preprocesses: Preprocesses) -> dict[str, int]:
    """Return the bytes of the stored example of each input."""
    return {
        name: math.prod(preprocess.stored_shape) * np.dtype(preprocess.stored_dtype).itemsize
        for name, preprocess in preprocesses.items()
    }


def packed(preprocesses: Preprocesses, examples: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the stored examples of the inputs that are given as one: uint8 (bytes,)."""
    empty = {name: bytes(size) for name, size in sizes(preprocesses).items()}
    given = np.array([name in examples for name in preprocesses], np.uint8)
    data = b"".join(
        np.ascontiguousarray(examples[name], preprocess.stored_dtype).tobytes() if name in examples else empty[name]
        for name, preprocess in preprocesses.items()
    )
    return np.concatenate([given, np.frombuffer(data, np.uint8)])


def unpacked(preprocesses: Preprocesses, batch: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Return what `packed`, or `packed_again`, was made of, for a batch.

    Args:
        preprocesses: The preprocess of each input.
        batch: uint8 (batch, bytes), or float32 (batch, values).

    Returns:
        (batch, inputs), 1 for each input that is given; and the stored examples (batch, *stored_shape) of each.
    """
    start, stored = len(preprocesses), {}
    for name, size in sizes(preprocesses).items():
        dtype, shape = np.dtype(preprocesses[name].stored_dtype), (-1, *preprocesses[name].stored_shape)
        if batch.dtype == tf.float32:
            data = batch[:, start : (start := start + size // dtype.itemsize)]
            data = data if dtype.itemsize == 1 else tf.cast(data, dtype)  # pixels may be fractions by now
        else:
            data = batch[:, start : (start := start + size)]
            if dtype.itemsize > 1:
                data = tf.bitcast(tf.reshape(data, (-1, size // dtype.itemsize, dtype.itemsize)), dtype)
        stored[name] = tf.reshape(data, shape)
    return batch[:, : len(preprocesses)], stored


def packed_again(preprocesses: Preprocesses, given: tf.Tensor, stored: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Return stored examples of a batch that were changed, and are no whole numbers perhaps, as `unpacked` takes them.

    Args:
        preprocesses: The preprocess of each input.
        given: (batch, inputs), 1 for each input that is given.
        stored: The stored examples of each, (batch, *stored_shape).

    Returns:
        float32 (batch, values).
    """
    pieces = [tf.cast(given, tf.float32)]
    for name, preprocess in preprocesses.items():
        pieces.append(tf.cast(tf.reshape(stored[name], (-1, math.prod(preprocess.stored_shape))), tf.float32))
    return tf.concat(pieces, axis=1)


def input_dtypes(preprocesses: Preprocesses) -> dict[str, str]:
    """Return the dtype of the network's input of each: "float32", or "int32" of ids."""
    zeros = {
        name: tf.zeros((1, *preprocess.stored_shape), np.dtype(preprocess.stored_dtype))
        for name, preprocess in preprocesses.items()
    }
    return {
        name: "int32" if preprocess.finish(zeros[name]).dtype == tf.int32 else "float32"
        for name, preprocess in preprocesses.items()
    }


def in_one_vector(preprocesses: Preprocesses, given: tf.Tensor, inputs: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Return the network's inputs in one vector each: float32 (batch, values); ids below 2**24 stay exact.

    Args:
        preprocesses: The preprocess of each input.
        given: float32 (batch, inputs), 1 for each input that is given.
        inputs: The network's input of each, (batch, *input_shape); 0 is put where it is missing.
    """
    pieces = [given]
    for position, (name, preprocess) in enumerate(preprocesses.items()):
        values = tf.cast(tf.reshape(inputs[name], (-1, math.prod(preprocess.input_shape))), tf.float32)
        pieces.append(tf.where(given[:, position : position + 1] > 0, values, tf.zeros((), tf.float32)))
    return tf.concat(pieces, axis=1)


def of_vector(preprocesses: Preprocesses, batch: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Return what `in_one_vector` was made of, ids as int32 again."""
    start, inputs, dtypes = len(preprocesses), {}, input_dtypes(preprocesses)
    for name, preprocess in preprocesses.items():
        size = math.prod(preprocess.input_shape)
        inputs[name] = tf.cast(tf.reshape(batch[:, start : start + size], (-1, *preprocess.input_shape)), dtypes[name])
        start += size
    return batch[:, : len(preprocesses)], inputs
