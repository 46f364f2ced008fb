"""Networks whose logits are a sum over n-grams, taken apart: maxima over time, a linear model of TF-IDF, or both added up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import keras
import numpy as np

from multicnn.backends.keras_private import inputs_of, operation_of
from multicnn.explanations.max_over_time import MaxOverTime
from multicnn.layers import TfIdf


class Fired(NamedTuple):
    """Windows of one text at which something fired, and how strongly.

    Attributes:
        starts: int (m,), the first token of each window, below 0 where padding stands before the text.
        stops: int (m,), the token behind its last.
        units: int (m,), the index among `filters` of what fired there.
        values: float32 (m,), which are multiplied by the weights of that unit.
    """

    starts: np.ndarray
    stops: np.ndarray
    units: np.ndarray
    values: np.ndarray


class Term(Protocol):
    """A part of the logits to which n-grams contribute.

    Attributes:
        weights: float32 (units, classes).
        bias: float32 (classes,).
        filters: The name of each unit.
    """

    weights: np.ndarray
    bias: np.ndarray
    filters: list[str]

    def fired(self, ids: np.ndarray) -> Iterator[Fired]:
        """Yield what fired in each of some texts: token ids, int32 (texts, length)."""


class Maxima:
    """A part of the logits that is a weighted sum of maxima over time."""

    def __init__(self, network: MaxOverTime):
        self._network = network
        self.weights, self.bias, self.filters = network.weights, network.bias, network.filters

    def fired(self, ids: np.ndarray) -> Iterator[Fired]:
        """Yield what fired in each text."""
        for starts, values in zip(*self._network.firings(ids)):
            units = np.flatnonzero(values)
            yield Fired(starts[units], starts[units] + self._network.reach[units], units, values[units])


class TfIdfTerm:
    """A part of the logits that is a linear model of the TF-IDF of n-grams; those that occur often share their value."""

    def __init__(self, layer: TfIdf):
        self._layer = layer
        self._idf = np.array(layer.idf)
        self.weights, self.bias = np.array(layer.kernel), np.array(layer.bias)
        self.filters = [f"{layer.name}:{row}" for row in range(len(self.weights))]

    def fired(self, ids: np.ndarray) -> Iterator[Fired]:
        """Yield the known n-grams of each text."""
        first = ids[..., 0] if ids.ndim == 3 else ids
        runs = np.stack([keras.ops.convert_to_numpy(each) for each in self._layer.rows_of_runs(first)], axis=-1)
        for rows in runs:
            starts, lengths = np.nonzero(rows >= 0)
            units = rows[starts, lengths]
            _, which, counts = np.unique(units, return_inverse=True, return_counts=True)
            values = (1 + np.log(counts[which])) * self._idf[units]
            length = np.sqrt(np.sum(values**2 / counts[which]))
            shares = (values / counts[which] / (length or 1)).astype(np.float32)
            yield Fired(starts, starts + lengths + 1, units, shares)


class NgramSum:
    """A network whose logits are the sum of such parts, taken apart.

    Attributes:
        weights: float32 (units, classes), of all parts.
        bias: float32 (classes,), likewise.
        filters: The name of each unit.
    """

    def __init__(self, terms: list[Term]):
        self._terms = terms
        self.weights = np.concatenate([term.weights for term in terms])
        self.bias = np.sum([term.bias for term in terms], axis=0)
        self.filters = [name for term in terms for name in term.filters]

    @staticmethod
    def of(network: keras.Model) -> NgramSum | None:
        """Return the network taken apart, or None if it is of another kind."""
        terms = [_term(network, tensor) for tensor in _summands(network.outputs[0])]
        parts = [term for term in terms if term is not None]
        return NgramSum(parts) if len(parts) == len(terms) else None

    def fired(self, ids: np.ndarray) -> Iterator[Fired]:
        """Yield what fired in each of some texts.

        Args:
            ids: The token ids, int32 (texts, length), as the preprocessing makes them.
        """
        offsets = np.cumsum([0, *(len(term.weights) for term in self._terms)])
        for of_terms in zip(*(term.fired(ids) for term in self._terms)):
            moved = [each._replace(units=each.units + offset) for each, offset in zip(of_terms, offsets)]
            yield Fired(*map(np.concatenate, zip(*moved)))


def linear_terms(network: keras.Model) -> list[TfIdfTerm]:
    """Return the linear models of n-grams among the summands of a network's logits."""
    return [term for tensor in _summands(network.outputs[0]) if isinstance(term := _term(network, tensor), TfIdfTerm)]


def _term(network: keras.Model, tensor: keras.KerasTensor) -> Term | None:
    layer = operation_of(tensor)
    if isinstance(layer, TfIdf):
        return TfIdfTerm(layer)
    maxima = MaxOverTime.of(network, tensor)
    return None if maxima is None else Maxima(maxima)


def _summands(tensor: keras.KerasTensor) -> list[keras.KerasTensor]:
    """Return the tensors whose sum the logits are."""
    layer = operation_of(tensor)
    linear = getattr(layer, "activation", None) is keras.activations.linear
    if isinstance(layer, keras.layers.Identity) or (isinstance(layer, keras.layers.Activation) and linear):
        return _summands(inputs_of(tensor)[0])
    if isinstance(layer, keras.layers.Add):
        return [each for source in inputs_of(tensor) for each in _summands(source)]
    return [tensor]
