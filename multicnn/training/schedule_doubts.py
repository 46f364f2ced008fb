"""Schedules that do not come to an end within the epochs of a run."""

from __future__ import annotations

from collections.abc import Iterator

from multicnn.modalities.finding import Finding
from multicnn.recipe import Recipe


def doubts(asked: Recipe, n_epochs: int) -> Iterator[Finding]:
    """Yield a remark for each setting that cannot do in so few epochs what it says, as in a trial of a longer recipe.

    Args:
        asked: The recipe as the user gave it, without what is chosen for the data: nobody need change what nobody has set.
        n_epochs: The epochs of the run.
    """
    epochs = f"the {n_epochs} epochs of the run" if n_epochs > 1 else "the one epoch of the run"
    warmup, every = asked.optimizer.warmup_epochs, asked.start.unfreeze_every
    if warmup >= n_epochs:
        message = f"optimizer.warmup_epochs={warmup:g} takes {epochs}, so the learning rate only rises: take fewer, or more epochs"
        yield Finding("warm-up", message, True)
    if every is not None and every >= n_epochs:
        message = f"start.unfreeze_every={every} is not reached in {epochs}, so nothing is unfrozen: take fewer, or more epochs"
        yield Finding("gradual unfreezing", message, True)
