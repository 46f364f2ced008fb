"""Perturbations of examples between the world and the network: changes by degrees, and the numbers that an attack moves.

Each modality has a subclass of `Perturbations`, which `Preprocess.perturbations` returns. Everything ends as a file: what a
card of robustness counts is the prediction for that file, read again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

    from multicnn.modalities.base import Preprocess

Raw = Any  # a decoded example: another type in each modality


class Sweep(NamedTuple):
    """A change of decoded examples, by degrees.

    Attributes:
        name: Its name, such as "rotation".
        unit: The unit of the levels, such as "degrees"; "" for none.
        levels: The degrees, from mild to strong.
        change: `change(raw, level, rng) -> raw`, where `rng` draws what the level leaves open, such as a direction.
    """

    name: str
    unit: str
    levels: tuple[float | str, ...]
    change: Callable[[Raw, Raw, np.random.Generator], Raw]


class Attack(NamedTuple):
    """How a modality is attacked.

    Attributes:
        unit: The unit of the levels, such as "of full scale".
        levels: The usual sizes of an attack, from weak to strong.
        noise: The name of the noise that is as large as an attack.
        order: The names of "pgd", "fgsm" and "noise" in the order in which accuracy must not fall, if the attack works.
        describe: Returns a level in words.
    """

    unit: str
    levels: tuple[float, ...]
    noise: str
    order: tuple[str, ...]
    describe: Callable[[float], str]


class AttackSpace(Protocol):
    """Some examples as numbers that an attack changes, and the ball around each that it may not leave.

    Attributes:
        points: The examples, float32 (n, ...).
    """

    points: np.ndarray

    def radii(self, level: float) -> np.ndarray:
        """Return the radius of each ball, float32 (n, 1, ...)."""

    def noise(self, radii: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return random changes that are as large as the radii allow."""

    def start(self, radii: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the random changes with which an attack begins."""

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Return the steepest change of size 1 of each example, in the norm of its ball."""

    def within(self, changes: np.ndarray, radii: np.ndarray) -> np.ndarray:
        """Return the nearest changes that leave neither the ball nor the range of values."""

    def raws(self, changes: np.ndarray, radii: np.ndarray) -> list[Raw]:
        """Return the changed examples as `decode` gives them, rounded inside the ball to what a file can hold."""


class InputBall(NamedTuple):
    """A ball of the largest change of any value, on the network's input.

    Attributes:
        radius, low, high: Its radius, and the range of values, float32, each of a shape that fits an example.
    """

    radius: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Perturbations:
    """Perturbations of the examples of a preprocess; this class knows of none.

    Args:
        preprocess: The fitted preprocess.
    """

    not_attacked: ClassVar[str] = "the modality has no attack"
    """The reason where `attack` is None."""

    def __init__(self, preprocess: Preprocess):
        self.preprocess = preprocess

    @property
    def attack(self) -> Attack | None:
        """How the examples are attacked along a gradient; None where that is not possible."""
        return None

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """Changes by degrees, that need no gradient."""
        return ()

    def excerpt(self, raw: Raw) -> Raw:
        """Return the decoded example as large as the network sees one, in values that a file can hold."""
        return raw

    def file(self, raw: Raw) -> tuple[str, bytes]:
        """Return the suffix and the content of a file that holds a decoded example."""
        raise NotImplementedError

    def space(self, raws: Sequence[Raw]) -> AttackSpace:
        """Return examples, each an `excerpt`, as numbers to attack."""
        raise NotImplementedError

    def network_input(self, points: tf.Tensor) -> tf.Tensor:
        """Return the network's input of points of a space, in operations that have a gradient."""
        raise NotImplementedError

    def check_trained(self, level: float) -> None:
        """Raise ValueError where the examples cannot be attacked in training, or not with a level, fitted or not."""
        modality = self.preprocess.modality
        raise ValueError(f"`adversarial` is for images, not for {modality}. Received: adversarial={level!r}")

    def input_ball(self, level: float) -> InputBall:
        """Return the ball of an attack in training, where `check_trained` allows one."""
        raise NotImplementedError
