"""What is learned from the training examples before a network learns: the preprocessing, and word vectors."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from multicnn.backends.processes import Workers
from multicnn.data.manifest import Manifest
from multicnn.modalities.text import word_vectors
from multicnn.recipe import Recipe
from multicnn.training import given_vectors


def training_examples(recipe: Recipe, manifest: Manifest) -> Iterator[Any]:
    """The training examples that can be decoded, in an order drawn from the seed."""
    rows = list(manifest.rows("train"))
    random.Random(recipe.seed).shuffle(rows)
    for row in rows:
        try:
            yield recipe.preprocess.decode(manifest.raw_source(row))
        except ValueError:
            continue  # it is listed when everything is read


def fitted(
    recipe: Recipe, manifest: Manifest, workers: Workers | None = None
) -> tuple[Any, word_vectors.WordVectors | None]:
    """The recipe's preprocessing, fitted on the training examples, and the word vectors that the network begins with."""
    workers = workers or Workers()
    preprocess = workers.broadcast(lambda: recipe.preprocess.fit(training_examples(recipe, manifest)))
    vectors = given_vectors.given(recipe, preprocess, training_examples(recipe, manifest))
    return preprocess if vectors is None else preprocess.with_words(vectors.words), vectors
