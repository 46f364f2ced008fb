"""Explanations of the decisions of one text predictor."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import keras
import numpy as np

from multicnn.backends import engine, forks
from multicnn.explanations.explanation import Explanation, NGram
from multicnn.explanations.ngram_sum import NgramSum
from multicnn.explanations.occlusion import occlude
from multicnn.modalities.text.preprocess import TextPreprocess
from multicnn.tasks import Task

_BATCH = 256
_Explained = tuple[np.ndarray, np.ndarray, np.ndarray, list[NGram]]  # logits, bias, scores of the tokens, n-grams


class Explainer:
    """Explains the decisions of a text predictor, by its network's own n-grams where it has them.

    Args:
        network: The trained network, from token ids to float32 logits (n, classes).
        preprocess: Makes the network's input of a text.
        task: A task with classes, fitted.

    Raises:
        ValueError: The preprocess is of images or audio, or the task has no classes.
    """

    def __init__(
        self,
        network: keras.Model,
        preprocess: TextPreprocess,
        task: Task,
    ):
        if not preprocess.tokenized:
            raise ValueError(
                f"`predictor` must be one of texts, to be explained by words. Received: modality={preprocess.modality!r}"
            )
        if not task.classes:
            raise ValueError(
                "`predictor` must predict classes, to be explained by n-grams; `multicnn.explain` draws maps of others. "
                f"Received: task={task.name!r}"
            )
        self.preprocess, self.labels, self._task = preprocess, task.classes, task
        self._logits = engine.inference(network)
        self.network = NgramSum.of(network)
        # Exact where the logits are a sum over n-grams.
        self.method = "occlusion" if self.network is None else "n-grams"

    def explain(
        self, texts: Iterable[str], label: str | None = None, truths: Sequence[str] | None = None
    ) -> Iterator[Explanation]:
        """Explain texts, one after another.

        Args:
            texts: The texts, as `preprocess.decode` gives them.
            label: The class to explain; None is the one predicted for each text.
            truths: The label that each text has.

        Raises:
            ValueError: The class is unknown.
        """
        forks.check()
        if label is not None and label not in self.labels:
            raise ValueError(f"`label` must be one of {list(self.labels)}. Received: label={label!r}")
        rest = iter(texts)
        each_truth: Iterator[str | None] = iter(truths) if truths else itertools.repeat(None)
        while batch := list(itertools.islice(rest, _BATCH)):
            ids = self.preprocess.examples(batch)
            explained_batch = (
                map(self._by_occlusion, batch, ids)
                if self.network is None
                else self._by_ngrams(self.network, batch, ids)
            )
            for text, truth, (logits, bias, scores, ngrams) in zip(batch, each_truth, explained_batch):
                explained = label or self.labels[int(logits.argmax())]
                at = self.labels.index(explained)
                ordered = sorted(ngrams, key=lambda gram: -abs(gram.contribution[at]))
                explanation = Explanation(
                    text=text,
                    tokens=self._tokens(text),
                    labels=self.labels,
                    label=explained,
                    logits=logits,
                    probabilities=self._task.outputs(logits),
                    bias=bias,
                    scores=scores,
                    ngrams=tuple(ordered),
                    method=self.method,
                    truth=truth,
                )
                yield explanation.turned_round() if self.preprocess.order == "backward" else explanation

    def _tokens(self, text: str) -> tuple[str, ...]:
        return tuple(self.preprocess.input_tokens(text)[: self.preprocess.length])

    def _joined(self, tokens: Sequence[str]) -> str:
        return ("" if self.preprocess.level == "characters" else " ").join(tokens)

    def _by_ngrams(self, network: NgramSum, texts: Sequence[str], ids: np.ndarray) -> Iterator[_Explained]:
        """Yield the logits, the bias, the tokens' scores and the n-grams of each text."""
        for text, (starts, stops, units, values) in zip(texts, network.fired(ids)):
            tokens = self._tokens(text)
            contributions = values[:, None] * network.weights[units]
            scores = np.zeros((len(tokens), len(self.labels)), np.float32)
            ngrams = []
            for (start, stop), inside in _windows(starts, stops, len(tokens)):
                total = contributions[inside].sum(axis=0)
                scores[start:stop] += total / (stop - start)
                strongest = inside[np.argsort(-np.abs(values[inside]), kind="stable")]
                fired = tuple((network.filters[units[i]], float(values[i])) for i in strongest)
                gram = self._joined(tokens[start:stop])
                ngrams.append(NGram(start, stop, gram, fired, tuple(map(float, total))))
            yield contributions.sum(axis=0) + network.bias, network.bias, scores, ngrams

    def _by_occlusion(self, text: str, ids: np.ndarray) -> _Explained:
        tokens = self._tokens(text)
        words = self._words(tokens)
        logits, changes = occlude(self._logits, ids, words)
        scores = np.zeros((len(tokens), len(self.labels)), np.float32)
        ngrams = []
        for (start, stop), change in zip(words, changes):
            scores[start:stop] = change
            word = self._joined(tokens[start:stop])
            ngrams.append(NGram(start, stop, word, (), tuple(map(float, change))))
        return logits, np.zeros_like(logits), scores, ngrams

    def _words(self, tokens: Sequence[str]) -> list[tuple[int, int]]:
        """Return the start and stop of each word: a token, or the characters between white space."""
        if self.preprocess.level != "characters":
            return [(i, i + 1) for i in range(len(tokens))]
        words: list[tuple[int, int]] = []
        start = 0
        for space, run in itertools.groupby(tokens, key=str.isspace):
            stop = start + len(list(run))
            words += [] if space else [(start, stop)]
            start = stop
        return words


def _windows(starts: np.ndarray, stops: np.ndarray, length: int) -> Iterator[tuple[tuple[int, int], np.ndarray]]:
    """Yield the different windows of tokens at which something fired, and the indices of that; none leaves the text."""
    first = np.clip(starts, 0, max(length - 1, 0))
    last = np.clip(stops, first + 1, max(length, 1))
    windows, which = np.unique(np.stack([first, last], axis=1), axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(which.ravel(), minlength=len(windows)))
    yield from zip(windows.tolist(), np.split(order, ends[:-1]))
