"""Explanations over many texts: the n-grams that moved each class, and those that each filter fires at."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from multicnn.explanations.explainer import Explainer

_FIRED = 5  # n-grams listed of a filter


@dataclass(frozen=True)
class Findings:
    """Explanations added up over many texts.

    Attributes:
        texts: The number of texts.
        method: "n-grams" or "occlusion", as in `Explanation`.
        classes: The n-grams of each class that raised its logit most, added up over all texts: `text`, the number of `texts`
            in which it did anything, and its mean `contribution` there.
        filters: The filters that moved the logits most: `filter`, the class that it speaks for (`label`), its `weight` to that
            class, the number of `texts` in which it fired, and the n-grams at which it was largest (`fired_by`). None by
            occlusion.
    """

    texts: int
    method: str
    classes: dict[str, list[dict[str, Any]]]
    filters: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that goes through JSON unchanged."""
        return asdict(self)


def over_texts(explainer: Explainer, texts: Iterable[str], top: int = 10) -> Findings:
    """Explain texts and add up their n-grams.

    Args:
        explainer: The explainer of the predictor.
        texts: The texts, as `preprocess.decode` gives them; read once, and not held in memory.
        top: The number of n-grams to list for each class, and of filters.
    """
    nothing = np.zeros(len(explainer.labels))
    sums: dict[str, np.ndarray] = defaultdict(lambda: nothing)
    occurrences: Counter[str] = Counter()  # of each n-gram, the texts in which it moved anything
    fired: dict[str, dict[str, float]] = defaultdict(dict)  # the n-grams of each filter, with their largest value
    strength: defaultdict[str, float] = defaultdict(float)  # of each filter, its values added up
    often: Counter[str] = Counter()
    count = 0
    for explanation in explainer.explain(texts):
        count += 1
        occurrences.update({gram.text for gram in explanation.ngrams})
        for gram in explanation.ngrams:
            sums[gram.text] = sums[gram.text] + gram.contribution
            for name, value in gram.filters:
                often[name] += 1
                strength[name] += abs(value)
                fired[name][gram.text] = max(value, fired[name].get(gram.text, 0))
    classes = {label: _raising(sums, occurrences, column, top) for column, label in enumerate(explainer.labels)}
    filters = []
    if explainer.network is not None:
        weights = dict(zip(explainer.network.filters, explainer.network.weights))
        moving = sorted(strength, key=lambda name: -strength[name] * np.ptp(weights[name]))
        for name in moving[:top]:
            best = int(weights[name].argmax())
            row = {"filter": name, "label": explainer.labels[best], "weight": float(weights[name][best])}
            largest = heapq.nlargest(_FIRED, fired[name], key=fired[name].__getitem__)
            filters.append(row | {"texts": often[name], "fired_by": largest})
    return Findings(count, explainer.method, classes, filters)


def _raising(sums: dict[str, np.ndarray], occurrences: Counter[str], column: int, top: int) -> list[dict[str, Any]]:
    """Return the n-grams that raised one class's logit most."""
    best = sorted(sums, key=lambda text: -sums[text][column])[:top]
    return [
        {"text": text, "texts": occurrences[text], "contribution": float(sums[text][column]) / occurrences[text]}
        for text in best
        if sums[text][column] > 0
    ]
