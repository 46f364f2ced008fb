"""Texts with words replaced, missing, out of order or misspelt: on token ids, which `finish` leaves as they are."""

from __future__ import annotations

from typing import Literal

import numpy as np
import tensorflow as tf

from multicnn.modalities.randomness import integers, uniform
from multicnn.utils.constrained import CountFromZero, ShareBelowOne

_UNKNOWN = 1
_BEHIND = 1e9  # later than any place


def augment(
    ids: tf.Tensor,
    seeds: tf.Tensor,
    level: Literal["words", "subwords", "characters"] = "words",
    nearest: np.ndarray | None = None,
    *,
    neighbours: ShareBelowOne = 0.0,
    word_dropout: ShareBelowOne = 0.0,
    shuffle: CountFromZero = 0,
    typos: ShareBelowOne = 0.0,
) -> tf.Tensor:
    """Randomly change the tokens of texts, each by its own seed; padding stays at the end.

    Args:
        ids: int32, shape (batch, length), or of subwords (batch, length, n): a word goes with all its n-grams.
        seeds: int32 or int64, shape (batch, 2); equal seeds give equal changes.
        level: The unit of a token, as in `TextPreprocess`.
        nearest: int32 (tokens, k), the ids of the words nearest to each word, of padding itself; larger ids have none.
        neighbours: Probability of each word to become one of those nearest to it in the space of the given word vectors, each
            as likely (Wang & Yang 2015).
        word_dropout: Probability of each token to become unknown (id 1).
        shuffle: Tokens move at most so many places (Lample et al. 2018, section 2.3).
        typos: Probability of each character to be deleted, doubled, replaced by another of the text, or to change places
            with the next one; for characters only. A misspelt word is an unknown word: see `word_dropout`.

    Returns:
        int32, the shape of `ids`.
    """
    for name, value in (("neighbours", neighbours), ("word_dropout", word_dropout), ("typos", typos)):
        if not 0 <= value < 1:
            raise ValueError(f"{name} must be in [0, 1). Received: {name}={value}")
    if shuffle < 0:
        raise ValueError(f"shuffle must be 0 or more places. Received: shuffle={shuffle}")
    if typos and level != "characters":
        raise ValueError(f"typos are for texts of characters; word_dropout is for words. Received: typos={typos}")
    if neighbours and nearest is None:
        raise ValueError(f"neighbours are for words that have given vectors. Received: neighbours={neighbours}")
    ids = tf.convert_to_tensor(ids)
    if nearest is not None and neighbours:
        ids = _replaced(ids, seeds, nearest, neighbours)
    if typos:
        ids = _misspelt(ids, seeds, typos)
    if shuffle:
        # Sorted by its place plus a number in [0, k + 1), a token passes no other that is more than k places away.
        ids = _ordered(ids, (shuffle + 1) * uniform(seeds, ids.shape[1], "shuffle"))
    if word_dropout:
        dropped = (uniform(seeds, ids.shape[1], "word dropout") < word_dropout) & (_first(ids) != 0)
        unknown = tf.constant(_UNKNOWN, ids.dtype)
        if len(ids.shape) == 3:
            dropped, unknown = dropped[..., tf.newaxis], tf.one_hot(0, ids.shape[2], dtype=ids.dtype)
        ids = tf.where(dropped, unknown, ids)
    return ids


def _replaced(ids: tf.Tensor, seeds: tf.Tensor, nearest: np.ndarray, share: float) -> tf.Tensor:
    words, k = nearest.shape
    which = integers(uniform(seeds, ids.shape[1], "which neighbour"), 0, k - 1)
    others = tf.gather(tf.constant(nearest.ravel(), ids.dtype), tf.minimum(ids, words - 1) * k + which)
    drawn = (uniform(seeds, ids.shape[1], "neighbours") < share) & (ids < words)
    return tf.where(drawn, others, ids)


def _first(ids: tf.Tensor) -> tf.Tensor:
    """Return the id of each step that tells padding from tokens, (batch, length)."""
    return ids[..., 0] if len(ids.shape) == 3 else ids


def _ordered(ids: tf.Tensor, late: tf.Tensor) -> tf.Tensor:
    """Return the tokens of each text sorted by their index plus `late`, (batch, length); padding stays behind them."""
    order = tf.range(ids.shape[1], dtype=tf.float32) + tf.where(_first(ids) != 0, late, _BEHIND)
    return tf.gather(ids, tf.argsort(order, axis=1, stable=True), batch_dims=1)


def _misspelt(ids: tf.Tensor, seeds: tf.Tensor, share: float) -> tf.Tensor:
    length = ids.shape[1]
    drawn, kind = uniform(seeds, length, "typo") < share, integers(uniform(seeds, length, "kind of typo"), 0, 3)
    drawn &= ids != 0
    count = tf.reduce_sum(tf.cast(ids != 0, tf.int32), axis=1, keepdims=True)
    other = integers(uniform(seeds, length, "other character"), 0, tf.maximum(count - 1, 0))
    ids = tf.where(drawn & (kind == 0), tf.gather(ids, other, batch_dims=1), ids)
    ids = _ordered(ids, tf.where(drawn & (kind == 1), 1.5, 0.0))
    # Each character once, those left out not at all, the doubled ones twice: where the copies end says what stands where.
    # The first one stays, lest nothing is left of a text.
    copies = tf.where(drawn & (kind == 2) & (tf.range(length) > 0), 0, tf.where(drawn & (kind == 3), 2, 1))
    ends = tf.cumsum(copies, axis=1)
    steps = tf.tile(tf.range(length)[tf.newaxis], (tf.shape(ids)[0], 1))
    source = tf.searchsorted(ends, steps, side="right")
    padded = tf.pad(ids, ((0, 0), (0, 1)))  # what stands after the last copy
    return tf.ensure_shape(tf.gather(padded, source, batch_dims=1), (None, length))
