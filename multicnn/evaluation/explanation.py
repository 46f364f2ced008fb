"""The page that explains decisions on texts: each word in the colour of what it did, and the n-grams that did most."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from multicnn.evaluation import page

_SHOWN = 8  # n-grams of a text
_METHODS = {
    "n-grams": "Each filter adds its largest value times its weight to the logit of a class; it was reached at one n-gram. "
    "With the bias, the contributions are the logit, exactly.",
    "occlusion": "A word's contribution is how much lower the logit of the class is without it.",
}


def write_explanations(
    path: str | Path, title: str, explanations: Sequence[Any], findings: Any = None, top: int = _SHOWN
) -> Path:
    """Write the page, that needs no other file.

    Args:
        path: The HTML file to write.
        title: The title of the page.
        explanations: A `multicnn.explanations.Explanation` of each text.
        findings: The `multicnn.explanations.Findings` over a whole data set, if there are any.
        top: The number of n-grams listed below each text.

    Returns:
        `path`.
    """
    method = findings.method if findings else explanations[0].method
    return page.write(
        path,
        "explanations",
        title=title,
        lead=_METHODS[method],
        texts=[(explanation, *_tokens(explanation)) for explanation in explanations],
        findings=findings,
        top=top,
    )


def _tokens(explanation: Any) -> tuple[list[tuple[str, float, float]], str]:
    """Return each token with its score and that score's share of the largest, and what stands between two tokens."""
    scores = explanation.scores[:, explanation.column].tolist()
    largest = max(map(abs, scores), default=0.0) or 1.0
    # Characters stand side by side as they do in the text.
    between = "" if all(len(token) == 1 for token in explanation.tokens) else " "
    return [(token, score, abs(score) / largest) for token, score in zip(explanation.tokens, scores)], between
