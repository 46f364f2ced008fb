"""Filters that a network of one layer learns from patches of photographs, without any label."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn.lessons import photographs
from multicnn.lessons.drawing import BLUE, RED, Drawing, image, panels
from multicnn.lessons.gabor import fit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BATCH = 500


def patches(count: int, *, size: int = 16, names: Sequence[str] = photographs.PHOTOGRAPHS, seed: int = 0) -> np.ndarray:
    """Cut patches out of photographs at random: float64 (count, size, size), each of mean 0.

    Args:
        count: The number of patches.
        size: Their rows and columns.
        names: The photographs, in turn.
        seed: The random seed.
    """
    random = np.random.default_rng(seed)
    cut = []
    for number, name in enumerate(names):
        plane = photographs.grey(name)
        wanted = (count + number) // len(names)
        tops, lefts = (random.integers(0, side - size + 1, wanted) for side in plane.shape)
        cut += [plane[top : top + size, left : left + size] for top, left in zip(tops, lefts)]
    values = np.stack(cut).astype(np.float64)
    return values - values.mean(axis=(1, 2), keepdims=True)


@dataclasses.dataclass(frozen=True)
class Learned(Drawing):
    """Filters that were learned, and how near each is to a Gabor filter.

    Attributes:
        filters: float64 (filters, size, size).
        gabors: The Gabor filter nearest to each.
        correlations: float64 (filters,), of each with its Gabor filter.
        random: float64 (filters,), the same of filters of white noise.
        losses: float64 (steps,).
    """

    filters: np.ndarray
    gabors: np.ndarray
    correlations: np.ndarray
    random: np.ndarray
    losses: np.ndarray

    def share(self, correlations: np.ndarray, least: float = 0.7) -> float:
        """Return the share of correlations that are at least so high."""
        return float(np.mean(correlations >= least))

    def draw(self) -> Figure:
        """Return the filters, the Gabor filters nearest to them, and the correlations beside those of noise."""
        figure, axes = panels(3, width=9.8, height=3.2)
        order = np.argsort(-self.correlations)
        image(axes[0], _mosaic(self.filters[order]), f"{len(order)} learned filters")
        image(axes[1], _mosaic(self.gabors[order]), "the nearest Gabor filters")
        edges = np.linspace(0, 1, 26).tolist()
        axes[2].hist(self.random, edges, color=RED, alpha=0.6, label="white noise")
        axes[2].hist(self.correlations, edges, color=BLUE, alpha=0.6, label="learned")
        axes[2].axvline(0.7, color="#222222", lw=1, ls="--")
        axes[2].set(title="correlation with a Gabor filter", xlabel="correlation", ylabel="filters")
        axes[2].legend(loc=(0.38, 0.8))
        return figure


def learn(*, filters: int = 64, size: int = 16, steps: int = 600, sparsity: float = 1.5, seed: int = 0) -> Learned:
    """Learn filters from patches: they must give the patch back, and answer as seldom as they can.

    The network is one layer with tied weights (Le et al., "ICA with reconstruction cost", 2011): with z = W x, the loss is
    |x - W'z|^2 + sparsity * sum sqrt(z^2 + 0.01), on patches whose principal components were given the same variance.

    Args:
        filters: The number of filters.
        size: Rows and columns of a patch, and of a filter.
        steps: Steps of Adam, each on 500 patches.
        sparsity: What the second part of the loss counts.
        seed: The random seed of patches and weights.
    """
    from threadpoolctl import threadpool_limits

    random = np.random.default_rng(seed)
    x = patches(20_000, size=size, seed=seed).reshape(-1, size * size)
    x = x[x.std(axis=1) > 0.02]  # the sky teaches nothing
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    components = vectors[:, ::-1][:, : filters + filters // 4]
    whitening = components / np.sqrt(values[::-1][: components.shape[1]])
    white = x @ whitening
    weights = random.normal(size=(filters, white.shape[1]))
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    with threadpool_limits(1):  # on matrices so small, threads mostly wait for each other
        weights, losses = _descend(weights, white, steps, sparsity, random)
    learned = (weights @ whitening.T).reshape(filters, size, size)
    nearest = fit(learned)
    noise = fit(random.normal(size=learned.shape))
    return Learned(learned, nearest.gabors, nearest.correlations, noise.correlations, losses)


def _descend(
    weights: np.ndarray, white: np.ndarray, steps: int, sparsity: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise the loss by Adam, its gradient written out; return weights and losses."""
    mean, square, losses = np.zeros_like(weights), np.zeros_like(weights), np.zeros(steps)
    for step in range(steps):
        x = white[random.integers(0, len(white), _BATCH)]
        z = x @ weights.T
        rest = z @ weights - x
        size = np.sqrt(z**2 + 0.01)
        losses[step] = ((rest**2).sum() + sparsity * size.sum()) / _BATCH
        gradient = 2 * (z.T @ rest + (rest @ weights.T).T @ x) + sparsity * (z / size).T @ x
        gradient /= _BATCH
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        rate = 0.02 * (1 - step / steps) + 1e-4
        corrected = mean / (1 - 0.9 ** (step + 1)), square / (1 - 0.999 ** (step + 1))
        weights = weights - rate * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
    return weights, losses


def _mosaic(filters: np.ndarray) -> np.ndarray:
    """Return filters side by side, each scaled to its own largest weight, with a white line between."""
    across = int(np.ceil(np.sqrt(len(filters))))
    size = filters.shape[-1] + 1
    canvas = np.ones((size * -(-len(filters) // across) + 1, size * across + 1))
    for number, values in enumerate(filters):
        row, column = divmod(number, across)
        corner = canvas[row * size + 1 : (row + 1) * size, column * size + 1 : (column + 1) * size]
        corner[:] = values / max(float(np.abs(values).max()), 1e-12)
    return canvas
