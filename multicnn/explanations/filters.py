"""The filters of the layers that see a network's input."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np

from multicnn.backends.keras_private import parents_of
from multicnn.layers import OneHotTokens, TokenEmbedding
from multicnn.modalities import Preprocess
from multicnn.modalities.views import Channels, KernelView

_VECTORS = (TokenEmbedding, OneHotTokens, keras.layers.Embedding)  # they have weights, and no filters
_DEPTHWISE = (
    *(keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D),
    *(keras.layers.SeparableConv1D, keras.layers.SeparableConv2D),
)


@dataclass(frozen=True, eq=False)
class LayerFilters:
    """The filters of one layer.

    Attributes:
        layer: The name of the layer.
        scale: The size of a filter, in words and the unit of the modality.
        kernel: float32, (*window, channels, filters).
        views: Each filter as a page shows it.
    """

    layer: str
    scale: str
    kernel: np.ndarray
    views: list[KernelView]

    def to_dict(self) -> dict[str, object]:
        """Return plain data that goes through JSON unchanged."""
        filters = [{"filter": view.index, **view.facts} for view in self.views]
        return {"layer": self.layer, "scale": self.scale, "shape": list(self.kernel.shape), "filters": filters}


def filters(network: keras.Model, preprocess: Preprocess) -> list[LayerFilters]:
    """Return the filters of the first layer that has any on each way from the input; a dense layer's are the size of the input.

    Args:
        network: The trained network.
        preprocess: Makes its input.

    Raises:
        ValueError: No layer with filters sees the input.
    """
    listed = []
    for layer, seen in _first_layers(network):
        kernel = _kernel(layer, preprocess.input_shape)
        if kernel is not None:
            views = preprocess.kernel_views(kernel, _values(network, seen))
            listed.append(LayerFilters(layer.name, preprocess.kernel_scale(kernel.shape[:-2]), kernel, views))
    if not any(layer.views for layer in listed):
        raise ValueError(f"`model` must have a layer whose filters see the input. Received: layers={_names(network)}")
    return listed


def _first_layers(network: keras.Model) -> Iterator[tuple[keras.Layer, keras.KerasTensor]]:
    """Yield the first layers with a kernel, and the tensor that each sees."""
    reached: set[int] = set()  # operations whose outputs no filter has seen yet
    for layer in network.layers:
        parents = parents_of(layer)
        if parents and not any(id(parent) in reached for parent in parents):
            continue
        if _weights(layer) is None or isinstance(layer, _VECTORS):
            reached.add(id(layer))
        else:
            yield layer, parents[0].output


def _weights(layer: keras.Layer) -> np.ndarray | None:
    """Return the kernel of a convolution or dense layer as float32; None of another."""
    for name in ("kernel", "depthwise_kernel"):
        variable = getattr(layer, name, None)
        if variable is not None:
            return np.array(keras.ops.convert_to_numpy(variable), np.float32)
    return None


def _kernel(layer: keras.Layer, input_shape: tuple[int, ...]) -> np.ndarray | None:
    """Return the kernel of a layer, (*window, channels, filters); None where its rows are no part of the input."""
    kernel = _weights(layer)
    assert kernel is not None
    if isinstance(layer, keras.layers.Dense):
        # Of a row of all values; where it is applied at each position, a filter of one step.
        rank = len(parents_of(layer)[0].output.shape) - 2
        if rank > 0:
            return kernel.reshape((1,) * rank + kernel.shape)
        whole = len(input_shape) > 1 and kernel.shape[0] == math.prod(input_shape)
        return kernel.reshape((*input_shape, kernel.shape[1])) if whole else None
    if isinstance(layer, _DEPTHWISE):  # each channel has filters of its own
        return kernel.reshape((*kernel.shape[:-2], 1, -1))
    return kernel


def _values(network: keras.Model, tensor: keras.KerasTensor) -> Channels:
    if any(tensor is each for each in network.inputs):
        return np.asarray
    inside = keras.Model(network.inputs, tensor)
    return lambda inputs: np.asarray(inside.predict_on_batch(inputs))


def _names(network: keras.Model) -> list[str]:
    return [layer.name for layer in network.layers[:5]]
