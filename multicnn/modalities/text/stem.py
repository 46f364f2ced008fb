"""The stem of a text network: what turns token ids into channels, and the word vectors that it starts with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import keras
import numpy as np

from multicnn.blocks import Block, add, chain, dense, drop, embed, ngram_bag, one_hot, scope
from multicnn.layers import TokenEmbedding
from multicnn.modalities.base import Preprocess, Stem, StemSettings
from multicnn.modalities.text import word_vectors
from multicnn.modalities.text.word_vectors import WordVectors

KINDS = ("rand", "static", "nonstatic", "multichannel", "one_hot")
GIVEN = ("static", "nonstatic", "multichannel")  # those that start with vectors from elsewhere
_BAG_DIMS = 4  # rare runs learn little enough
_EMBEDDINGS = "embeddings"  # the name of the array


class Vocabulary(Preprocess, Protocol):
    """The part of a `TextPreprocess` that a stem depends on."""

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Tokens from id 2 on."""

    @property
    def vocabulary_size(self) -> int:
        """Number of ids."""

    @property
    def max_vocabulary(self) -> int:
        """Most tokens of the vocabulary."""

    @property
    def min_count(self) -> int:
        """Times a token must occur."""

    def tokens(self, raw: str) -> list[str]:
        """Return the tokens of a text."""

    def token(self, word: str) -> str | None:
        """Return the token that a word of another vocabulary is."""


class TextStem(Stem):
    """The embedding of the ids, and beside the model perhaps a linear model of their n-grams.

    Args:
        preprocess: Fitted, with the words of the vectors in its vocabulary.
        settings: The recipe.
        vectors: The word vectors that the embedding starts with, if any.
    """

    def __init__(self, preprocess: Vocabulary, settings: StemSettings, vectors: WordVectors | None):
        super().__init__(preprocess)
        self._words, self._settings, self._vectors = preprocess, settings, vectors

    def block(self, model: Block, outputs: int) -> Block:
        """Return the embedding, dropout and the model, plus the linear model of n-grams."""
        embedding = self._settings.model.embedding
        dims = embedding.dims if self._vectors is None else self._vectors.dims
        dropped = [drop(embedding.dropout)] if embedding.dropout else []
        block = chain(embedding_block(embedding.settled_kind, self._words.vocabulary_size, dims), *dropped, model)
        return add(block, linear_model(embedding.ngrams, outputs)) if embedding.ngrams else block

    def given(self) -> Mapping[str, Any]:
        """Return the words nearest to each, where the augmentation asks for neighbours."""
        if self._vectors is None or not self._settings.augment.get("neighbours"):
            return {}
        return {"nearest": word_vectors.nearest(*word_vectors.table(self._vectors, self._words.vocabulary))}

    def initial_weights(self, network: keras.Model, examples: Callable[[], np.ndarray]) -> tuple[dict[str, float], str]:
        """Load the vectors into every embedding, and measure how much of the training texts they cover."""
        if self._vectors is None:
            return {}, ""
        embedding = self._settings.model.embedding
        table, known = word_vectors.table(self._vectors, self._words.vocabulary, self._settings.seed)
        load_vectors(network, table if embedding.length is None else scaled(table, embedding.length))
        shares = coverage(examples(), known)
        types, tokens = shares.values()
        line = f"{embedding.vectors} covers {types:.1%} of the training words, {tokens:.1%} of their occurrences"
        return {f"vectors_{name}": share for name, share in shares.items()}, line


def check(level: str, settings: StemSettings, locate: Callable[[str], str]) -> None:
    """Raise ValueError where a recipe's embedding does not suit the level of its tokens, or its vectors are nowhere."""
    kind, vectors = settings.model.embedding.settled_kind, settings.model.embedding.vectors
    if (level == "subwords" and kind != "rand") or (level == "characters" and kind in GIVEN):
        raise ValueError(f"`model.embedding.kind` does not suit {level}. Received: model.embedding.kind={kind!r}")
    if vectors and vectors not in word_vectors.KINDS and not Path(locate(vectors)).is_file():
        known = f"a file or one of {list(word_vectors.KINDS)}"
        raise ValueError(f"`model.embedding.vectors` must be {known}. Received: model.embedding.vectors={vectors!r}")
    if settings.augment.get("neighbours") and not vectors:
        received = f"augment.neighbours={settings.augment['neighbours']!r}, model.embedding.kind={kind!r}"
        raise ValueError(
            f"`augment.neighbours` needs word vectors that are given, `model.embedding.vectors`. Received: {received}"
        )


def given_vectors(
    preprocess: Vocabulary, settings: StemSettings, texts: Iterable[str], locate: Callable[[str], str]
) -> WordVectors | None:
    """Return the vectors that a network starts with; None if its recipe gives it none.

    Args:
        preprocess: Fitted; of a file the words of its vocabulary are read, and others until it is full.
        settings: The recipe.
        texts: The training texts, read only if the vectors are learned from them.
        locate: Returns where a path of the recipe is.
    """
    source = settings.model.embedding.vectors
    if source is None:
        return None
    if source in word_vectors.KINDS:
        embedding = settings.model.embedding
        wanted = {"dims": embedding.dims, "min_count": preprocess.min_count, "seed": settings.seed}
        return word_vectors.learn(map(preprocess.tokens, texts), source, epochs=embedding.passes, **wanted)
    return word_vectors.read(
        locate(source),
        vocabulary=preprocess.vocabulary,
        size=preprocess.max_vocabulary,
        normalize=preprocess.token,
        format=settings.model.embedding.format,
    )


def embedding_block(kind: str, vocabulary_size: int, dims: int) -> Block:
    """Return the Block that turns ids into channels.

    Kim's multichannel has each filter run over both channels, and adds what it finds before the activation. Convolution is
    linear, so that is the filter run once over the sum of the two: the channels are added here, and any network can follow.

    Args:
        kind: "rand", "static", "nonstatic", "multichannel" (Kim 2014, section 3.1) or "one_hot" (Zhang et al. 2015).
        vocabulary_size: Number of ids.
        dims: Size of the word vectors; "one_hot" has a channel for each token instead.
    """
    if kind == "one_hot":
        return one_hot(vocabulary_size)
    if kind == "multichannel":
        static = scope("static", embed(vocabulary_size, dims, trainable=False))
        return add(static, scope("nonstatic", embed(vocabulary_size, dims)))
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {list(KINDS)}. Received: kind={kind!r}")
    return embed(vocabulary_size, dims, trainable=kind != "static")


def linear_model(n: int, classes: int) -> Block:
    """Joulin et al. 2016, "Bag of tricks for efficient text classification": the runs of 1 to `n` tokens, and a dense layer."""
    return chain(ngram_bag(n, _BAG_DIMS), dense(classes))


def scaled(table: np.ndarray, length: float) -> np.ndarray:
    """Return the same vectors, each of this length; those of zeros stay so."""
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    return (table * (length / np.where(lengths == 0, 1, lengths))).astype(np.float32)


def load_vectors(network: keras.Model, table: np.ndarray) -> None:
    """Load a table of `word_vectors.table`, float32 (vocabulary_size, dims), into every embedding of a built network."""
    for layer in network.layers:
        if isinstance(layer, TokenEmbedding) and tuple(layer.embeddings.shape) == table.shape:
            layer.set_weights([table])


def with_vocabulary(
    weights: dict[str, dict[str, np.ndarray]], network: keras.Model, words: Sequence[str], trained: Sequence[str]
) -> dict[str, dict[str, np.ndarray]]:
    """Return trained weights whose embeddings have the rows of another vocabulary.

    Args:
        weights: The arrays of each layer, by its name and theirs.
        network: Built; its own vectors stay for the words that were not trained.
        words: The vocabulary of the network, from id 2 on.
        trained: The vocabulary of the weights.
    """
    known = {word: i for i, word in enumerate(trained, start=2)}
    both = [(0, 0), (1, 1), *((i, known[word]) for i, word in enumerate(words, start=2) if word in known)]
    ours, theirs = np.array(both).T  # padding, the unknown token and the common words
    moved = dict(weights)
    for layer in network.layers:
        table = next((np.array(weight) for weight in layer.weights if weight.name == _EMBEDDINGS), None)
        rows = weights.get(layer.name, {}).get(_EMBEDDINGS)
        if table is not None and rows is not None and rows.shape[1] == table.shape[1]:
            table[ours] = rows[theirs]
            moved[layer.name] = {**weights[layer.name], _EMBEDDINGS: table}
    return moved


def coverage(ids: np.ndarray, known: np.ndarray) -> dict[str, float]:
    """Return how much of some texts has a vector: the share of `types` (different words) and of `tokens`.

    Args:
        ids: int32, any shape, of the texts: 0 is padding, 1 a word outside the vocabulary.
        known: bool (words,), which words of the vocabulary have a vector.
    """
    counts = np.bincount(ids.ravel(), minlength=len(known) + 2)[1:]
    known = np.concatenate([[False], known])
    occurring = counts[1:] > 0
    return {
        "types": float(known[1:][occurring].mean()) if occurring.any() else 0.0,
        "tokens": float(counts[known].sum() / max(counts.sum(), 1)),
    }


def learned_vectors(network: keras.Model, preprocess: Preprocess) -> WordVectors | None:
    """Return the word vectors that a trained network holds; None where it has none. Of multichannel those that were trained."""
    tables = [layer for layer in network.layers if isinstance(layer, TokenEmbedding)]
    if not tables or not preprocess.tokenized:
        return None
    words = cast(Vocabulary, preprocess).vocabulary
    return WordVectors(words, tables[-1].get_weights()[0][2 : 2 + len(words)])
