"""Attribution by gradients: one number for each cell of the input, from a network rebuilt under a rule for ReLU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from multicnn.blocks.cost import Signal
from multicnn.explanations.grad_cam import class_activation, placed
from multicnn.explanations.rebuilt import Rebuilt
from multicnn.layers.types import Tensor

_NOISY, _NOISE = 25, 0.15  # inputs of SmoothGrad, and their noise as a share of the input's range
_STEPS = (32, 128, 256)  # of a path, until its sum is right
_AT_ONCE = 64  # inputs
_RIGHT = 0.005  # of the logits' range


class Batch(NamedTuple):
    """Inputs that are explained together.

    Attributes:
        inputs: The network's input, (n, *input_shape).
        nothing: The same without anything in it, where a path begins; of token ids the ids themselves.
        columns: The logit of each that is explained, int (n,).
        real: Where a cell is no padding, bool (n, *map_shape).
    """

    inputs: np.ndarray
    nothing: np.ndarray
    columns: np.ndarray
    real: np.ndarray

    @property
    def rank(self) -> int:
        """The number of axes of a batch of maps."""
        return self.real.ndim

    def objective(self, logits: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        """Return the explained logit of each."""
        return logits * np.eye(logits.shape[-1], dtype=np.float32)[self.columns]


def gradient_norm(network: Rebuilt, batch: Batch) -> np.ndarray:
    """Return the length of the gradient at each cell: saliency, guided backpropagation or deconvnet, by the network's rule.

    Simonyan et al. 2014 (section 3) take the largest of the three colors; the length has a meaning for vectors of words too.
    """
    return _norm(network, batch, network.run(batch.inputs, batch.objective).gradients)


def gradient_times_input(network: Rebuilt, batch: Batch) -> np.ndarray:
    """Return the gradient times the input, summed over the channels of each cell (Shrikumar et al. 2016)."""
    run = network.run(batch.inputs, batch.objective)
    products = [_sum(run.gradients[site] * run.values[site], batch.rank) for site in network.sites]
    return np.sum(products, axis=0)


def integrated_gradients(network: Rebuilt, batch: Batch) -> np.ndarray:
    """Return the gradients on the straight path from nothing to the input, times the way (Sundararajan et al. 2017, equation 1).

    Their sum over all cells is the difference of the logit, within half a percent of the logits' range if 256 steps do. Padding
    does not move along the path.
    """
    whole = network.run(batch.inputs, batch.objective)
    ways = {site: _way(whole.values[site], batch) for site in network.sites}
    begin = network.run(batch.inputs, batch.objective, {site: -way for site, way in ways.items()})
    rows = np.arange(len(batch.columns))
    expected = (whole.logits - begin.logits)[rows, batch.columns]
    maps = np.zeros(batch.real.shape, np.float32)
    for steps in _STEPS:
        path = [{site: (at - 1) * way for site, way in ways.items()} for at in (np.arange(steps) + 0.5) / steps]
        mean = {site: np.zeros_like(way) for site, way in ways.items()}
        for gradients in _gradients(network, batch, path):
            for site in mean:
                mean[site] += gradients[site].sum(axis=0) / steps
        maps = np.sum([_sum(mean[site] * way, batch.rank) for site, way in ways.items()], axis=0)
        missing = np.abs(maps.reshape(len(maps), -1).sum(axis=1) - expected)
        if (missing <= _RIGHT * np.ptp(whole.logits, axis=1)).all():
            break
    return maps


def smooth_grad(network: Rebuilt, batch: Batch) -> np.ndarray:
    """Return the mean length of the gradient over 25 inputs with noise of 15 % of their range (Smilkov et al. 2017)."""
    values = network.run(batch.inputs, batch.objective).values
    rng = np.random.default_rng(0)
    noise = [{site: _noise(rng, values[site], batch) for site in network.sites} for _ in range(_NOISY)]
    maps = np.zeros(batch.real.shape, np.float32)
    for gradients in _gradients(network, batch, noise):
        for i in range(len(gradients[network.sites[0]])):
            maps += _norm(network, batch, {site: gradients[site][i] for site in network.sites}) / _NOISY
    return maps


def grad_cam(network: Rebuilt, batch: Batch, layers: Mapping[str, Signal | None]) -> np.ndarray:
    """Return Grad-CAM of one layer, or the sum over several branches, placed over the input and rectified.

    Args:
        network: The network, tapped at the layers.
        batch: The inputs.
        layers: The receptive field of each layer, by its name.
    """
    run = network.run(batch.inputs, batch.objective)
    maps = [
        placed(class_activation(run.values[name], run.gradients[name]), signal, batch.real.shape[1:])
        for name, signal in layers.items()
    ]
    return np.maximum(np.sum(maps, axis=0), 0)


def _gradients(
    network: Rebuilt, batch: Batch, offsets: Sequence[Mapping[str, np.ndarray]]
) -> Iterator[dict[str, np.ndarray]]:
    """Yield the gradients of a batch with each of several offsets, (offsets, n, ...) for each site, many at a time."""
    count = len(batch.inputs)
    at_once = max(1, _AT_ONCE // count)
    for first in range(0, len(offsets), at_once):
        some = offsets[first : first + at_once]
        moved = {site: np.concatenate([each[site] for each in some]) for site in network.sites}
        inputs = np.tile(batch.inputs, (len(some), *(1,) * (batch.inputs.ndim - 1)))
        objective = batch._replace(columns=np.tile(batch.columns, len(some))).objective
        gradients = network.run(inputs, objective, moved).gradients
        yield {site: each.reshape(len(some), count, *each.shape[1:]) for site, each in gradients.items()}


def _way(values: np.ndarray, batch: Batch) -> np.ndarray:
    """Return how far each value moves along a path."""
    if values.shape != batch.nothing.shape:  # behind an embedding, where nothing is zero, as padding is
        return values
    real = batch.real.reshape(*batch.real.shape, *(1,) * (values.ndim - batch.rank))
    return np.where(real, values - batch.nothing, 0).astype(np.float32)


def _noise(rng: np.random.Generator, values: np.ndarray, batch: Batch) -> np.ndarray:
    axes = tuple(range(1, values.ndim))
    width = _NOISE * (values.max(axis=axes, keepdims=True) - values.min(axis=axes, keepdims=True))
    real = batch.real.reshape(*batch.real.shape, *(1,) * (values.ndim - batch.rank))
    return (rng.normal(size=values.shape) * width * real).astype(np.float32)


def _norm(network: Rebuilt, batch: Batch, gradients: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.sqrt(np.sum([_sum(gradients[site] ** 2, batch.rank) for site in network.sites], axis=0))


def _sum(values: np.ndarray, rank: int) -> np.ndarray:
    """Return values (n, *cells[, channels]) summed over their channels."""
    return values if values.ndim == rank else values.sum(axis=tuple(range(rank, values.ndim)))
