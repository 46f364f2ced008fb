"""Attacks along the gradient of the loss: one step (Goodfellow et al. 2015), and many with projection (Madry et al. 2018)."""

from __future__ import annotations

import functools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from multicnn.backends import engine
from multicnn.modalities.perturbations import AttackSpace, Perturbations
from multicnn.tasks import LossSettings, Task

Gradient = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (points, targets) -> gradient of the loss in the points

STEPS = 40
STEP_SIZE = 2.5  # radii that all steps together could go


def loss_gradient(network: keras.Model, perturbations: Perturbations, task: Task) -> Gradient:
    """Return a function from points of a space and targets to the gradient of the task's loss, through the preprocessing.

    Args:
        network: The network.
        perturbations: Makes the network's input of points.
        task: Gives the loss.
    """
    losses = functools.partial(task.losses, settings=LossSettings(task.default_loss))
    losses_and_slopes = engine.losses_and_gradients(network, lambda _, logits, targets: losses(logits, targets))

    @tf.function(reduce_retracing=True)
    def pulled_back(points: tf.Tensor, slopes: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(points)
            inputs = perturbations.network_input(points)
        return tape.gradient(inputs, points, output_gradients=slopes)

    inputs_of = tf.function(perturbations.network_input, reduce_retracing=True)

    def gradient(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
        changed = tf.constant(points, tf.float32)
        _, slopes = losses_and_slopes(inputs_of(changed), targets)
        return pulled_back(changed, tf.convert_to_tensor(slopes)).numpy()

    return gradient


def fgsm(space: AttackSpace, gradient: Gradient, targets: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Return the changes of one step of the whole radius (fast gradient sign method; its sign is that of the norm)."""
    return space.within(radii * space.direction(gradient(space.points, targets)), radii)


def pgd(
    space: AttackSpace,
    gradient: Gradient,
    targets: np.ndarray,
    radii: np.ndarray,
    rng: np.random.Generator,
    steps: int = STEPS,
    towards: bool = False,
) -> np.ndarray:
    """Return the changes of projected gradient steps from a random start.

    Args:
        space: The examples.
        gradient: The gradient of the loss.
        targets: The targets whose loss is raised, or where `towards` is True lowered.
        radii: The radius of each ball.
        rng: Draws the start.
        steps: Number of steps, each 2.5 / steps of the radius.
        towards: Go towards the targets (a targeted attack) instead of away from them.
    """
    changes = space.start(radii, rng)
    length = (-STEP_SIZE if towards else STEP_SIZE) / steps * radii
    for _ in range(steps):
        slope = space.direction(gradient(space.points + changes, targets))
        changes = space.within(changes + length * slope, radii)
    return changes
