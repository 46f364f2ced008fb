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


@keras.saving.register_keras_serializable("multicnn")
class RandomizedLeakyReLU(keras.layers.Layer):
    """x above zero, slope * x below; in training each slope is drawn from [lower, upper], else it is their mean.

    Xu, Wang, Chen, Li, "Empirical evaluation of rectified activations in convolutional network", 2015.
    """

    def __init__(self, lower: float = 0.01, upper: float = 0.05, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= lower <= upper:
            raise ValueError(f"`lower` must lie between 0 and `upper`. Received: lower={lower}, upper={upper}")
        self.lower, self.upper, self.seed = lower, upper, seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if training:
            slope = keras.random.uniform(
                ops.shape(inputs), self.lower, self.upper, dtype="float32", seed=self.seed_generator
            )
            slope = ops.cast(slope, inputs.dtype)
        else:
            slope = (self.lower + self.upper) / 2
        return ops.where(inputs > 0, inputs, inputs * slope)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "lower": self.lower, "upper": self.upper, "seed": self.seed}
