"""Grad-CAM (Selvaraju et al. 2017): a layer's maps weighted by the gradient, where in the input they are about."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from multicnn.backends.keras_private import inputs_of, operation_of
from multicnn.blocks import Block
from multicnn.blocks.cost import Shape, Signal, measure

# What leaves positions as they are, or takes them together: the activations before it are finer, and say more.
_PASSED = (
    keras.layers.Activation,
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
    keras.layers.Dropout,
    keras.layers.Flatten,
    keras.layers.Identity,
    keras.layers.MaxPooling1D,
    keras.layers.MaxPooling2D,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
)


def class_activation(values: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Return the sum of a layer's channels, each times the mean of its gradient over all positions (equations 1 and 2).

    What is below zero stays, so that the maps of several branches can be added before they are rectified.

    Args:
        values: The layer's output, float32 (n, *positions, channels).
        gradients: The gradient of the explained logit for it, of the same shape.
    """
    weights = gradients.mean(axis=tuple(range(1, gradients.ndim - 1)), keepdims=True)
    return (values * weights).sum(axis=-1)


def default_layers(network: keras.Model) -> list[str]:
    """Return the layers of the last activations that have positions, one for each branch that leads from there to the logits."""
    names, visited, tensors = list[str](), set[int](), list(network.outputs)
    while tensors:
        tensor = tensors.pop(0)
        operation = operation_of(tensor)
        if id(tensor) in visited or operation is None or isinstance(operation, keras.layers.InputLayer):
            continue
        visited.add(id(tensor))
        if _has_positions(tensor) and not _is_passed(operation):
            names.append(operation.name)
        else:
            tensors += inputs_of(tensor)
    return names


def _has_positions(tensor: keras.KerasTensor) -> bool:
    return len(tensor.shape) > 2 and any(size is None or size > 1 for size in tensor.shape[1:-1])


def _is_passed(operation: keras.Operation) -> bool:
    activation = getattr(operation, "activation", keras.activations.linear)
    return isinstance(operation, _PASSED) and activation is keras.activations.linear


def signals(block: Block, input_shape: Shape) -> dict[str, Signal]:
    """Return the receptive field of each leaf and stage of a network by its path, which the names of its layers begin with."""
    measured = measure(block, input_shape)
    return {leaf.path: leaf.output for leaf in measured.leaves} | measured.stages


def signal_of(known: dict[str, Signal], layer: str) -> Signal | None:
    """Return the signal of a layer by its name, among those of `signals`."""
    while layer and layer not in known:
        layer = layer.rpartition(".")[0]
    return known.get(layer)


def placed(maps: np.ndarray, signal: Signal | None, shape: Sequence[int]) -> np.ndarray:
    """Lay maps over the input: each value at the middle of what its position sees, straight lines between, level outside.

    Args:
        maps: float32 (n, *positions). An axis that they lack, such as frequency, is the same all along.
        signal: The receptive field of a position; where it is not known, positions are spread evenly.
        shape: The size of the input along each axis.

    Returns:
        float32 (n, *shape).
    """
    for axis, size in enumerate(maps.shape[1:], start=1):
        wide = shape[axis - 1]
        center, stride = (wide / size - 1) / 2, wide / size
        if signal is not None and signal.center is not None and signal.stride is not None:
            center, stride = float(signal.center[axis - 1]), float(signal.stride[axis - 1])
        centers = center + stride * np.arange(size)
        weights = np.stack([np.interp(np.arange(wide), centers, row) for row in np.eye(size)])
        maps = np.moveaxis(np.moveaxis(maps, axis, -1) @ weights.astype(np.float32), -1, axis)
    missing = len(shape) - maps.ndim + 1
    return np.broadcast_to(maps.reshape(*maps.shape, *(1,) * missing), (len(maps), *shape)).astype(np.float32)
