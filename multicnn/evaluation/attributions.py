"""The page of `multicnn explain` for any modality: each input under the map of what moved the decision on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from multicnn.evaluation import page

if TYPE_CHECKING:
    from multicnn.explanations.attribution import Attribution
    from multicnn.modalities import Preprocess
    from multicnn.modalities.base import Shown

# What a map shows, by its method.
IN_WORDS = {
    "saliency": "How fast the logit changes with each place of the input.",
    "gradient-x-input": "The gradient of the logit times the input.",
    "integrated-gradients": "The gradients on the way from an input with nothing in it; they sum to the difference of the logit.",
    "smoothgrad": "How fast the logit changes with each place, in the mean over noisy copies of the input.",
    "guided-backprop": "The gradient, of which only what is positive passes a ReLU that is on.",
    "deconvnet": "The logit, projected back through transposed convolutions and the switches of the poolings.",
    "grad-cam": "The activations of the last layer with positions, each weighted by its mean gradient.",
    "guided-grad-cam": "Guided backpropagation times Grad-CAM.",
    "occlusion": "How much lower the logit is where the input is covered.",
    "n-grams": "What each n-gram adds to the logit, exactly.",
}


class Row(NamedTuple):
    """One explanation as the page shows it.

    Attributes:
        explanation: The explanation.
        facts: What stands beside the map, by name.
        shown: The input, its map, and what can be played.
        tokens: The tokens of a text, with the score of each and its share of the largest.
        between: What stands between two tokens.
    """

    explanation: Attribution
    facts: dict[str, str]
    shown: list[Shown]
    tokens: list[tuple[str, float, float]]
    between: str


def write_attributions(
    path: str | Path, title: str, explanations: Sequence[Attribution], preprocess: Preprocess
) -> Path:
    """Write the page, that needs no other file.

    Args:
        path: The HTML file to write.
        title: The title of the page.
        explanations: The explanations, all by one method.
        preprocess: The preprocess, which draws the maps.

    Returns:
        `path`.
    """
    first = explanations[0]
    return page.write(
        path,
        "attributions",
        title=title,
        lead=f"{first.method}: {IN_WORDS[first.method]}",
        warning=first.warning,
        signed=any((each.cells < 0).any() for each in explanations),
        rows=[_row(each, preprocess) for each in explanations],
    )


def _row(explanation: Attribution, preprocess: Preprocess) -> Row:
    strengths = explanation.strengths
    scores = zip(explanation.tokens, explanation.cells.tolist(), abs(strengths).tolist())
    between = "" if all(len(token) == 1 for token in explanation.tokens) else " "
    shown = [] if explanation.tokens else preprocess.mapped(explanation.raw, strengths)
    return Row(explanation, facts(explanation), shown, list(scores) if explanation.tokens else [], between)


def facts(explanation: Attribution) -> dict[str, str]:
    """Return what is to be known of an explanation beside its map, by name."""
    known = {"explained": f"{explanation.label} ({explanation.probability:.3f})"}
    if explanation.label != explanation.predicted:
        known["predicted"] = explanation.predicted
    if explanation.truth is not None:
        known["true class"] = explanation.truth
    known["logit"] = f"{explanation.logit:.3f}"
    if explanation.shares:
        known["of that"] = ", ".join(f"{name} {share:+.3f}" for name, share in explanation.shares.items())
    if explanation.window:
        known["deciding window"] = f"from {explanation.window}"
    if explanation.layers:
        known["layer"] = ", ".join(explanation.layers)
    if not explanation.tokens:
        known["strongest at"] = ", ".join(f"{name} {value:.4g}" for name, value in explanation.peak.items())
    return known
