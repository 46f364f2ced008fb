"""The linear model of a task's logits, for the baseline that is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse


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
class LinearlyModelled(Protocol):
    """The part of a task that fits a linear model of its logits; a task need not have it."""

    def linear_model(self, features: np.ndarray | sparse.csr_matrix, targets: np.ndarray) -> LinearModel:
        """Fit a linear model whose logits are as likely as they say, as those of a network are.

        Args:
            features: float32 (n, features), dense or sparse.
            targets: The targets of the examples, as the task makes them.

        Raises:
            ValueError: There is none for these targets; the message is a short reason.
        """
