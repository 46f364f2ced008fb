"""Adversarial training: each batch is attacked by FGSM from a random start, and PGD on validation examples chooses the epoch.

Wong, Rice, Kolter, "Fast is better than free", ICLR 2020. With a step of 1.25 radii from a uniform start, one step is
enough. It can still fail from one epoch to the next: the network then resists one step and no more. Only an attack of many
steps sees that, so it decides which weights are saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from multicnn.backends import engine
from multicnn.modalities import Preprocess
from multicnn.predictor import Predictor
from multicnn.recipe import Recipe
from multicnn.tasks import Task
from multicnn.training.evaluator import Evaluator

METRIC = "pgd_accuracy"  # of history.csv, behind val_
_STEP = 1.25  # radii
_PGD_STEPS = 20
_PGD_STEP = 2.5 / _PGD_STEPS  # radii
_EXAMINED = 500  # validation examples, the first
_BATCH = 250
Array = Any  # a tensor of the backend, or an array
Losses = Callable[[Array, Array], Array]
Batch = tuple[Array, Array]


def check(recipe: Recipe, preprocess: Preprocess, task: Task, shares: int) -> None:
    """Raise ValueError where a recipe's `adversarial` does not suit the rest, before anything is read.

    Args:
        recipe: The recipe.
        preprocess: Its preprocess, fitted or not.
        task: Its task.
        shares: Number of devices that share a batch.
    """
    received = f"Received: adversarial={recipe.adversarial!r}"
    preprocess.perturbations.check_trained(recipe.adversarial)
    if task.metric != "accuracy":
        raise ValueError(f"`adversarial` is for tasks that are measured by accuracy, not {task.name}. {received}")
    if shares > 1:
        raise ValueError(f"`adversarial` is for one device, not {shares}. {received}")
    if recipe.start.staged:
        staged = f"start.finetune={recipe.start.finetune!r}"
        raise ValueError(f"`adversarial` chooses the epoch itself: set start.finetune=off. {received}, {staged}")


class Adversary:
    """The attacks of a run on its own network, in the network's input.

    Args:
        predictor: The predictor that is being trained.
        losses: Returns the loss of each example, given logits and targets.
        recipe: The recipe, with the radius and the seed.
    """

    def __init__(self, predictor: Predictor, losses: Losses, recipe: Recipe):
        self._ball = predictor.preprocess.perturbations.input_ball(recipe.adversarial)
        self._of_inputs = engine.losses_and_gradients(
            predictor.network, lambda _, logits, targets: losses(logits, targets)
        )
        self._seed, self._task = recipe.seed, predictor.task

    def batches(self, batches: Callable[..., Iterable[Batch]], steps: int) -> Callable[..., Iterator[Batch]]:
        """Return batches that are attacked as each is asked for, with the weights of then; a function of (seed, epoch, step).

        Args:
            batches: (epoch, first step, ...) -> the batches from there on, epoch after epoch.
            steps: Steps an epoch.
        """

        def attacked(epoch: int, start_step: int, *options: bool) -> Iterator[Batch]:
            for number, (inputs, targets) in enumerate(
                batches(epoch, start_step, *options), epoch * steps + start_step
            ):
                rng = np.random.default_rng([self._seed, *divmod(number, steps)])
                yield self.attacked(np.asarray(inputs), targets, rng), targets

        return attacked

    def attacked(
        self, inputs: np.ndarray, targets: Array, rng: np.random.Generator, steps: int = 1, step: float = _STEP
    ) -> np.ndarray:
        """Return inputs after so many steps along the sign of the gradient, from a uniform start; float32, as the inputs."""
        radius, low, high = self._ball
        low, high = np.minimum(inputs, low), np.maximum(inputs, high)  # augmentation may have left the range already
        changed = np.clip(inputs + radius * rng.uniform(-1, 1, inputs.shape).astype(np.float32), low, high)
        for _ in range(steps):
            _, slopes = self._of_inputs(changed, targets)
            changed = changed + step * radius * np.sign(slopes)
            changed = np.clip(np.clip(changed, inputs - radius, inputs + radius), low, high)
        return changed

    def validation(self, evaluator: Evaluator, rows: np.ndarray, targets: np.ndarray) -> Callable[[], dict[str, float]]:
        """Return what measures the network on the validation set as it is, and the first 500 examples of it under PGD."""
        rows, targets = rows[:_EXAMINED], targets[:_EXAMINED]

        def measured() -> dict[str, float]:
            right = [self._right_under_pgd(evaluator, *each) for each in _in_batches(rows, targets)]
            return {**evaluator.metrics("val"), METRIC: float(np.concatenate(right).mean())}

        return measured

    def _right_under_pgd(self, evaluator: Evaluator, rows: np.ndarray, targets: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng([self._seed, int(rows[0])])  # the same starts after each epoch
        attacked = self.attacked(evaluator.inputs(rows), targets, rng, _PGD_STEPS, _PGD_STEP)
        return np.asarray(self._task.score(evaluator.predictor.logits_of_inputs(attacked), targets), np.float64)


def _in_batches(rows: np.ndarray, targets: np.ndarray) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    return ((rows[i : i + _BATCH], targets[i : i + _BATCH]) for i in range(0, len(rows), _BATCH))
