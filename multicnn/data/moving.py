"""Targets that move with their examples."""

from __future__ import annotations

import tensorflow as tf

from multicnn.data.pipeline import Change
from multicnn.modalities.augmentation import Augmentation
from multicnn.tasks import Task


def moving(task: Task, augmentation: Augmentation) -> Change | None:
    """Return a function of targets and seeds that moves the targets of a batch as its examples; None where nothing moves."""
    if not task.placed or not augmentation.movements:
        return None

    def moved(targets: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        for movement in augmentation.movements:
            targets = task.moved(targets, movement(seeds))
        return targets

    return moved
