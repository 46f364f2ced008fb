"""Occlusion of an image or a clip: how much lower a logit is where a box is covered (Zeiler & Fergus 2014, section 4.2)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

_BATCH = 64


def cover(
    logits: Callable[[np.ndarray], np.ndarray],
    example: np.ndarray,
    nothing: np.ndarray,
    column: int,
    box: Sequence[int],
) -> np.ndarray:
    """Return the mean, over the boxes that cover a cell, of how much lower the logit is under each: float32 of `box`'s axes.

    Boxes stand half of their size apart, and end where the input does. Covering what is nothing already changes nothing.

    Args:
        logits: The network, from float32 (n, *input_shape) to logits (n, outputs).
        example: One input, float32 of `input_shape`.
        nothing: What covers it, of the same shape.
        column: The logit.
        box: Cells of a box along each of the first axes.
    """
    shape = example.shape[: len(box)]
    starts = [_starts(size, side) for size, side in zip(shape, box)]
    corners = list(itertools.product(*starts))
    whole = logits(example[None])[0, column]
    drops, covered = np.zeros(shape), np.zeros(shape)
    for first in range(0, len(corners), _BATCH):
        windows = [
            tuple(slice(at, at + side) for at, side in zip(corner, box)) for corner in corners[first : first + _BATCH]
        ]
        variants = np.repeat(example[None], len(windows), axis=0)
        for variant, window in zip(variants, windows):
            variant[window] = nothing[window]
        changed = [(variant != example).any() for variant in variants]
        outputs = logits(variants)[:, column]
        for window, output, differs in zip(windows, outputs, changed):
            drops[window] += whole - output if differs else 0.0
            covered[window] += 1
    return (drops / np.maximum(covered, 1)).astype(np.float32)


def _starts(size: int, side: int) -> list[int]:
    """Return where boxes begin along an axis."""
    last = max(size - side, 0)
    return sorted({*range(0, last, max(1, side // 2)), last})
