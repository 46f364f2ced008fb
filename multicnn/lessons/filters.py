"""The fixed filters of image processing, on images and spectrograms, and a filter that is the pattern it looks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn import blocks, layers
from multicnn.lessons.drawing import RED, Drawing, image, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = ("identity", "edge4", "edge8", "sharpen", "box_blur", "gaussian_blur", "sobel_x", "sobel_y")


@dataclasses.dataclass(frozen=True)
class Filtered(Drawing):
    """An image under named filters.

    Attributes:
        outputs: For each filter, float32 (rows, columns); the border was repeated.
        sums: For each filter, the sum of its weights: 1 keeps a flat area as it is, 0 makes it 0.
        upright: True for a spectrogram, whose first axis is time and is drawn to the right.
    """

    kind = "jpeg"

    outputs: dict[str, np.ndarray]
    sums: dict[str, float]
    upright: bool = False

    def draw(self) -> Figure:
        """Return the outputs; grey is 0 for filters whose weights sum to 0."""
        figure, axes = panels(4, rows=-(-len(self.outputs) // 4), width=9.8, height=2.1)
        for one, (name, values) in zip(axes, self.outputs.items()):
            low, high = (None, None) if self.upright else (0.0, 1.0)
            if abs(self.sums[name]) < 1e-6:
                high = float(np.quantile(np.abs(values), 0.99)) or 1.0
                low = -high
            shown = values.T[::-1] if self.upright else values
            image(one, shown, name, aspect="auto" if self.upright else "equal", vmin=low, vmax=high)
        for one in axes[len(self.outputs) :]:
            one.axis("off")
        return figure


def filtered(plane: np.ndarray, names: Sequence[str] = NAMES, *, upright: bool = False) -> Filtered:
    """Apply fixed filters to an image, each as a block of the package.

    Args:
        plane: float (rows, columns).
        names: Those of `multicnn.blocks.fixed_filter`.
        upright: True for a spectrogram, of shape (time, bands).

    Raises:
        ValueError: A name is unknown.
    """
    outputs, sums = {}, {}
    for name in names:
        if name not in layers.FILTERS:
            raise ValueError(f"`names` must be some of {sorted(layers.FILTERS)}. Received: names={name!r}")
        network = blocks.network(blocks.fixed_filter(name), (*plane.shape, 1))
        outputs[name] = np.asarray(network(np.asarray(plane, dtype=np.float32)[None, ..., None]))[0, ..., 0]
        sums[name] = float(np.sum(layers.FILTERS[name][0]))
    return Filtered(outputs, sums, upright)


def spectrogram(row: int = 0) -> tuple[np.ndarray, str]:
    """Return the log-mel spectrogram of a spoken digit, float32 of shape (time, bands) in dB, and the digit's name.

    Args:
        row: The number of the clip in the built-in set.
    """
    from multicnn.data.builtin import spoken_digits
    from multicnn.modalities import lookup

    manifest = spoken_digits.load()
    preprocess = lookup("audio")()
    raw = preprocess.decode(manifest.raw_source(row))
    example = np.asarray(preprocess.fit([raw]).example(raw))
    return example.reshape(example.shape[:2]), str(manifest.table["label"][row])


@dataclasses.dataclass(frozen=True)
class Detection(Drawing):
    """A pattern looked for in a noisy image by a filter that is the pattern itself.

    Attributes:
        image: float (rows, columns), with noise.
        pattern: float (size, size), cut out before the noise came, its mean taken away.
        scores: float (rows - size + 1, columns - size + 1): the correlation of the pattern with what is under it, -1 to 1.
        corner: The row and column where the pattern was cut out.
    """

    kind = "jpeg"

    image: np.ndarray
    pattern: np.ndarray
    scores: np.ndarray
    corner: tuple[int, int]

    @property
    def highest(self) -> tuple[int, int]:
        """The row and column with the highest score."""
        row, column = np.unravel_index(self.scores.argmax(), self.scores.shape)
        return int(row), int(column)

    def draw(self) -> Figure:
        """Return the pattern, the image with the window of the highest score, and the scores."""
        from matplotlib.patches import Rectangle

        figure, axes = panels(3, width=9.6, height=2.7)
        image(axes[0], self.pattern, "the filter: the pattern")
        image(axes[1], self.image, "image with noise, highest score")
        size = len(self.pattern)
        corner = (self.highest[1] - 0.5, self.highest[0] - 0.5)
        axes[1].add_patch(Rectangle(corner, size, size, fill=False, edgecolor=RED, lw=2.4))
        image(axes[2], self.scores, f"scores, at most {self.scores.max():.2f}", cmap="magma", vmin=0)
        return figure


def detect(plane: np.ndarray, top: int, left: int, size: int = 24, *, noise: float = 0.1, seed: int = 0) -> Detection:
    """Cut a pattern out of an image, add noise to the image, and look for the pattern with a filter.

    Args:
        plane: float (rows, columns), from 0 to 1.
        top: The first row of the pattern.
        left: Its first column.
        size: Its rows and columns.
        noise: The standard deviation of the noise.
        seed: The random seed of the noise.
    """
    noisy = plane + np.random.default_rng(seed).normal(0, noise, plane.shape)
    pattern = plane[top : top + size, left : left + size]
    pattern = pattern - pattern.mean()
    windows = np.lib.stride_tricks.sliding_window_view(noisy, (size, size))
    products = np.einsum("ijkl,kl->ij", windows, pattern)
    scores = products / (windows.std(axis=(2, 3)) * size * np.linalg.norm(pattern))
    return Detection(noisy, pattern, scores, (top, left))
