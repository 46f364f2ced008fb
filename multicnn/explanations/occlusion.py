"""Occlusion of words: how much a logit loses without each word, for any network (Li, Monroe, Jurafsky 2016, section 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def occlude(
    logits: Callable[[np.ndarray], np.ndarray], ids: np.ndarray, words: Sequence[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Measure how each class's logit changes as each word is taken out and what follows moves up.

    A missing word is something that networks have seen in training; a word replaced by an unknown one often is not.

    Args:
        logits: The network, from int32 ids (n, length, ...) to float32 logits (n, classes).
        ids: The token ids of one text, int32 (length, ...), 0 behind its end.
        words: The first token of each word, and the one behind its last.

    Returns:
        The logits of the whole text, float32 (classes,), and how much lower each is without each word, (words, classes).
    """
    variants = np.stack([ids, *(_without(ids, start, stop) for start, stop in words)])
    outputs = logits(variants)
    return outputs[0], outputs[0] - outputs[1:]


def _without(ids: np.ndarray, start: int, stop: int) -> np.ndarray:
    rest = np.delete(ids, np.arange(start, stop), axis=0)
    return np.concatenate([rest, np.zeros((len(ids) - len(rest), *ids.shape[1:]), ids.dtype)])
