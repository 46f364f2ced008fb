"""The kernels of a network in training: whether their units differ, how large they are, and how far they have moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import keras
import numpy as np

_SAMPLED = 100  # numbers of a kernel that are remembered from the start, by which its distance is estimated
_ROWS = 64  # inputs of each unit by which units are compared

Starts = dict[str, list[float]]  # by layer


def starts(network: keras.Model) -> Starts:
    """Return a sample of the kernel of each layer, frozen ones too, for `of_network` to measure the distance from.

    Args:
        network: The network, built, before its first step.
    """
    return {layer.name: _sample(kernel).tolist() for layer in network.layers for kernel in _kernels(layer.weights)}


def of_network(network: keras.Model, start: Mapping[str, list[float]]) -> dict[str, dict[str, float | None]]:
    """Measure the kernel of each layer that is trained.

    Args:
        network: The network, built.
        start: What `starts` returned of it; a layer that is not there has no distance.

    Returns:
        By layer: `spread`, the difference of its units' kernels from their mean, as a share of their norm: 0 where all are
        alike, about 1 where they are drawn at random, None of a single unit; `scale`, the standard deviation of a unit's
        output for inputs of variance 1 (by He et al. 2015, equation 7): 1.4 is usual before a rectifier, 1 elsewhere; and
        `moved`, the distance from its start, as a share of the norm that it had there.
    """
    measured = {}
    for layer in network.layers:
        for kernel in _kernels(layer.trainable_variables):
            measured[layer.name] = _measured(kernel, start.get(layer.name))
    return measured


def _kernels(variables: Sequence[keras.Variable]) -> Iterator[np.ndarray]:
    """Yield the kernel among the variables of a layer, if it has one, in the shape (fan-in, units)."""
    for variable in variables:
        if variable.name == "kernel" and len(variable.shape) > 1:
            kernel = np.asarray(variable)
            yield kernel.reshape(-1, kernel.shape[-1])


def _measured(kernel: np.ndarray, start: list[float] | None) -> dict[str, float | None]:
    some = kernel[:: -(-len(kernel) // _ROWS)].astype(np.float64)  # the square of what has diverged
    norm = float(np.linalg.norm(some))
    # Each input's mean over the units: subtracted, what is left is in what the units differ.
    differences = float(np.linalg.norm(some - some.mean(axis=1, keepdims=True)))
    spread = None if kernel.shape[1] < 2 else differences / norm if norm else 0.0
    scale = float(norm / np.sqrt(some.size) * np.sqrt(len(kernel)))
    return {"spread": spread, "scale": scale, "moved": _distance(_sample(kernel), start)}


def _sample(kernel: np.ndarray) -> np.ndarray:
    """Return numbers from all over a kernel, always the same ones: float64, at most `_SAMPLED`."""
    flat = kernel.ravel()
    return flat[:: -(-len(flat) // _SAMPLED)].astype(np.float64)


def _distance(now: np.ndarray, start: list[float] | None) -> float | None:
    before = np.asarray(start or [], np.float64)
    norm = float(np.linalg.norm(before))
    return float(np.linalg.norm(now - before)) / norm if norm and before.shape == now.shape else None
