"""The share of a logit that each member of a blend or an ensemble has."""

from __future__ import annotations

from typing import NamedTuple

import keras
import numpy as np

from multicnn.backends.keras_private import inputs_of, operation_of


class Member(NamedTuple):
    """One of the tensors whose sum the logits are.

    Attributes:
        name: The path of the member in the network.
        tensor: The tensor.
        factor: What it is multiplied by.
    """

    name: str
    tensor: keras.KerasTensor
    factor: float


def members(network: keras.Model) -> list[Member]:
    """Return the members of a network's logits; a network that is no sum or mean of others is its own one."""
    return _members(network.outputs[0], 1.0)


def _members(tensor: keras.KerasTensor, factor: float) -> list[Member]:
    layer = operation_of(tensor)
    linear = getattr(layer, "activation", None) is keras.activations.linear
    if isinstance(layer, keras.layers.Identity) or (isinstance(layer, keras.layers.Activation) and linear):
        return _members(inputs_of(tensor)[0], factor)
    # A sum of what has positions is a shortcut inside a network, and no member.
    if isinstance(layer, (keras.layers.Add, keras.layers.Average)) and len(tensor.shape) == 2:
        sources = inputs_of(tensor)
        each = factor / len(sources) if isinstance(layer, keras.layers.Average) else factor
        return [member for source in sources for member in _members(source, each)]
    return [Member("" if layer is None else layer.name, tensor, factor)]


class Shares:
    """The share of each member in a network's logits.

    Args:
        network: The network.
    """

    def __init__(self, network: keras.Model):
        found = members(network)
        self._factors = dict(zip(_short([each.name for each in found]), [each.factor for each in found]))
        self._network = keras.Model(network.inputs, [each.tensor for each in found])

    def of(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return the shares of inputs, float32 (n, outputs) by the member's name; nothing where there is one alone."""
        if len(self._factors) < 2:
            return {}
        outputs = self._network([inputs], training=False)
        return {name: factor * np.asarray(output) for (name, factor), output in zip(self._factors.items(), outputs)}


def _short(names: list[str]) -> list[str]:
    """Return the first names after which paths differ: "network" and "baseline" of "main.network.5.dense" and so on."""
    ends = [
        "baseline" if ".baseline" in f".{name}" else "network" if ".network" in f".{name}" else name for name in names
    ]
    if len(set(ends)) == len(ends):
        return ends
    return [f"{i}: {end}" for i, end in enumerate(ends, start=1)]
