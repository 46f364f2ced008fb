"""The word vectors that a recipe gives its network: found, read or learned, and laid into it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from multicnn.data.paths import locate
from multicnn.modalities.text import stem, word_vectors
from multicnn.recipe import Recipe


def check(recipe: Recipe, modality: str) -> None:
    """Raises ValueError if the recipe's embedding does not suit its preprocessing, or its vectors are nowhere."""
    kind, vectors = recipe.embedding.kind, recipe.embedding.vectors
    level = recipe.preprocess.level if modality == "text" else "words"
    if (level == "subwords" and kind != "rand") or (level == "characters" and kind in stem.GIVEN):
        raise ValueError(f"`embedding.kind` does not suit {level}. Received: embedding.kind={kind!r}")
    if vectors and vectors not in word_vectors.KINDS and not Path(locate(vectors)).is_file():
        known = f"a file or one of {list(word_vectors.KINDS)}"
        raise ValueError(f"`embedding.vectors` must be {known}. Received: embedding.vectors={vectors!r}")

    if recipe.augment.get("neighbours") and not vectors:
        received = f"augment.neighbours={recipe.augment['neighbours']!r}, embedding.kind={kind!r}"
        raise ValueError(
            f"`augment.neighbours` needs word vectors that are given, `embedding.vectors`. Received: {received}"
        )


def given(recipe: Recipe, preprocess: Any, texts: Iterable[str]) -> word_vectors.WordVectors | None:
    """The vectors that the network begins with, None if its recipe gives it none.

    Args:
        recipe: Says where they are, or how they are learned.
        preprocess: Fitted; of a file the words of its vocabulary are kept, and others until it is full.
        texts: The training texts, read only if the vectors are learned from them.
    """
    source = recipe.embedding.vectors
    if source is None or preprocess.modality != "text":
        return None
    if source in word_vectors.KINDS:
        settings = {"dims": recipe.embedding_dims, "min_count": preprocess.min_count, "seed": recipe.seed}
        return word_vectors.learn(map(preprocess.tokens, texts), source, **settings)
    wanted = {"vocabulary": preprocess.vocabulary, "size": preprocess.max_vocabulary, "normalise": preprocess.token}
    return word_vectors.read(locate(source), **wanted, format=recipe.embedding.format)


def nearest(recipe: Recipe, vectors: word_vectors.WordVectors | None, preprocess: Any) -> np.ndarray | None:
    """The words nearest to each, where the recipe's augmentation asks for neighbours; else None."""
    if vectors is None or not recipe.augment.get("neighbours"):
        return None
    return word_vectors.nearest(*word_vectors.table(vectors, preprocess.vocabulary))


def lay(
    vectors: word_vectors.WordVectors, preprocess: Any, network: keras.Model, ids: np.ndarray, recipe: Recipe
) -> dict[str, float]:
    """Lays vectors into a built network.

    Args:
        vectors: As `given` found them.
        preprocess: Whose vocabulary the network knows.
        network: With its embeddings.
        ids: int32, of the training texts.
        recipe: Its seed draws the vectors of words that have none, and its embedding says how long all are.

    Returns:
        Which share of the training texts' `types` (different words) and of their `tokens` has a vector.
    """
    table, found = word_vectors.table(vectors, preprocess.vocabulary, recipe.seed)
    length = recipe.embedding.length
    stem.lay(network, table if length is None else stem.scaled(table, length))
    return stem.coverage(ids, found)
