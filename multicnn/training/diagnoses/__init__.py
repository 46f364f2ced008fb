"""Diagnose a finished run: name what kept it from more, the cause before what follows from it, each with a remedy."""

from __future__ import annotations

from collections.abc import Callable

from multicnn.training.diagnoses import data, fit, network
from multicnn.training.diagnoses.evidence import Cause, Evidence

_LOGGED = 3  # lines


def diagnose(evidence: Evidence) -> list[Cause]:
    """Return the causes that the evidence shows, the most causal first; none where nothing stands out."""
    found = list(network.causes(evidence))
    found += data.of_labels(evidence, explained=bool(found))
    of_fit = fit.causes(evidence, explained=bool(found))
    return [*found, *data.of_inputs(evidence), *of_fit, *data.limits(evidence)]


def verdict(evidence: Evidence, causes: list[Cause]) -> str:
    """Return the verdict on a run in a line: its first cause and the accuracies, or that nothing stands out."""
    numbers = fit.numbers(evidence)
    if not causes:
        return f"neither under- nor overfitting stands out: {numbers}" if evidence.trained is not None else numbers
    first = causes[0]
    return first.line if numbers in first.message else f"{first.line} ({numbers})"


def diagnosed(evidence: Evidence, log: Callable[[str], None]) -> dict[str, object]:
    """Log the verdict and up to two further causes, and return `verdict` and `diagnoses` for metrics.json."""
    causes = diagnose(evidence)
    line = verdict(evidence, causes)
    for words in (line, *(cause.line for cause in causes[1:_LOGGED])):
        log(words)
    rows = [{"name": cause.name, "message": cause.message, "evidence": dict(cause.evidence)} for cause in causes]
    return {"verdict": line, "diagnoses": rows}
