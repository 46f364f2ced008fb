"""Networks whose logits are a weighted sum of maxima over time (Kim 2014, section 2): read off the Keras graph, and taken apart.

Each filter contributes its maximum times its weight to a class, and the maximum was reached at one window of tokens: the n-gram
that fired it. This is no estimate: the contributions of all filters and the bias are the logit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np

from multicnn.backends.keras_private import inputs_of, operation_of
from multicnn.layers import ConstantPadding, LocalResponseNormalization, OneHotTokens, TokenEmbedding

_EMBEDDINGS = (TokenEmbedding, OneHotTokens)
_CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.DepthwiseConv1D)
_POOLINGS = (keras.layers.MaxPooling1D, keras.layers.AveragePooling1D)
_SILENT = (keras.layers.Dropout, keras.layers.SpatialDropout1D, keras.layers.Identity)  # where nothing is trained
_STEPWISE = (  # each step by itself
    *_SILENT,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    LocalResponseNormalization,
)


@dataclass(frozen=True)
class _Branch:
    """The layers between the tokens and one pooling: window t begins at token `t * stride - before`, `reach` tokens long."""

    name: str  # of the last convolution
    maps: keras.KerasTensor  # (batch, windows, filters), which is pooled
    pooled: keras.KerasTensor  # (batch, filters)
    reach: int
    stride: int
    before: int


class MaxOverTime:
    """A network of that kind, taken apart.

    Attributes:
        weights: float32 (filters, classes).
        bias: float32 (classes,).
        filters: The name of each filter: the layer and the channel in it.
        reach: int (filters,), the tokens of each filter's window.
    """

    def __init__(self, branches: list[_Branch], last: keras.layers.Dense, network: keras.Model):
        kernel, *bias = last.get_weights()
        self.weights = kernel
        self.bias = bias[0] if bias else np.zeros(kernel.shape[1], np.float32)
        self._branches = branches
        sizes = [branch.maps.shape[-1] for branch in branches]
        self.filters = [f"{branch.name}:{i}" for branch, size in zip(branches, sizes) for i in range(size)]
        self.reach = np.repeat([branch.reach for branch in branches], sizes)
        self._run = keras.Model(network.inputs, [b.maps for b in branches] + [b.pooled for b in branches])

    @staticmethod
    def of(network: keras.Model, output: keras.KerasTensor | None = None) -> MaxOverTime | None:
        """Return the network taken apart, or None if it is of another kind.

        Args:
            network: The network.
            output: A tensor in it that stands for its logits, such as one of the parts that they are the sum of.
        """
        try:
            last = _skip(network.outputs[0] if output is None else output, (*_SILENT, keras.layers.Activation))
            dense = operation_of(last)
            if not isinstance(dense, keras.layers.Dense) or dense.activation is not keras.activations.linear:
                return None
            pooled = _skip(_source(last), _SILENT)
            joined = operation_of(pooled)
            maxima = inputs_of(pooled) if isinstance(joined, keras.layers.Concatenate) else [pooled]
            return MaxOverTime([_branch(tensor) for tensor in maxima], dense, network)
        except _OtherKind:
            return None

    def firings(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where each filter had its maximum, and the maximum.

        Args:
            ids: The token ids, int32 (texts, length), as the preprocessing makes them.

        Returns:
            int (texts, filters), the first token of the window, below 0 where padding stands before the text; and float32
            (texts, filters).
        """
        starts, values = [], []
        count, outputs = len(self._branches), self._run.predict_on_batch(ids)
        for branch, maps, maxima in zip(self._branches, outputs[:count], outputs[count:]):
            # Real steps come before the masked ones, and one of them is the maximum: the first that equals it is real.
            windows = (maps == maxima[:, None]).argmax(axis=1)
            starts.append(windows * branch.stride - branch.before)
            values.append(maxima)
        return np.concatenate(starts, axis=1), np.concatenate(values, axis=1)


class _OtherKind(Exception):
    """The network does not end in maxima over time."""


def _branch(pooled: keras.KerasTensor) -> _Branch:
    """Walk from a pooling up to the tokens."""
    pooled = _skip(pooled, _SILENT)
    if not isinstance(operation_of(pooled), keras.layers.GlobalMaxPooling1D):
        raise _OtherKind
    maps, name, reach, stride, before = _source(pooled), None, 1, 1, 0
    for layer in _upwards(maps):
        if isinstance(layer, ConstantPadding):
            before += layer.padding[0][0]
        if not isinstance(layer, (*_CONVOLUTIONS, *_POOLINGS)):
            continue
        name = name or layer.name
        size, step, margin = _window(layer)
        reach, before = (reach - 1) * step + size, before * step + margin
        stride *= step
    if name is None:
        raise _OtherKind
    return _Branch(name, maps, pooled, reach, stride, before)


def _window(layer: keras.layers.Layer) -> tuple[int, int, int]:
    """Return reach, stride, and what Keras pads before the first step."""
    convolution = isinstance(layer, _CONVOLUTIONS)
    size, step = (layer.kernel_size[0], layer.strides[0]) if convolution else (layer.pool_size[0], layer.strides[0])
    reach = (size - 1) * layer.dilation_rate[0] + 1 if convolution else size
    if layer.padding == "valid":
        return reach, step, 0
    if layer.padding == "same" and step == 1:
        return reach, step, (reach - 1) // 2
    raise _OtherKind


def _upwards(tensor: keras.KerasTensor) -> Iterator[keras.layers.Layer]:
    """Yield the layers from a tensor up to the vectors of the tokens, each with one input."""
    while True:
        layer = operation_of(tensor)
        if _is_embedding(tensor):
            return
        if not isinstance(layer, (*_CONVOLUTIONS, *_POOLINGS, *_STEPWISE, ConstantPadding)):
            raise _OtherKind
        yield layer
        tensor = _source(tensor)


def _is_embedding(tensor: keras.KerasTensor) -> bool:
    """Return True for the vectors of tokens, or the sum of two such (multichannel)."""
    layer = operation_of(tensor)
    if isinstance(layer, keras.layers.Add):
        return all(isinstance(operation_of(source), _EMBEDDINGS) for source in inputs_of(tensor))
    return isinstance(layer, _EMBEDDINGS)


def _source(tensor: keras.KerasTensor) -> keras.KerasTensor:
    sources = inputs_of(tensor)
    if len(sources) != 1:
        raise _OtherKind
    return sources[0]


def _skip(tensor: keras.KerasTensor, kinds: tuple[type, ...]) -> keras.KerasTensor:
    """Return the first tensor upwards that none of these kinds of layer made."""
    while isinstance(operation_of(tensor), kinds):
        activation = getattr(operation_of(tensor), "activation", keras.activations.linear)
        if activation is not keras.activations.linear:
            raise _OtherKind
        tensor = _source(tensor)
    return tensor
