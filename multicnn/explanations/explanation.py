"""The explanation of one decision, as a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class NGram:
    """Neighbouring tokens at which filters had their largest value.

    Attributes:
        start: The index of the first token.
        stop: The index behind the last token.
        text: The tokens.
        filters: The filters by layer and channel ("2.conv:17") and their values, the largest first; none by
            occlusion.
        contribution: The sum that they add to the logit of each class.
    """

    start: int
    stop: int
    text: str
    filters: tuple[tuple[str, float], ...]
    contribution: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Explanation:
    """The explanation of a predictor's decision on a text.

    Attributes:
        text: The text.
        tokens: The tokens in the network's input; a longer text is cut.
        labels: The class of each logit.
        label: The class that is explained.
        logits: float32 (classes,).
        probabilities: float64 (classes,).
        bias: float32 (classes,), what the logits are without any n-gram; zeros by occlusion.
        scores: float32 (tokens, classes). By n-grams: the contribution of each n-gram, in equal parts to its tokens, so that
            the scores of a class and its bias sum to its logit. By occlusion: how much lower the logit is without the
            word (each character of a word has the whole of it).
        ngrams: The n-grams, those that move the label most, for or against, first.
        method: "n-grams" or "occlusion".
        truth: The label that the data has for it, if any.
    """

    text: str
    tokens: tuple[str, ...]
    labels: tuple[str, ...]
    label: str
    logits: np.ndarray
    probabilities: np.ndarray
    bias: np.ndarray
    scores: np.ndarray
    ngrams: tuple[NGram, ...]
    method: str
    truth: str | None = None

    @property
    def column(self) -> int:
        """The class that is explained, as a column of `scores`."""
        return self.labels.index(self.label)

    @property
    def predicted(self) -> str:
        """The class with the largest logit."""
        return self.labels[int(self.logits.argmax())]

    @property
    def probability(self) -> float:
        """The probability of the class that is explained."""
        return float(self.probabilities[self.column])

    def turned_round(self) -> Explanation:
        """Return the same of the characters in their other order: that of the text, where the network reads backward."""
        count = len(self.tokens)
        ngrams = tuple(
            replace(gram, start=count - gram.stop, stop=count - gram.start, text=gram.text[::-1])
            for gram in self.ngrams
        )
        return replace(self, tokens=self.tokens[::-1], scores=self.scores[::-1], ngrams=ngrams)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that goes through JSON unchanged; numbers are of the class that is explained."""
        at = self.column
        return {
            "text": self.text,
            "label": self.label,
            "predicted": self.predicted,
            "truth": self.truth,
            "probability": self.probability,
            "logit": float(self.logits[at]),
            "bias": float(self.bias[at]),
            "method": self.method,
            "tokens": [[token, float(score)] for token, score in zip(self.tokens, self.scores[:, at])],
            "ngrams": [
                {
                    "text": gram.text,
                    "start": gram.start,
                    "stop": gram.stop,
                    "contribution": gram.contribution[at],
                    "filters": dict(gram.filters),
                }
                for gram in self.ngrams
            ],
        }
