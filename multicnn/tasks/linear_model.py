"""The linear model of a task's logits, for the baseline that is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse


class NotFitted(ValueError):
    """There is no linear baseline, for a reason that is its message: it would take too long."""


class LinearModel(NamedTuple):
    """A linear model of logits.

    Attributes:
        kernel: float32 (features, outputs).
        bias: float32 (outputs,).
        name: The kind of model in words.
    """

    kernel: np.ndarray
    bias: np.ndarray
    name: str


@runtime_checkable
class Biased(Protocol):
    """The part of a task that knows what the logits are without any input; a task need not have it."""

    def initial_bias(self, targets: np.ndarray) -> np.ndarray:
        """Return the bias that the last layer of a network starts with, float32 (outputs,), by the training targets."""


@runtime_checkable
class LinearlyModelled(Protocol):
    """The part of a task that fits a linear model of its logits; a task need not have it."""

    def linear_model(
        self,
        features: np.ndarray | sparse.csr_matrix,
        targets: np.ndarray,
        class_weights: np.ndarray | None = None,
    ) -> LinearModel:
        """Fit a linear model whose logits are as likely as they say, as those of a network are.

        Args:
            features: float32 (n, features), dense or sparse.
            targets: The targets of the examples, as the task makes them.
            class_weights: As of `Task.class_weights`; None weighs nothing.

        Raises:
            ValueError: There is none for these targets; the message is a short reason.
        """
