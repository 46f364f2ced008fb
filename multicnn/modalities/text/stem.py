"""The front of a text network, as a Block, and the given vectors that are laid into it once it is built."""

from __future__ import annotations

from typing import Any

import numpy as np

from multicnn.blocks import Block, add, chain, dense, embed, ngram_bag, one_hot, scope
from multicnn.layers import TokenEmbedding

FRONTS = ("rand", "static", "nonstatic", "multichannel", "one_hot")
GIVEN = ("static", "nonstatic", "multichannel")  # those that begin with vectors from elsewhere
_BAG_DIMS = 4  # rare runs learn little enough


def front(kind: str, vocabulary_size: int, dims: int) -> Block:
    """What turns ids into channels.

    Kim's multichannel has each filter run over both channels, and adds what it finds before the activation. Convolution is
    linear, so that is the filter run once over the sum of the two: the channels are added here, and any network can follow.

    Args:
        kind: "rand", "static", "nonstatic", "multichannel" (Kim 2014, section 3.1) or "one_hot" (Zhang et al. 2015).
        vocabulary_size: Of the preprocessing.
        dims: Size of the word vectors; "one_hot" has a channel for each token instead.
    """
    if kind == "one_hot":
        return one_hot(vocabulary_size)
    if kind == "multichannel":
        static = scope("static", embed(vocabulary_size, dims, trainable=False))
        return add(static, scope("nonstatic", embed(vocabulary_size, dims)))
    if kind not in FRONTS:
        raise ValueError(f"`kind` must be one of {list(FRONTS)}. Received: kind={kind!r}")
    return embed(vocabulary_size, dims, trainable=kind != "static")


def linear_model(n: int, classes: int) -> Block:
    """Joulin et al. 2016, "Bag of tricks for efficient text classification": the runs of 1 to `n` tokens, and a dense layer."""
    return chain(ngram_bag(n, _BAG_DIMS), dense(classes))


def scaled(table: np.ndarray, length: float) -> np.ndarray:
    """The same vectors, each of this length; those of zeros stay so."""
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    return (table * (length / np.where(lengths == 0, 1, lengths))).astype(np.float32)


def lay(network: Any, table: np.ndarray) -> None:
    """Gives every embedding of a built network these weights: float32 (vocabulary_size, dims), as `table` makes them."""
    for layer in network.layers:
        if isinstance(layer, TokenEmbedding) and tuple(layer.embeddings.shape) == table.shape:
            layer.set_weights([table])


def coverage(ids: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """How much of some texts has a vector: the share of `types` (different words) and of `tokens`.

    Args:
        ids: int32, any shape, of the texts: 0 is padding, 1 a word outside the vocabulary.
        found: bool (words,), which words of the vocabulary have a vector.
    """
    counts = np.bincount(ids.ravel(), minlength=len(found) + 2)[1:]
    found = np.concatenate([[False], found])
    occurring = counts[1:] > 0
    return {
        "types": float(found[1:][occurring].mean()) if occurring.any() else 0.0,
        "tokens": float(counts[found].sum() / max(counts.sum(), 1)),
    }
