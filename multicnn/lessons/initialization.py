"""Ways to initialise a deep network, the good and the bad ones, and what a layer makes of the size of its input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from multicnn import blocks
from multicnn.lessons.deep import deep

if TYPE_CHECKING:
    import keras

Initializer = str | tuple[str, Mapping[str, float]]

# The name in the notebook, and what it is in Keras.
INITIALIZERS: dict[str, Initializer] = {
    "zeros": "zeros",
    "one constant": ("random_normal", {"mean": 0.02, "stddev": 0.0}),
    "too small": ("random_normal", {"stddev": 0.01}),
    "too large": ("random_normal", {"stddev": 0.5}),
    "Xavier": "glorot_normal",
    "He": "he_normal",
}
_WIDTH = 64


def network(name: str, *, depth: int = 8, activation: str = "relu") -> blocks.Block:
    """Return a deep network with a way to initialise it.

    Args:
        name: A name of `INITIALIZERS`.
        depth: The number of hidden layers.
        activation: Their activation.

    Raises:
        ValueError: The name is unknown.
    """
    if name not in INITIALIZERS:
        raise ValueError(f"`name` must be one of {list(INITIALIZERS)}. Received: name={name!r}")
    return deep(depth, width=_WIDTH, activation=activation, initializer=INITIALIZERS[name])


def networks(*, depth: int = 8, activation: str = "relu") -> dict[str, blocks.Block]:
    """Return a deep network for each name of `INITIALIZERS`."""
    return {name: network(name, depth=depth, activation=activation) for name in INITIALIZERS}


def gain(name: str, *, layers: int = 20) -> tuple[float, float]:
    """Return by what a ReLU layer multiplies the mean square of its input, measured, and n Var(w) / 2, which it should be.

    Args:
        name: A name of `INITIALIZERS` that draws.
        layers: The number of layers that are drawn; the mean is returned.
    """
    block = deep(layers, width=256, initializer=INITIALIZERS[name])
    built = blocks.network(block, (256,))
    kernels = [np.asarray(variable) for variable in built.trainable_variables if variable.shape == (256, 256)]
    x = np.abs(np.random.default_rng(0).normal(size=(512, 256)))
    ratios = [np.mean(np.maximum(x @ kernel, 0) ** 2) / np.mean(x**2) for kernel in kernels]
    return float(np.mean(ratios)), float(256 * np.mean([kernel.var() for kernel in kernels]) / 2)


def different_units(network: keras.Model, number: int) -> int:
    """Return how many units of a hidden layer have weights that no other has.

    Args:
        network: A network of `deep`.
        number: The number of the hidden layer, from 1.
    """
    kernel = np.asarray(network.trainable_variables[2 * (number - 1)])
    return len(np.unique(kernel.round(7), axis=1).T)
