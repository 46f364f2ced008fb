"""Adagrad as it was published."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from multicnn.backends import keras_private
from multicnn.layers.types import Tensor


@keras.saving.register_keras_serializable("multicnn")
class Adagrad(keras.optimizers.Optimizer):
    """w <- w - rate * g_t / sqrt(g_1^2 + ... + g_t^2), weight by weight (Duchi, Hazan, Singer 2011, figure 1).

    So the first step of a weight is the rate, whatever the size of its gradient, and scaling a loss changes nothing. Keras
    begins its sum at 0.1 and adds 1e-7 to it: small gradients then move the weights by less, of 0.01 by 3 % of the rate.

    Args:
        learning_rate: The size of the first step.
        initial_accumulator_value: The sum before the first step.
        epsilon: A constant that is added to the sum. Where the sum is 0, so was every gradient, and the weight stays.
        **kwargs: Arguments of every Keras optimizer, such as `clipnorm` and `name`.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.01,
        initial_accumulator_value: float = 0.0,
        epsilon: float = 0.0,
        **kwargs: object,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Make the sum of squares of each variable."""
        if self.built:
            return
        super().build(variables)
        first = keras.initializers.Constant(self.initial_accumulator_value)
        self._sums = self.add_optimizer_variables(variables, "accumulator", initializer=first)

    def update_step(self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor) -> None:
        """Add the square of a gradient to its sum, and move the variable."""
        rate = ops.cast(learning_rate, variable.dtype)
        index = keras_private.variable_index(self, variable)
        squares = ops.convert_to_tensor(self._sums[index])
        # The sum makes the gradient of an embedding dense: of a word that occurs twice, it is the sum that is squared.
        gradient = ops.add(ops.zeros_like(squares), ops.cast(gradient, squares.dtype))
        squares = squares + ops.square(gradient)
        root = ops.sqrt(squares + self.epsilon)
        self.assign_sub(variable, rate * gradient / ops.where(root > 0, root, 1))
        self.assign(self._sums[index], squares)

    def get_config(self) -> dict[str, object]:
        """Return the arguments of the constructor as plain data."""
        own = {"initial_accumulator_value": self.initial_accumulator_value, "epsilon": self.epsilon}
        return {**super().get_config(), **own}
