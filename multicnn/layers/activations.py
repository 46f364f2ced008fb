"""The activations that Keras lacks."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
def lecun_tanh(x: Tensor) -> Any:
    """1.7159 tanh(2x/3), which is 1 at 1 and steepest in between (LeCun et al. 1998, appendix A)."""
    return 1.7159 * ops.tanh(x * (2 / 3))


class _RandomSlopes(keras.layers.Layer):
    """The base of activations with a slope that is drawn from [lower, upper] for each value in training."""

    def __init__(self, lower: float = 0.01, upper: float = 0.05, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= lower <= upper:
            raise ValueError(f"`lower` must lie between 0 and `upper`. Received: lower={lower}, upper={upper}")
        self.lower, self.upper, self.seed = lower, upper, seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def slopes(self, inputs: Tensor) -> Tensor:
        """Draw a slope for each value of a tensor."""
        slopes = keras.random.uniform(
            ops.shape(inputs), self.lower, self.upper, dtype="float32", seed=self.seed_generator
        )
        return ops.cast(slopes, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "lower": self.lower, "upper": self.upper, "seed": self.seed}


@keras.saving.register_keras_serializable("multicnn")
class RandomizedLeakyReLU(_RandomSlopes):
    """x above zero, slope * x below; in training each slope is drawn from [lower, upper], else it is their mean.

    Xu, Wang, Chen, Li, "Empirical evaluation of rectified activations in convolutional network", 2015, equation 4. Their slopes
    are 1 / a with a drawn from [3, 8], steeper than these, and 1 / 5.5 in prediction.
    """

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        slope = self.slopes(inputs) if training else (self.lower + self.upper) / 2
        return ops.where(inputs > 0, inputs, inputs * slope)


@keras.saving.register_keras_serializable("multicnn")
class RandomGradientReLU(_RandomSlopes):
    """max(0, x), whose gradient below zero is, in training, a slope drawn from [lower, upper] for each value.

    The value stays 0 there, so that in prediction it is plain ReLU; but a unit that is below zero for every example still
    gets a gradient, and can come back. Where not training, the gradient is ReLU's too.
    """

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        outputs = ops.relu(inputs)
        if not training:
            return outputs
        below = ops.where(inputs < 0, inputs, 0)
        # The difference is 0, and its gradient 1.
        return outputs + self.slopes(inputs) * (below - ops.stop_gradient(below))
