"""The learning-rate range test (Smith 2017, "Cyclical learning rates", section 3.3; written in 2015)."""

from __future__ import annotations

import dataclasses

import numpy as np

from multicnn.data.manifest import Manifest
from multicnn.recipe import Recipe
from multicnn.training.dry_run import untrained
from multicnn.training.loop import Loop
from multicnn.utils.reporter import Reporter

_DIVERGED = 2.0  # times the loss at the start


@dataclasses.dataclass(frozen=True)
class RateCurve:
    """The loss of a few steps while the learning rate rises.

    Attributes:
        rates: float64 (steps,), rising by an equal factor.
        losses: float64 (steps,), the loss of each step's batch before it was learned from.
        smoothed: float64 (steps,), the losses, smoothed.
        suggestion: The rate at which the loss falls fastest.
        limit: The rate at which it is lowest: beyond, learning breaks down.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float
    limit: float


def find_rate(recipe: Recipe, manifest: Manifest, reporter: Reporter, steps: int = 150) -> RateCurve:
    """Run the learning-rate range test of a recipe; its own rate and schedule do not count.

    Args:
        recipe: The recipe to test.
        manifest: The manifest of its data, with every split decided.
        reporter: Receives messages and progress.
        steps: Maximum number of training steps.

    Raises:
        ValueError: The recipe cannot work, or the loss falls at no rate.
    """
    if recipe.optimizer.name.lower() == "rprop":
        raise ValueError("rprop finds its step sizes itself. Received: optimizer.name='rprop'")
    optimizer = dataclasses.replace(recipe.optimizer, schedule="constant", warmup_epochs=0)
    start = (
        dataclasses.replace(recipe.start, finetune=None, unfreeze_every=None) if recipe.start.staged else recipe.start
    )
    with untrained(dataclasses.replace(recipe, optimizer=optimizer, start=start), manifest, reporter) as (_, built):
        return sweep(built.loop, steps=steps)


def sweep(loop: Loop, *, lowest: float = 1e-6, highest: float = 10.0, steps: int = 150) -> RateCurve:
    """Train while the learning rate rises from step to step, until the loss is far above where it began.

    Args:
        loop: A loop that was not run yet. Its optimizer's learning rate is a number; the test changes its weights.
        lowest: Learning rate of the first step.
        highest: Learning rate of the last step.
        steps: Maximum number of training steps; epochs follow one another.

    Raises:
        ValueError: The loss grows from the first steps on, or never falls.
    """
    rates: list[float] = []
    losses: list[float] = []
    with loop.stream(0, 0) as iterator:
        for rate in np.geomspace(lowest, highest, steps):
            loop.network.optimizer.learning_rate = float(rate)
            total, _, n = loop.step(iterator)
            loss = total / n
            if not np.isfinite(loss) or (losses and loss > _DIVERGED * np.mean(losses[:5])):
                break
            rates.append(float(rate))
            losses.append(loss)
    return curve(np.array(rates), np.array(losses))


def curve(rates: np.ndarray, losses: np.ndarray) -> RateCurve:
    """Return the curve of the losses at rising rates, with its suggestion.

    Raises:
        ValueError: There are fewer than ten, or they never fall.
    """
    from scipy.ndimage import gaussian_filter1d

    if len(rates) < 10:
        raise ValueError(f"the loss grows from the lowest rates on. Received: steps={len(rates)}")
    smoothed = gaussian_filter1d(losses, max(len(losses) / 40, 1.0), mode="nearest")
    bottom = int(smoothed.argmin())
    slopes = np.gradient(smoothed, np.log(rates))[: bottom + 1]
    if bottom == 0 or slopes.min() >= 0:
        raise ValueError(f"the loss falls at no learning rate of the test. Received: losses={losses[:3].tolist()} ...")
    return RateCurve(rates, losses, smoothed, float(rates[slopes.argmin()]), float(rates[bottom]))
