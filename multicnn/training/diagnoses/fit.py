"""Causes in the fit: stopped at once, too few epochs, less than the linear baseline, overfitting."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from multicnn.tasks.intervals import wilson
from multicnn.training.diagnoses.evidence import LEARNED, Cause, Evidence

_GAP = 0.05  # of accuracy, training above validation, that is more than usual
_ALL = 0.99  # of accuracy on training examples, beyond which nothing is too little
_FALLS = 0.01  # of the validation loss, by which the last epoch lowered it


def causes(evidence: Evidence, explained: bool) -> Iterator[Cause]:
    """Yield the causes in their order.

    Args:
        evidence: The evidence of the run.
        explained: True where a cause was found that more epochs or another network would not mend.
    """
    val = evidence.measured.get("val")
    if val is None:
        yield Cause(
            "without validation examples",
            "nobody can tell under- from overfitting, nor choose an epoch: give some, as by --set data.validation_fraction=0.1",
            {},
        )
        return
    if evidence.trained is None:
        return
    yield from _stopped_at_once(evidence)
    if explained:
        return
    trained, held_out, n = evidence.trained, val["accuracy"], val["n"]
    chance = 2 * np.sqrt(max(held_out * (1 - held_out), 1e-4) / n)  # two standard errors
    falling = _still_falling(evidence)
    if trained - held_out > max(_GAP, chance) and not (falling and trained < LEARNED):
        yield Cause(
            "overfitting",
            f"{numbers(evidence)}. Try more examples, augmentation (`multicnn preview` shows it), "
            "--set optimizer.weight_decay=0.01, or a smaller network",
            {"train": trained, "val": held_out, "gap": trained - held_out},
        )
    elif trained < _ALL and evidence.below_linear:
        yield _less_than_linear(evidence)
    elif trained < _ALL and falling:
        yield Cause(
            "underfitting",
            f"{numbers(evidence)}, and the validation loss was still falling. Try more epochs: "
            f"--epochs {2 * len(evidence.history)}",
            {"train": trained, "val": held_out, "epochs": len(evidence.history)},
        )


def numbers(evidence: Evidence) -> str:
    """Return the main metric on training and validation examples in words."""
    metric, train, val = evidence.metric, evidence.measured["train"], evidence.measured.get("val")
    if metric != "accuracy":
        beside = "" if val is None else f", {val[metric]:.4g} on validation examples"
        return f"{metric} {train[metric]:.4g} on training examples{beside}"
    if val is None:
        return f"accuracy {train[metric]:.1%} on training examples"
    low, high = wilson(val[metric], val["n"])
    interval = f"(95 % interval {low:.1%} to {high:.1%})"
    return f"accuracy {train[metric]:.1%} on training examples, {val[metric]:.1%} {interval} on validation examples"


def _less_than_linear(evidence: Evidence) -> Cause:
    split, words = ("test", "test") if "test" in evidence.measured else ("val", "validation")
    own, linear = (evidence.measured[name]["accuracy"] for name in (split, "linear_baseline"))
    return Cause(
        "underfitting",
        f"{numbers(evidence)}; on the {words} examples it is {own:.1%}, less than the {linear:.1%} of the linear baseline. "
        "Try more epochs, another learning rate (`multicnn find-rate`), or another network",
        {"accuracy": own, "linear_baseline": linear},
    )


def _still_falling(evidence: Evidence) -> bool:
    losses = evidence.curve("val_loss")
    return len(losses) > 1 and losses.argmin() == len(losses) - 1 and losses[-2] - losses[-1] > _FALLS * losses[-1]


def _stopped_at_once(evidence: Evidence) -> Iterator[Cause]:
    """Early stopping kept the first epoch: the steps after it made the network worse."""
    recipe, monitor = evidence.recipe, evidence.recipe.monitor or evidence.metric
    monitored = evidence.curve(f"val_{monitor}")
    if recipe.patience is None or not 1 < len(monitored) < recipe.epochs:
        return
    best = monitored.argmax() if evidence.direction == "max" else monitored.argmin()
    if best == 0 and evidence.measured["val"]["accuracy"] < LEARNED:
        rate = evidence.rate
        yield Cause(
            "stopped after the first epoch",
            f"validation {monitor} was best after epoch 1 ({monitored[0]:.3g}) and not as good in the {recipe.patience} "
            f"epochs of patience after it: try --set optimizer.learning_rate={rate / 10:.2g}",
            {"best": float(monitored[0]), "last": float(monitored[-1]), "learning_rate": rate},
        )
