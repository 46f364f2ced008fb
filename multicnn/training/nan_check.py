"""Where a loss that is no longer finite comes from."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from multicnn.backends import engine


class NotFinite(ValueError):
    """The loss is NaN or infinite.

    Attributes:
        epoch, step: Whose batch it was, from 0.
    """

    def __init__(self, epoch: int, step: int, where: str):
        super().__init__(f"the loss is no longer finite in step {step + 1} of epoch {epoch + 1}: {where}")
        self.epoch, self.step = epoch, step


def first_layer(network: keras.Model, inputs: Any) -> str:
    """Says which layer, in the order of the network, is the first to put out a NaN or an infinity in training.

    Args:
        network: A functional model.
        inputs: The batch.
    """
    layers = network.layers
    outputs = engine.outputs(keras.Model(network.input, [layer.output for layer in layers]), inputs)
    for layer, output in zip(layers, outputs):
        if _finite(output):
            continue
        if isinstance(layer, keras.layers.InputLayer):
            return "the batch itself holds a number that is not"
        weights = all(_finite(weight) for weight in layer.weights)
        said = "whose weights are finite" if weights else "whose weights are not finite since the step before"
        return f"it begins in layer {layer.name!r}, {said}"
    return "when the step is repeated, every layer's output is finite"


def _finite(values: Any) -> bool:
    return bool(np.isfinite(keras.ops.convert_to_numpy(keras.ops.cast(values, "float32"))).all())
