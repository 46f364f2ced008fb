"""Plot word vectors in two dimensions."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from multicnn.modalities.text.word_vectors.vectors import WordVectors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

_FEW = 10  # words: below this t-SNE has no neighbourhoods to keep


def flattened(vectors: WordVectors, words: Sequence[str]) -> np.ndarray:
    """Return a point of the plane for each word, near to others where their cosine is large: float64, shape (words, 2).

    The points are those of t-SNE (van der Maaten & Hinton 2008), initialized with the principal components; of fewer than
    ten words, the components themselves.

    Args:
        vectors: The vectors, as read or learned.
        words: The words to place.
    """
    rows = np.stack([vectors.vector(word) for word in words]).astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.where(lengths == 0, 1, lengths)
    if len(words) < _FEW:
        left, values, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
        plane = left[:, :2] * values[:2]
        return np.pad(plane, [(0, 0), (0, 2 - plane.shape[1])])
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(words) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(rows)


def plot_words(vectors: WordVectors, path: str | Path, words: Sequence[str] | None = None, count: int = 150) -> Path:
    """Plot words as a map of their vectors.

    Args:
        vectors: The vectors, as read or learned.
        path: The PNG file to write.
        words: The words to plot; None is the first `count` that are longer than two letters.
        count: The number of words where `words` is None.

    Returns:
        `path`.

    Raises:
        ValueError: Fewer than two words, or one of them has no vector.
    """
    from matplotlib.figure import Figure

    if words is None:
        words = [word for word in vectors.words if len(word) > 2 and word.isalpha()][:count]
    if len(words) < 2:
        raise ValueError(f"`words` must name two words or more. Received: words={list(words)}")
    points = flattened(vectors, words)
    figure = Figure(figsize=(9, 7), dpi=120, facecolor="white", layout="constrained")
    axes = figure.subplots()
    axes.scatter(points[:, 0], points[:, 1], s=6, color="#0072b2", linewidths=0)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#dddddd")
    _label(figure, axes, points, words)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(path, format="png")
    return Path(path)


def _label(figure: Figure, axes: Axes, points: np.ndarray, words: Sequence[str]) -> None:
    """Write each word beside its point where there is room; the first words have it first."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    taken: list[Bbox] = []
    for point, word in zip(points, words):
        for shift, side in (((3, 2), "left"), ((-3, 2), "right"), ((3, -9), "left"), ((-3, -9), "right")):
            text = axes.annotate(
                word,
                tuple(point),
                shift,
                textcoords="offset points",
                ha=side,
                fontsize=8,
                color="#222222",
                parse_math=False,
            )
            box = text.get_window_extent(renderer)
            if not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()
