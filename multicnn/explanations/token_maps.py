"""Maps of texts: words left out, and the n-grams of which some logits are the sum."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from multicnn.backends import engine
from multicnn.explanations.ngram_sum import NgramSum, TfIdfTerm, linear_terms
from multicnn.explanations.occlusion import occlude
from multicnn.modalities.text.preprocess import TextPreprocess


class TokenMaps:
    """A number for each token of a text.

    Args:
        network: The trained network, from token ids to float32 logits (n, outputs).
        preprocess: The fitted preprocess of texts.
    """

    def __init__(self, network: keras.Model, preprocess: TextPreprocess):
        self._network, self._logits = network, engine.inference(network)
        self._characters = preprocess.level == "characters"
        self._spaces = [i for i, token in enumerate(preprocess.vocabulary, start=2) if token.isspace()]
        self._ngrams = NgramSum.of(network)

    @property
    def sums_ngrams(self) -> bool:
        """True where the logits are a sum over n-grams."""
        return self._ngrams is not None

    def maps(self, method: str, inputs: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the maps of token ids, float32 (n, length), by "occlusion" of each word or by "n-grams"."""
        if method == "n-grams" and self._ngrams is not None:
            return np.stack(list(_spread(self._ngrams, inputs, columns)))
        return np.stack([self._occluded(ids, column) for ids, column in zip(inputs, columns)])

    def of_linear_terms(self, inputs: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return what the linear models of n-grams among the logits' members add at each token, float32 (n, length)."""
        maps = np.zeros(inputs.shape[:2], np.float32)
        for term in linear_terms(self._network):
            maps += np.stack(list(_spread(term, inputs, columns)))
        return maps

    def _occluded(self, ids: np.ndarray, column: int) -> np.ndarray:
        scores, words = np.zeros(len(ids), np.float32), self._words(ids)
        if words:
            for (start, stop), drop in zip(words, occlude(self._logits, ids, words)[1][:, column]):
                scores[start:stop] = drop
        return scores

    def _words(self, ids: np.ndarray) -> list[tuple[int, int]]:
        """Return the start and the stop of each word: a token, or the characters between white space."""
        count = int(np.count_nonzero(ids[..., 0] if ids.ndim == 2 else ids))
        if not self._characters:
            return [(i, i + 1) for i in range(count)]
        inside = np.concatenate([[False], ~np.isin(ids[:count], self._spaces), [False]])
        edges = np.flatnonzero(np.diff(inside.astype(np.int8)))
        return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _spread(terms: NgramSum | TfIdfTerm, inputs: np.ndarray, columns: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the contribution of each n-gram of each text, in equal parts to its tokens."""
    for ids, column, (starts, stops, units, values) in zip(inputs, columns, terms.fired(inputs)):
        count = max(int(np.count_nonzero(ids[..., 0] if ids.ndim == 2 else ids)), 1)
        scores = np.zeros(len(ids), np.float32)
        first = np.clip(starts, 0, count - 1)
        last = np.clip(stops, first + 1, count)
        for start, stop, each in zip(first, last, values * terms.weights[units, column]):
            scores[start:stop] += each / (stop - start)
        yield scores
