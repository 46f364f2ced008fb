"""Views of what is inside a network: parts of an input, values at its positions, and kernels, as a page shows them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from multicnn.modalities.perturbations import Raw
from multicnn.modalities.shown import Shown

Window = tuple[
    tuple[int, int], ...
]  # along each axis of the network's input: the first step, and the one behind the last
Channels = Callable[[np.ndarray], np.ndarray]  # network inputs to the tensor that a layer sees: (n, ..., channels)
DEVIATIONS = 3.0  # of the network's input, on both sides of 0, where it has no bounds of its own


@dataclass(frozen=True, eq=False)
class KernelView:
    """One filter of a layer, as a page shows it.

    Attributes:
        index: The number of the filter in its layer.
        shown: The kernel.
        caption: The same in a few words.
        facts: The same in numbers, or in words of a vocabulary: plain data.
    """

    index: int
    shown: list[Shown]
    caption: str
    facts: dict[str, object] = field(default_factory=dict)


class Views(Protocol):
    """The members of a preprocess that show what is inside a network; by default as for any array."""

    @abstractmethod
    def example(self, raw: Raw) -> np.ndarray:
        """Return the stored form of a decoded example."""

    @abstractmethod
    def receptive_field(self, steps: tuple[int, ...]) -> str:
        """Return a receptive field, in input steps along each axis, in words and the unit of the modality."""

    @property
    def input_range(self) -> tuple[np.ndarray, np.ndarray]:
        """The smallest and the largest value of the network's input, each to be broadcast over it."""
        return np.array(-DEVIATIONS, np.float32), np.array(DEVIATIONS, np.float32)

    def excerpt(self, raw: Raw, window: Window) -> list[Shown]:
        """Return what stands in a part of the network's input, as it is seen and heard.

        Args:
            raw: A decoded example.
            window: The part.
        """
        return [Shown("plot", cut(self.example(raw), window))]

    def where(self, window: Window) -> str:
        """Return where a part of the network's input is, in words and the units of the modality."""
        return ", ".join(f"steps {start:,} to {stop - 1:,}" for start, stop in window)

    def signed_view(self, values: np.ndarray, window: Window, raw: Raw) -> list[Shown]:
        """Return values at the positions of the network's input, in a part of it, around a middle that stands for 0.

        Args:
            values: float32, (*positions, channels) of the input, or of what stands for its tokens.
            window: The part.
            raw: The decoded example that they belong to.
        """
        return [signed_matrix(cut(values, window))]

    def kernel_views(self, kernel: np.ndarray, channels: Channels) -> list[KernelView]:
        """Return the filters of a layer that sees the input.

        Args:
            kernel: float32, (*window, channels, filters).
            channels: Returns what the layer sees of network inputs.
        """
        return [KernelView(i, [signed_matrix(kernel[..., i])], f"filter {i}") for i in range(kernel.shape[-1])]

    def kernel_scale(self, sizes: tuple[int, ...]) -> str:
        """Return the size of a kernel, in steps along each axis, in words and the units of the modality."""
        return self.receptive_field(sizes)


def cut(values: np.ndarray, window: Window) -> np.ndarray:
    """Return the values of an input in a part of it."""
    return values[tuple(slice(start, stop) for start, stop in window)]


def signed_matrix(values: np.ndarray) -> Shown:
    """Return values (rows, columns[, channels]) around a middle grey that stands for 0; of one column, a curve."""
    if values.ndim < 3 and values.shape[-1] == 1:
        return Shown("plot", values)
    if values.ndim == 3 and values.shape[2] not in (1, 3):
        values = values.mean(axis=2)
    return Shown("image", around_grey(values))


def around_grey(values: np.ndarray) -> np.ndarray:
    """Return values as uint8 levels: 0 is a middle grey, and the largest of either sign black or white."""
    largest = max(float(np.abs(values).max(initial=0)), 1e-12)
    return np.rint(127.5 + 127.5 * values / largest).astype(np.uint8)
