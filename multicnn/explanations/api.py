"""Why a text predictor decides as it does: for single texts and over labelled data, as values and as a page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from multicnn.evaluation import evaluate
from multicnn.evaluation.explanation import write_explanations
from multicnn.explanations import Explainer, Explanation, Findings, over_texts
from multicnn.predictor import Predictor, load
from multicnn.recipe import DataSource
from multicnn.tasks import metrics


def explain_texts(
    predictor: Predictor | str | os.PathLike,
    texts: Sequence[str],
    out: str | os.PathLike | None = None,
    *,
    label: str | None = None,
) -> list[Explanation]:
    """Explains what moved the decision on each text: which n-grams fired which filters, and what they added to the logit.

    Args:
        predictor: Of texts, or the path of its .keras file.
        texts: One, or several.
        out: The HTML page to write, if any.
        label: The class to explain; None is the one predicted for each text.

    Raises:
        ValueError: The predictor is none of texts, the class is unknown, or there is no text, or nothing in one.
    """
    explainer = _explainer(predictor)
    texts = [explainer.preprocess.decode(text) for text in ([texts] if isinstance(texts, (str, bytes)) else texts)]
    if not texts:
        raise ValueError("`texts` must hold at least one text. Received: texts=[]")
    explanations = list(explainer.explain(texts, label))
    if out is not None:
        write_explanations(out, "What moved the decisions", explanations)
    return explanations


def explain_data(
    predictor: Predictor | str | os.PathLike,
    data: str | os.PathLike | DataSource,
    out: str | os.PathLike | None = None,
    *,
    label: str | None = None,
    split: str | None = None,
    examples: int = 20,
    top: int = 10,
) -> tuple[Findings, list[Explanation]]:
    """Explains what moved the decisions over labelled texts.

    Args:
        predictor, out, label: As in `explain_texts`.
        data, split: As in `evaluate`.
        examples: The texts explained one by one: those whose truth has the lowest probability.
        top: The n-grams listed for each class, and the filters.

    Returns:
        What was found over all texts, and the explanations of the examples.

    Raises:
        ValueError: As in `explain_texts` and `evaluate`.
    """
    explainer = _explainer(predictor)
    evaluation = evaluate.evaluate(explainer.predictor, data, split=split)
    manifest, rows = evaluation.manifest, evaluation.rows
    findings = over_texts(explainer, (explainer.preprocess.decode(manifest.raw_source(row)) for row in rows), top)
    worst = np.argsort(metrics.log_likelihoods(evaluation.logits, evaluation.targets), kind="stable")[:examples]
    texts = [explainer.preprocess.decode(manifest.raw_source(rows[i])) for i in worst]
    explanations = list(explainer.explain(texts, label, [manifest.table["label"][rows[i]] for i in worst]))
    if out is not None:
        name = Path(data.path if isinstance(data, DataSource) else data).name
        write_explanations(out, f"What moved the decisions on {name}", explanations, findings)
    return findings, explanations


def _explainer(predictor: Predictor | str | os.PathLike) -> Explainer:
    return Explainer(predictor if isinstance(predictor, Predictor) else load(predictor))
