"""The result by which a run is judged: that of the test set, or without one that of the validation set, marked as such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from multicnn.tasks import Task
from multicnn.tasks.intervals import percent

if TYPE_CHECKING:
    from multicnn.data.manifest import Manifest

CHOSE = "also used to choose the epoch"
REMEDY = "give test examples of their own as data.test (train --test)"


def judged_split(manifest: Manifest) -> str | None:
    """Return the split whose result counts: the test set, or without one the validation set; None where there is neither."""
    return next((split for split in ("test", "val") if len(manifest.rows(split))), None)


def headline(task: Task, measured: Mapping[str, Any]) -> str:
    """Return the result of a run in a sentence or two, with the linear baseline beside it; "" where there is none.

    Args:
        task: The task, fitted.
        measured: The metrics of each split, and those of `linear_baseline`, as metrics.json has them.
    """
    linear = measured.get("linear_baseline")
    if "test" in measured:
        return task.headline(measured["test"], linear)
    return validation_headline(task, measured) if "val" in measured else ""


def validation_headline(task: Task, measured: Mapping[str, Any]) -> str:
    """Return the result on validation examples, with what makes it too good and what to do about it."""
    linear = measured.get("linear_baseline")
    own = f"{_number(task.metric, measured['val'])} on {measured['val']['n']:,} examples, {CHOSE}"
    beside = f" Linear baseline: {_number(task.metric, linear)}." if linear else ""
    return f"Validation {task.metric}: {own}, so it may be too good: {REMEDY}.{beside}"


def _number(metric: str, measured: Mapping[str, Any]) -> str:
    return percent(measured[metric], measured["n"]) if metric == "accuracy" else f"{measured[metric]:.4g}"
