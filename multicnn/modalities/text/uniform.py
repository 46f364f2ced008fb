"""Texts of which nothing is left but one token, once or again and again, and those that fill their length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

REMARK = "one token to the network, or only tokens that are in no vocabulary"
REPORT = (
    "are one token to the network, or only tokens that are in no vocabulary: texts in another language than the training's, or "
    "written without spaces? Try preprocess.level=characters"
)


def uniform(examples: Sequence[np.ndarray]) -> np.ndarray:
    """Return True for each of some texts, as int32 ids padded with 0, that has no two different tokens: bool, shape (texts,)."""
    if not len(examples):
        return np.zeros(0, bool)
    ids = np.stack(examples).reshape(len(examples), -1)
    least = np.where(ids > 0, ids, np.iinfo(np.int32).max).min(axis=1)
    return np.asarray(ids.max(axis=1) <= least)


def filled(examples: Sequence[np.ndarray]) -> np.ndarray:
    """Return True for each text, as in `uniform`, that has a token at its last position: it was cut, or ends just there."""
    if not len(examples):
        return np.zeros(0, bool)
    return np.asarray(np.stack(examples).reshape(len(examples), len(examples[0]), -1)[:, -1].any(axis=1))
