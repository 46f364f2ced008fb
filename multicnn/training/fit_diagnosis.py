"""Diagnose under- and overfitting and suggest what to try."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from multicnn.tasks import Task
from multicnn.tasks.intervals import wilson

_GAP = 0.05  # of accuracy, training above validation, that is more than usual
_LEARNED = 0.99  # of accuracy on training examples, beyond which nothing is too little


def verdict(measured: dict[str, Any], history: Sequence[dict[str, float]], task: Task) -> str:
    """Return a line on under- or overfitting.

    Args:
        measured: The task's metrics of "train", "val" and, where there are such, "test" and "linear_baseline", of the best
            weights. The linear baseline was measured on the test examples, or without any on those for validation.
        history: The rows of history.csv.
        task: What is predicted; one whose metric is no share of right answers gets its numbers only.
    """
    train, val = measured["train"], measured.get("val")
    if val is None:
        return "without validation examples nobody can tell under- from overfitting: give some"
    trained, held_out = train[task.metric], val[task.metric]
    if task.metric != "accuracy":
        return f"{task.metric} {trained:.4g} on training examples, {held_out:.4g} on validation examples"
    low, high = wilson(held_out, val["n"])
    interval = f"(95 % interval {low:.1%} to {high:.1%})"
    numbers = f"accuracy {trained:.1%} on training examples, {held_out:.1%} {interval} on validation examples"
    chance = 2 * np.sqrt(max(held_out * (1 - held_out), 1e-4) / val["n"])  # two standard errors
    losses = [row["val_loss"] for row in history]
    if trained - held_out > max(_GAP, chance):
        return f"overfitting: {numbers}. Try more examples, augment, dropout, weight decay, or a smaller network"
    if trained < _LEARNED and (less := _less_than_linear(measured)):
        return f"underfitting: {numbers}; {less}. Try more epochs, another learning rate, or another network"
    falling = len(losses) > 1 and np.argmin(losses) == len(losses) - 1 and losses[-2] - losses[-1] > 0.01 * losses[-1]
    if falling and trained < _LEARNED:
        return f"underfitting: {numbers}, and the validation loss was still falling. Try more epochs"
    return f"neither under- nor overfitting stands out: {numbers}"


def _less_than_linear(measured: dict[str, Any]) -> str:
    """Return in words that the linear baseline is better on the same examples, beyond both intervals; "" where it is not."""
    linear = measured.get("linear_baseline")
    split, words = ("test", "test") if "test" in measured else ("val", "validation")
    if linear is None:
        return ""
    own, other, n = measured[split]["accuracy"], linear["accuracy"], measured[split]["n"]
    if own >= wilson(other, n)[0] or other <= wilson(own, n)[1]:
        return ""
    return f"on the {words} examples it is {own:.1%}, less than the {other:.1%} of the linear baseline"
