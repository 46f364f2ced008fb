"""Resilient propagation: each weight has a step size of its own, and only the sign of its gradient counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from multicnn.backends import keras_private


@keras.saving.register_keras_serializable("multicnn")
class Rprop(keras.optimizers.Optimizer):
    """Rprop with weight-backtracking (Riedmiller & Braun 1993; "Rprop+" in Igel & Hüsken 2000).

    While a gradient keeps its sign the step size of its weight grows by `increase`, and the weight moves against the sign.
    When the sign changes, a minimum was jumped over: the last move is taken back, the step size shrinks by `decrease`, and
    the next gradient adapts nothing. A method for whole-set gradients: the noise of small batches looks like changes of sign.

    Args:
        learning_rate: Every step size at the first step; from then on the step sizes go their own way.
        increase, decrease: Factors of the step size (the paper's eta+ and eta-).
        smallest_step, largest_step: Bounds of the step size.
        **kwargs: Arguments of every Keras optimizer, such as `clipnorm` and `name`.

    Raises:
        ValueError: A schedule is given, or the factors do not stand on their sides of 1.
    """

    def __init__(
        self,
        learning_rate: float = 0.1,
        increase: float = 1.2,
        decrease: float = 0.5,
        smallest_step: float = 1e-6,
        largest_step: float = 50.0,
        **kwargs: Any,
    ):
        if callable(learning_rate):
            raise ValueError(
                f"`learning_rate` of Rprop must be a number, its first step size. Received: learning_rate={learning_rate!r}"
            )
        if not 0 < decrease < 1 < increase:
            raise ValueError(
                "`decrease` must be between 0 and 1, `increase` above 1. "
                f"Received: decrease={decrease!r}, increase={increase!r}"
            )
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.increase, self.decrease = increase, decrease
        self.smallest_step, self.largest_step = smallest_step, largest_step

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Make the step size and the last sign of each variable."""
        if self.built:
            return
        super().build(variables)
        self._step_sizes, self._signs = self.add_optimizer_variables(variables, ["step_size", "sign"])

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        """Move one variable by its step sizes against the signs of its gradient."""
        index = keras_private.variable_index(self, variable)
        size, last_sign = (ops.convert_to_tensor(slots[index]) for slots in (self._step_sizes, self._signs))
        none = ops.zeros_like(size)
        before = ops.where(ops.equal(self.iterations, 0), ops.cast(learning_rate, size.dtype), size)
        # The sum makes the gradient of an embedding dense: a word that was not seen has the gradient 0.
        sign = ops.sign(ops.add(none, ops.cast(gradient, size.dtype)))
        agreement = sign * last_sign
        factor = ops.where(agreement > 0, self.increase, ops.where(agreement < 0, self.decrease, 1.0))
        after = ops.clip(before * ops.cast(factor, size.dtype), self.smallest_step, self.largest_step)
        # After a change of sign, `sign` times the old size is just what takes the last move back.
        self.assign_sub(variable, sign * ops.where(agreement < 0, before, after))
        self.assign(self._step_sizes[index], after)
        self.assign(self._signs[index], ops.where(agreement < 0, none, sign))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor as plain data."""
        names = ("increase", "decrease", "smallest_step", "largest_step")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
