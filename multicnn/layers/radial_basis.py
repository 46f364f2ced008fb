"""LeNet-5's output units (LeCun et al. 1998, equation 7)."""

from __future__ import annotations

import random
from typing import Any

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor


@keras.saving.register_keras_serializable("multicnn")
class RadialBasis(keras.layers.Layer):
    """Minus the squared distance to the code of each unit: (batch, features) to (batch, units).

    The codes are +1 and -1, drawn from `seed`, and not trained; the paper's are 7x12 drawings of the digits.
    """

    def __init__(self, units: int, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.seed = units, seed

    def build(self, input_shape: Shape) -> None:
        draw = random.Random(self.seed)
        codes = [[draw.choice((-1.0, 1.0)) for _ in range(self.units)] for _ in range(input_shape[-1])]
        self.codes = self.add_weight(
            name="codes", shape=(input_shape[-1], self.units), initializer="zeros", trainable=False
        )
        self.codes.assign(codes)

    def call(self, inputs: Tensor) -> Tensor:
        # |x - c|^2 = |x|^2 - 2 x c + |c|^2, where |c|^2 is the number of features.
        squares = ops.sum(ops.square(inputs), axis=-1, keepdims=True)
        return 2 * ops.matmul(inputs, ops.cast(self.codes, inputs.dtype)) - squares - inputs.shape[-1]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "seed": self.seed}
