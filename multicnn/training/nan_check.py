"""Find the layer in which a NaN or an infinity first appears."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from multicnn.backends import engine

if TYPE_CHECKING:
    from multicnn.training.loop import Loop


class NotFinite(ValueError):
    """The loss is NaN or infinite.

    Attributes:
        epoch: The epoch of the batch, from 0.
        step: The step of the batch, from 0.
    """

    def __init__(self, epoch: int, step: int, where: str):
        super().__init__(f"the loss is no longer finite in step {step + 1} of epoch {epoch + 1}: {where}")
        self.epoch, self.step = epoch, step


def located(loop: Loop, epoch: int, step: int) -> NotFinite:
    """Replay the steps since the last checkpoint to find the layer that produced the NaN.

    Args:
        loop: The loop, stopped right after that step.
        epoch: The epoch of the step, from 0.
        step: The step whose loss is not finite, from 0.
    """
    if loop.context.workers.count > 1:  # they have no checkpoints of their own
        return NotFinite(epoch, step, "one process alone would say in which layer")
    loop.restore()
    start = loop.at
    with loop.stream(start.epoch, start.step) as iterator:
        for each in range(start.epoch, epoch + 1):
            first, last = start.step if each == start.epoch else 0, step if each == epoch else loop.settings.steps
            loop.freeze(each)
            for _ in range(first, last):
                loop.step(iterator)
    inputs, _ = loop.unsharded_batch(epoch, step)
    return NotFinite(epoch, step, first_layer(loop.network, inputs))


def first_layer(network: keras.Model, inputs: Any) -> str:
    """Return a sentence on the first layer, in the order of the network, whose output in training has a NaN or an infinity.

    Args:
        network: A functional model.
        inputs: The inputs of the batch.
    """
    layers = network.layers
    outputs = engine.outputs(keras.Model(network.input, [layer.output for layer in layers]), inputs)
    for layer, output in zip(layers, outputs):
        if _finite(output):
            continue
        if isinstance(layer, keras.layers.InputLayer):
            return "the batch itself holds a number that is not"
        weights = all(_finite(weight) for weight in layer.weights)
        state = "whose weights are finite" if weights else "whose weights are not finite since the step before"
        return f"it begins in layer {layer.name!r}, {state}"
    return "when the step is repeated, every layer's output is finite"


def _finite(values: Any) -> bool:
    return bool(np.isfinite(keras.ops.convert_to_numpy(keras.ops.cast(values, "float32"))).all())
