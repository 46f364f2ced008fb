"""The result by which a run is judged: that of the test set, or without one that of the validation set, marked as such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from multicnn.tasks import Task
from multicnn.tasks.intervals import Metrics, percent

if TYPE_CHECKING:
    from multicnn.data.manifest import Manifest

CHOSE = "also used to choose the epoch"
LEARNED = "and to fit the linear baseline, if that was saved or blended in"
REMEDY = "give test examples of their own as data.test (train --test)"


def network_alone(task: Task) -> str:
    """Return what was saved where nothing was to be chosen, and why."""
    return f"the network alone, {'since baseline is off' if task.blends else f'as always of {task.name}'}"


def judged_split(manifest: Manifest) -> str | None:
    """Return the split whose result counts: the test set, or without one the validation set; None where there is neither."""
    return next((split for split in ("test", "val") if len(manifest.rows(split))), None)


def headline(task: Task, measured: Metrics) -> str:
    """Return the result of a run in a sentence or two, with the linear baseline beside it; "" where there is none.

    Args:
        task: The task, fitted.
        measured: The metrics of each split, and those of `linear_baseline`, as metrics.json has them.
    """
    linear = measured.get("linear_baseline")
    if "test" in measured:
        return task.headline(measured["test"], linear)
    return validation_headline(task, measured) if "val" in measured else ""


def validation_headline(task: Task, measured: Metrics) -> str:
    """Return the result on validation examples, with what makes it too good and what to do about it."""
    linear = measured.get("linear_baseline")
    own = f"{number_in_words(task.metric, measured['val'])} on {measured['val']['n']:,} examples, {CHOSE}"
    beside = f" Linear baseline: {number_in_words(task.metric, linear)}." if linear else ""
    return f"Validation {task.metric}: {own}, so it may be too good: {REMEDY}.{beside}"


def number_in_words(metric: str, measured: Metrics) -> str:
    """Return a metric with its interval, if it has one."""
    if metric == "accuracy":
        return percent(measured[metric], measured["n"])
    low, high = (measured.get(f"{metric}_{end}") for end in ("low", "high"))
    return f"{measured[metric]:.4g}" + ("" if low is None else f" (95 % interval {low:.4g} to {high:.4g})")


def saved_in_words(measured: Metrics) -> str:
    """Return what a run saved and why, in a sentence; "" where nothing was chosen.

    Args:
        measured: The metrics of a run, as metrics.json has them, or those in an artefact, which may hold anything.
    """
    saved = measured.get("saved")
    if not isinstance(saved, Mapping) or saved.get("choice") not in ("network", "baseline", "blend"):
        return ""
    article = "a" if saved["choice"] == "blend" else "the"
    return f"{article} {saved_name('network', measured)}: {saved.get('why')}"


def saved_name(network: str, measured: Metrics) -> str:
    """Return the name of what a run saved, where its network has this name.

    Args:
        network: The name.
        measured: As in `saved_in_words`.
    """
    saved = measured.get("saved")
    choice, weight = (saved.get("choice"), saved.get("weight")) if isinstance(saved, Mapping) else (None, None)
    if choice == "blend" and isinstance(weight, float):
        return f"blend of {network} (weight {weight:.2f}) and linear baseline"
    return "linear baseline" if choice == "baseline" else network
