"""Inputs made by descending a gradient: activation maximisation, and feature inversion.

Simonyan, Vedaldi and Zisserman 2014, section 2, and Mahendran and Vedaldi 2015, whose total-variation prior both have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from multicnn.backends import engine
from multicnn.explanations.stages import Tap
from multicnn.layers.types import Tensor

Range = tuple[np.ndarray, np.ndarray]  # the smallest and the largest value of an input, to be broadcast over it


@dataclass(frozen=True)
class Descent:
    """The settings of a descent by Adam.

    Attributes:
        steps: The number of steps.
        rate: The learning rate at the first step, which falls to 0, as a share of the input's range.
        variation: The weight of the total variation, the mean square of the differences between neighbours.
        norm: The weight of the mean square of the input: 0 is the mean of the training data.
        jitter: The input is shifted at random in each step, along each axis by at most this share of its size.
        seed: The random seed.
    """

    steps: int = 200
    rate: float = 0.03
    variation: float = 0.01
    norm: float = 0.001
    jitter: float = 0.0
    seed: int = 0


# Strong: little of an input decides an activation, and without a prior the rest is noise. Shifts, or it is right at one place only.
MAXIMIZING = Descent(variation=3.0, norm=3.0, jitter=0.08)
INVERTING = Descent()  # the features say nearly all of the input


@dataclass(frozen=True, eq=False)
class Maximized:
    """Inputs that raise one activation each.

    Attributes:
        names: What is raised: a label, or a filter of a stage as "conv3:5".
        inputs: float32, (n, *input_shape), in the network's input.
        before: float32 (n,), the activation at the start, small noise.
        after: float32 (n,), the activation at the end.
    """

    names: tuple[str, ...]
    inputs: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as plain data that goes through JSON unchanged."""
        activations = zip(self.names, self.before.tolist(), self.after.tolist())
        return {"activations": [{"of": of, "before": before, "after": after} for of, before, after in activations]}


@dataclass(frozen=True, eq=False)
class Inverted:
    """Inputs made to have the features of others at a stage.

    Attributes:
        stage: The name of the stage.
        inputs: float32, (n, *input_shape), in the network's input.
        errors: float64 (n,), the distance of their features from the given ones, over the length of the given ones.
        start_errors: float64 (n,), the same of the noise that the descent starts from.
        other_errors: float64 (n,), the same of the other given inputs, their mean; empty where only one was given.
    """

    stage: str
    inputs: np.ndarray
    errors: np.ndarray
    start_errors: np.ndarray
    other_errors: np.ndarray

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as plain data that goes through JSON unchanged."""
        errors = {"errors": self.errors, "other_errors": self.other_errors, "start_errors": self.start_errors}
        return {"stage": self.stage, **{name: values.tolist() for name, values in errors.items()}}


def check_continuous(network: keras.Model) -> None:
    """Raise ValueError for a network of token ids, which have no gradient."""
    if not str(network.inputs[0].dtype).startswith("float"):
        raise ValueError(
            "`model` must be a network of numbers, as of images and audio; token ids cannot be changed by small steps. "
            f"Received: input dtype={network.inputs[0].dtype}"
        )


def maximize(
    network: keras.Model,
    tensor: keras.KerasTensor,
    channels: Sequence[int],
    names: Sequence[str],
    limits: Range,
    settings: Descent,
) -> Maximized:
    """Make an input for each of some channels of a tensor that raises it: of one with positions, its middle position.

    Args:
        network: The trained network.
        tensor: The logits, or the output of a stage.
        channels: The channels.
        names: Their names.
        limits: The range of the network's input.
        settings: The settings of the descent.
    """
    inside = keras.Model(network.inputs, tensor)
    middle = tuple((size or 1) // 2 for size in tensor.shape[1:-1])
    wanted = np.eye(tensor.shape[-1], dtype=np.float32)[list(channels)]

    def losses(inputs: Tensor, outputs: Tensor, wanted: Tensor) -> Tensor:
        at_middle = outputs[(slice(None), *middle)]
        return -ops.sum(at_middle * wanted, axis=-1)

    start = _noise((len(channels), *network.inputs[0].shape[1:]), limits, settings.seed)
    made, first, last = _descend(inside, losses, start, (wanted,), limits, settings)
    return Maximized(tuple(names), made, -first, -last)


def invert(network: keras.Model, tap: Tap, inputs: np.ndarray, limits: Range, settings: Descent) -> Inverted:
    """Make for each of some inputs another one with the same features at a stage, without knowing more of it.

    Args:
        network: The trained network.
        tap: The stage.
        inputs: float32, (n, *input_shape).
        limits: The range of the network's input.
        settings: The settings of the descent.
    """
    inside = keras.Model(network.inputs, tap.tensor)
    features = np.asarray(inside.predict_on_batch(inputs), np.float32)
    squares = np.maximum(np.square(features.reshape(len(features), -1)).sum(axis=1), 1e-12).astype(np.float32)

    def losses(inputs: Tensor, outputs: Tensor, features: Tensor, squares: Tensor) -> Tensor:
        difference = ops.reshape(outputs - features, (ops.shape(outputs)[0], -1))
        return ops.sum(ops.square(difference), axis=1) / squares

    start = _noise(inputs.shape, limits, settings.seed)
    made, first, last = _descend(inside, losses, start, (features, squares), limits, settings)
    flat = features.reshape(len(features), -1).astype(np.float64)
    others = np.linalg.norm(flat[:, np.newaxis] - flat[np.newaxis], axis=2) / np.sqrt(squares)[:, np.newaxis]
    means = others.sum(axis=1) / (len(others) - 1) if len(others) > 1 else np.zeros(0)
    return Inverted(tap.name, made, np.sqrt(last), np.sqrt(first), means)


def total_variation(inputs: Tensor) -> Tensor:
    """Return the mean square of the differences between neighbours along each axis but batch and channels: (batch,).

    Mahendran and Vedaldi 2015, equation 3, with beta = 2.
    """
    total = 0.0
    for axis in range(1, len(inputs.shape) - 1):
        before = (slice(None),) * axis
        differences = inputs[(*before, slice(1, None))] - inputs[(*before, slice(-1))]
        total = total + ops.mean(ops.square(differences), axis=tuple(range(1, len(inputs.shape))))
    return total


def _noise(shape: tuple[int, ...], limits: Range, seed: int) -> np.ndarray:
    """Return small noise around 0, the mean of the training data, in the range: float32."""
    return np.clip(0.1 * np.random.default_rng(seed).normal(size=shape), *limits).astype(np.float32)


def _descend(
    network: keras.Model,
    losses: Callable[..., Tensor],
    start: np.ndarray,
    given: tuple[np.ndarray, ...],
    limits: Range,
    settings: Descent,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the inputs at the end, and the losses without the prior at the start and at the end."""

    def with_prior(inputs: Tensor, outputs: Tensor, weights: Tensor, *given: Tensor) -> Tensor:
        square = ops.mean(ops.square(inputs), axis=tuple(range(1, len(inputs.shape))))
        return losses(inputs, outputs, *given) + weights[0] * total_variation(inputs) + weights[1] * square

    low, high = limits
    span = (high - low).astype(np.float32)
    step_of = engine.losses_and_gradients(network, with_prior)
    random = np.random.default_rng(settings.seed)
    reach = [int(settings.jitter * size) for size in start.shape[1:-1]]
    axes = tuple(range(1, start.ndim - 1))
    inputs, mean, square = start, np.zeros_like(start), np.zeros_like(start)
    weights, none = np.array([settings.variation, settings.norm], np.float32), np.zeros(2, np.float32)
    first, _ = step_of(inputs, none, *given)
    for step in range(settings.steps):
        shift = tuple(int(random.integers(-most, most + 1)) for most in reach)
        _, slopes = step_of(np.roll(inputs, shift, axes), weights, *given)
        slopes = np.roll(slopes, tuple(-each for each in shift), axes) * span  # per share of the range
        mean, square = 0.9 * mean + 0.1 * slopes, 0.99 * square + 0.01 * slopes**2
        rate = settings.rate * (1 - step / settings.steps)
        change = mean / (1 - 0.9 ** (step + 1)) / (np.sqrt(square / (1 - 0.99 ** (step + 1))) + 1e-8)
        inputs = np.clip(inputs - rate * span * change, low, high).astype(np.float32)
    last, _ = step_of(inputs, none, *given)
    return inputs, first, last
