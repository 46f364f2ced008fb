"""A budget of time: the number of epochs that fits into it, by the measured time of a step."""

from __future__ import annotations

import dataclasses
import re
import statistics
import time
from collections.abc import Collection

from multicnn.data.manifest import Manifest
from multicnn.recipe import Recipe
from multicnn.training.build import Built
from multicnn.training.context import RunContext
from multicnn.training.dry_run import untrained
from multicnn.utils.constrained import MOST_EPOCHS
from multicnn.utils.counted import counted
from multicnn.utils.reporter import SilentReporter

_FORM = re.compile(r"(?:(?P<h>\d+(?:\.\d+)?)h)?(?:(?P<min>\d+(?:\.\d+)?)min)?(?:(?P<s>\d+(?:\.\d+)?)s)?")
_SECONDS = {"h": 3600.0, "min": 60.0, "s": 1.0}
_STEPS = 20  # that are measured at most, and for at most so many seconds
_MEASURED_SECONDS = 3.0
_USED = 0.9  # of the budget: tables, checkpoints and callbacks take the rest


def in_seconds(budget: str) -> float:
    """Return a time such as "90s", "5min", "1h" or "1h30min" in seconds.

    Raises:
        ValueError: It is none.
    """
    found = _FORM.fullmatch(budget.replace(" ", "")) if isinstance(budget, str) else None
    seconds = sum(_SECONDS[unit] * float(n) for unit, n in found.groupdict().items() if n) if found else 0.0
    if not seconds:
        raise ValueError(f"`budget` must be a time such as 90s, 5min or 1h30min. Received: budget={budget!r}")
    return seconds


def check(budget: str, given: Collection[str], resumed: bool, context: RunContext) -> None:
    """Raise ValueError where a budget is no time, or cannot decide the number of epochs.

    Args:
        budget: The budget.
        given: The names of the fields that were given.
        resumed: True where a run is resumed, whose number of epochs is recorded.
        context: The context of the run.
    """
    in_seconds(budget)
    if resumed:
        raise ValueError(f"`budget` is for a new run: a resumed one has its epochs. Received: budget={budget!r}")
    if "epochs" in given:
        raise ValueError(f"`budget` sets the number of epochs: omit `epochs`. Received: budget={budget!r}")
    if "members" in given or context.workers.count > 1:
        raise ValueError(f"`budget` is for one network in one process. Received: budget={budget!r}")


def within(recipe: Recipe, manifest: Manifest, budget: str, context: RunContext) -> tuple[Recipe, Manifest]:
    """Return the recipe with the number of epochs whose training and validation take so long, and the manifest that says so.

    The first steps of the run are taken on trial, with its data.

    Raises:
        ValueError: As `check`, or the recipe cannot work.
    """
    check(budget, ["members"] if recipe.members else [], False, context)
    with untrained(dataclasses.replace(recipe, epochs=1), manifest, SilentReporter()) as (_, built):
        steps = built.loop.settings.steps
        step, validation = _measured(built)
    seconds = steps * step + validation
    epochs = min(max(int(_USED * in_seconds(budget) / seconds), 1), MOST_EPOCHS)
    fits = f"{counted(epochs, 'epoch')} of {counted(steps, 'step')} {'fits' if epochs == 1 else 'fit'}"
    line = f"{fits} into {budget}, at {1000 * step:.1f} ms a step"
    if seconds > in_seconds(budget):
        line = f"an epoch takes about {seconds:.0f} s, more than the budget of {budget}: one is trained"
    context.log(line)
    return dataclasses.replace(recipe, epochs=epochs), dataclasses.replace(
        manifest, chosen=re.sub(r"\bepochs \d+", f"epochs {epochs} (by the budget)", manifest.chosen)
    )


def _measured(built: Built) -> tuple[float, float]:
    """Return the seconds of a step and of a validation, without those of compiling them."""
    loop, seconds = built.loop, list[float]()
    with loop.stream(0, 0) as iterator:
        loop.step(iterator)
        started = time.perf_counter()
        while len(seconds) < _STEPS and time.perf_counter() - started < _MEASURED_SECONDS:
            before = time.perf_counter()
            loop.step(iterator)
            seconds.append(time.perf_counter() - before)
    validation = 0.0
    if loop.validate is not None:
        loop.validate()
        before = time.perf_counter()
        loop.validate()
        validation = time.perf_counter() - before
    return statistics.median(seconds), validation
