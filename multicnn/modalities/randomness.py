"""Random numbers as a pure function of a seed, for a whole batch of seeds at once.

TensorFlow's stateless generators take one seed a call; augmentation needs one for each example, without a loop.
"""

from __future__ import annotations

import math
import zlib

import tensorflow as tf

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry(key: tuple, counter: tuple) -> tuple:
    """Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").

    Args:
        key: Two uint32 tensors.
        counter: Two uint32 tensors, of shapes that broadcast with those of the key.

    Returns:
        Two uint32 tensors of the broadcast shape.
    """
    keys = (key[0], key[1], tf.bitwise.bitwise_xor(tf.bitwise.bitwise_xor(key[0], key[1]), _word(0x1BD11BDA)))
    a, b = counter[0] + keys[0], counter[1] + keys[1]
    for block in range(5):
        for rotation in _ROTATIONS[block % 2]:
            a = a + b
            rotated = tf.bitwise.bitwise_or(
                tf.bitwise.left_shift(b, _word(rotation)), tf.bitwise.right_shift(b, _word(32 - rotation))
            )
            b = tf.bitwise.bitwise_xor(rotated, a)
        a, b = a + keys[(block + 1) % 3], b + keys[(block + 2) % 3] + _word(block + 1)
    return a, b


def uniform(seeds: tf.Tensor, count: int, purpose: str = "") -> tf.Tensor:
    """Return uniform float32 numbers in [0, 1), shape (batch, count).

    Number k of a row is a function of its seed, the purpose and k alone, so what is drawn for one purpose stays the same
    whatever else is drawn.

    Args:
        seeds: int32 or int64, shape (batch, 2); the low 32 bits of each number are used.
        count: The number of values for each seed.
        purpose: The purpose of the numbers, in a word.
    """
    words = tf.cast(tf.convert_to_tensor(seeds), tf.uint32)
    return tf.ensure_shape(_uniform(words, count, _word(zlib.crc32(purpose.encode()))), (None, count))


def epochs_of(seeds: tf.Tensor) -> tf.Tensor:
    """Return the epoch that each seed is of, int64 (batch,): the high 32 bits of its first number, which no draw uses.

    Args:
        seeds: int64, shape (batch, 2), of `data.pipeline`; int32 ones are of epoch 0.
    """
    return tf.bitwise.right_shift(tf.cast(seeds[:, 0], tf.int64), tf.constant(32, tf.int64))


def around(seeds: tf.Tensor, purpose: str, most: float) -> tf.Tensor:
    """Return one uniform float32 number in [-most, most) for each seed, shape (batch,); none is drawn where `most` is 0."""
    if not most:
        return tf.zeros(tf.shape(seeds)[:1])
    return most * (2 * uniform(seeds, 1, purpose)[:, 0] - 1)


def factor(seeds: tf.Tensor, purpose: str, most: float) -> tf.Tensor:
    """One float32 factor of 1 / most to most for each seed, as often below 1 as above, shape (batch,)."""
    # Rounded once, from float64: how many stand beside it in the batch decides how `exp` is computed.
    exponent = math.log(most) * tf.cast(around(seeds, purpose, float(most != 1)), tf.float64)
    return tf.cast(tf.exp(exponent), tf.float32)


def integers(numbers: tf.Tensor, low: int, high: tf.Tensor | int) -> tf.Tensor:
    """Uniform int32 numbers in [low, high], made of `uniform` numbers of the same shape; `high` may differ for each."""
    span = tf.cast(high, tf.float32) - low + 1.0
    return tf.cast(tf.floor(numbers * span), tf.int32) + low


# One function for all that is drawn: traced each time, its hundreds of operations would be most of every graph.
@tf.function(
    input_signature=[tf.TensorSpec((None, 2), tf.uint32), tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.uint32)]
)
def _uniform(words: tf.Tensor, count: tf.Tensor, purpose: tf.Tensor) -> tf.Tensor:
    counter = (tf.cast(tf.range(count), tf.uint32)[tf.newaxis], tf.fill((1, 1), purpose))
    bits, _ = threefry((words[:, :1], words[:, 1:2]), counter)
    # 24 bits are what a float32 in [0, 1) holds exactly.
    return tf.cast(tf.bitwise.right_shift(bits, _word(8)), tf.float32) * 2.0**-24


def _word(value: int) -> tf.Tensor:
    return tf.constant(value, tf.uint32)
