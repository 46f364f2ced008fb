"""What moved the decisions of a predictor over many texts: its n-grams by class, and what each filter looks for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from multicnn.explanations.explainer import Explainer

_FIRED = 5  # n-grams listed of a filter


@dataclass(frozen=True)
class Findings:
    """What was found over many texts.

    Attributes:
        texts: How many.
        method: As in `Explanation`.
        classes: Of each class the n-grams that raised its logit most, added up over all texts: `text`, the number of `texts`
            in which it did anything, and its mean `contribution` there.
        filters: Those that moved the logits most: `filter`, the class that it speaks for (`label`), its `weight` to that
            class, the number of `texts` in which it fired, and the n-grams at which it was largest (`fired_by`). None where
            words were left out.
    """

    texts: int
    method: str
    classes: dict[str, list[dict[str, Any]]]
    filters: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Plain data that goes through JSON unchanged."""
        return asdict(self)


def over_texts(explainer: Explainer, texts: Iterable[str], top: int = 10) -> Findings:
    """Explains texts and adds up what is found.

    Args:
        explainer: Of the predictor.
        texts: As `preprocess.decode` gives them; read once, and not held.
        top: The n-grams listed of each class, and the filters.
    """
    nothing = np.zeros(len(explainer.labels))
    sums: dict[str, np.ndarray] = defaultdict(lambda: nothing)
    seen: Counter[str] = Counter()
    fired: dict[str, Counter[str]] = defaultdict(Counter)  # the n-grams of each filter, by their largest value
    strength: Counter[str] = Counter()  # of each filter, its values added up
    often: Counter[str] = Counter()
    count = 0
    for explanation in explainer.explain(texts):
        count += 1
        seen.update({gram.text for gram in explanation.ngrams})
        for gram in explanation.ngrams:
            sums[gram.text] = sums[gram.text] + gram.contribution
            for name, value in gram.filters:
                often[name] += 1
                strength[name] += abs(value)
                fired[name][gram.text] = max(value, fired[name][gram.text])
    classes = {label: _raising(sums, seen, column, top) for column, label in enumerate(explainer.labels)}
    filters = []
    if explainer.network is not None:
        weights = dict(zip(explainer.network.filters, explainer.network.weights))
        moving = sorted(strength, key=lambda name: -strength[name] * np.ptp(weights[name]))
        for name in moving[:top]:
            best = int(weights[name].argmax())
            row = {"filter": name, "label": explainer.labels[best], "weight": float(weights[name][best])}
            largest = [text for text, _ in fired[name].most_common(_FIRED)]
            filters.append(row | {"texts": often[name], "fired_by": largest})
    return Findings(count, explainer.method, classes, filters)


def _raising(sums: dict[str, np.ndarray], seen: Counter[str], column: int, top: int) -> list[dict[str, Any]]:
    """The n-grams that raised one class's logit most."""
    best = sorted(sums, key=lambda text: -sums[text][column])[:top]
    return [
        {"text": text, "texts": seen[text], "contribution": float(sums[text][column]) / seen[text]}
        for text in best
        if sums[text][column] > 0
    ]
