"""Schedules that do not come to an end within the epochs of a run."""

from __future__ import annotations

from collections.abc import Iterator

from multicnn.modalities.finding import Finding
from multicnn.recipe import Recipe


def doubts(recipe: Recipe) -> Iterator[Finding]:
    """Yield a remark for each setting that cannot do in so few epochs what it says, as in a trial of a longer recipe."""
    epochs = f"the {recipe.epochs} epochs of the run" if recipe.epochs > 1 else "the one epoch of the run"
    warmup, every = recipe.optimizer.warmup_epochs, recipe.start.unfreeze_every
    if warmup >= recipe.epochs:
        message = f"optimizer.warmup_epochs={warmup:g} takes {epochs}, so the learning rate only rises: take fewer, or more epochs"
        yield Finding("warm-up", message, True)
    if every is not None and every >= recipe.epochs:
        message = f"start.unfreeze_every={every} is not reached in {epochs}, so nothing is unfrozen: take fewer, or more epochs"
        yield Finding("gradual unfreezing", message, True)
