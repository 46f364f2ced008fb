"""The page that explains decisions on texts: each word in the colour of what it did, and the n-grams that did most."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from multicnn.evaluation.page import Html, page, section, table

_FOR, _AGAINST = "33, 113, 181", "217, 95, 14"  # blue and orange, which most colour-blind people tell apart
_SHOWN = 8  # n-grams of a text
_METHODS = {
    "n-grams": "Each filter adds its largest value times its weight to the logit of a class; it was reached at one n-gram. "
    "With the bias, the contributions are the logit, exactly.",
    "leaving out": "A word's contribution is how much lower the logit of the class is without it.",
}


def write_explanations(
    path: str | Path, title: str, explanations: Sequence[Any], findings: Any = None, top: int = _SHOWN
) -> Path:
    """Writes the page, that needs no other file.

    Args:
        path: the HTML file to write.
        title: of the page.
        explanations: of single texts, `multicnn.explanations.Explanation`.
        findings: over a whole data set, `multicnn.explanations.Findings`, if there are any.
        top: the n-grams listed below each text.

    Returns:
        `path`.
    """
    method = findings.method if findings else explanations[0].method
    key = f"{_coloured('for the class', 1, 1)} {_coloured('against it', -1, 1)}"
    parts = [f'<p class="lead">{_METHODS[method]}</p>', f"<p>{key}</p>"]
    if findings:
        parts += [_classes(findings), _filters(findings)]
    parts.append(section("Texts", "".join(_text(explanation, top) for explanation in explanations)))
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(title, parts), encoding="utf-8", errors="backslashreplace")
    return path


def _classes(findings: Any) -> str:
    tables = [
        table(label, ["n-gram", "texts", "contribution"], [{"n-gram": row["text"], **row} for row in rows])
        for label, rows in findings.classes.items()
        if rows
    ]
    return section(f"What spoke for each class, over {findings.texts:,} texts", "".join(tables))


def _filters(findings: Any) -> str:
    if not findings.filters:
        return ""
    rows = [
        {**row, "class": Html(html.escape(row["label"])), "fired by": Html(html.escape(" · ".join(row["fired_by"])))}
        for row in findings.filters
    ]
    columns = ["filter", "class", "weight", "texts", "fired by"]
    return section(
        "The filters that did most", table("What each looks for, and the class it speaks for", columns, rows)
    )


def _text(explanation: Any, top: int) -> str:
    scores = explanation.scores[:, explanation.column]
    largest = float(abs(scores).max(initial=0))
    # Characters stand side by side as they do in the text.
    between = "" if all(len(token) == 1 for token in explanation.tokens) else " "
    shown = between.join(_coloured(token, float(s), largest) for token, s in zip(explanation.tokens, scores))
    said = f"{explanation.label}: {explanation.probability:.3f}"
    if explanation.truth is not None:
        said += f"; the data says {explanation.truth}"
    rows = [
        {
            "n-gram": gram.text,
            "contribution": gram.contribution[explanation.column],
            "filters": Html(html.escape(", ".join(f"{name} ({value:.2f})" for name, value in gram.filters[:3]))),
        }
        for gram in explanation.ngrams[:top]
    ]
    columns = ["n-gram", "contribution", *(["filters"] if explanation.method == "n-grams" else [])]
    return f'<p dir="auto">{shown}</p>{table(said, columns, rows) if rows else ""}'


def _coloured(token: str, score: float, largest: float) -> str:
    strength = abs(score) / largest if largest else 0.0
    colour = f"rgba({_FOR if score > 0 else _AGAINST}, {0.75 * strength:.2f})"
    return f'<span style="background: {colour}" title="{score:+.3f}">{html.escape(token)}</span>'
