"""Learning-rate schedules that Keras lacks."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops
from keras.optimizers import schedules

from multicnn.utils.constrained import Positive, Share


@keras.saving.register_keras_serializable("multicnn")
class Warmup(schedules.LearningRateSchedule):
    """A straight rise from 0 before another schedule (Goyal et al. 2017, section 2.2).

    Args:
        after: The learning rate, or the schedule of it, once the rise is over; a schedule then starts at its step 0.
        steps: Number of training steps of the rise, at least 1.
    """

    def __init__(self, after: float | schedules.LearningRateSchedule, steps: int):
        if steps < 1:
            raise ValueError(f"`steps` must be 1 or more. Received: steps={steps!r}")
        self.after, self.steps = after, steps

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at a step, counted from 0."""
        step = ops.cast(step, "float32")
        later = ops.maximum(step - self.steps, 0.0)  # 0 during the rise: the rate that it rises to
        rate = self.after(later) if callable(self.after) else self.after
        return rate * ops.minimum(step / self.steps, 1.0)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor as plain data."""
        after = schedules.serialize(self.after) if callable(self.after) else self.after
        return {"after": after, "steps": self.steps}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Warmup:
        """Return the schedule that `get_config` described."""
        after = config["after"]
        return cls(schedules.deserialize(after) if isinstance(after, dict) else after, config["steps"])


@keras.saving.register_keras_serializable("multicnn")
class OneCycle(schedules.LearningRateSchedule):
    """One rise to the peak and one fall far below the start (Smith & Topin 2018, "Super-convergence").

    Both are half cosines, as in fastai and `torch.optim.lr_scheduler.OneCycleLR`, where the paper has straight lines. The
    momentum stays as it is.

    Args:
        peak: The highest learning rate.
        steps: Number of training steps of the whole cycle.
        rise: Share of the steps before the peak, between 0 and 1.
        start: The first learning rate is `peak / start`.
        end: The last one is `peak / start / end`.
    """

    def __init__(self, peak: float, steps: int, rise: Share = 0.3, start: Positive = 25.0, end: Positive = 1e4):
        if not 0 < rise < 1:
            raise ValueError(f"`rise` must be a share of the steps, between 0 and 1. Received: rise={rise!r}")
        self.peak, self.steps, self.rise, self.start, self.end = peak, steps, rise, start, end

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at a step, counted from 0."""
        step = ops.cast(step, "float32")
        top = max(self.rise * self.steps - 1, 1e-3)  # the step of the peak
        last = max(self.steps - 1, top + 1e-3)
        first, final = self.peak / self.start, self.peak / self.start / self.end
        up = _half_cosine(first, self.peak, step / top)
        down = _half_cosine(self.peak, final, ops.minimum((step - top) / (last - top), 1.0))
        return ops.where(step < top, up, down)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor as plain data."""
        return {name: getattr(self, name) for name in ("peak", "steps", "rise", "start", "end")}


def _half_cosine(start: float, end: float, share: Any) -> Any:
    return end + (start - end) / 2 * (1 + ops.cos(math.pi * share))
