"""What a logit loses where a word is missing: for any network, whatever is in it (Li, Monroe, Jurafsky 2016, section 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def leave_out(
    logits: Callable[[np.ndarray], np.ndarray], ids: np.ndarray, words: Sequence[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Measures how each class's logit changes as each word is taken out and what follows moves up.

    A missing word is something that networks have seen in training; a word replaced by an unknown one often is not.

    Args:
        logits: int32 ids (n, length, ...) to float32 (n, classes).
        ids: int32 (length, ...) of one text, 0 behind its end.
        words: First token and the one behind the last, of each word.

    Returns:
        The logits of the whole text, float32 (classes,), and how much lower each is without each word, (words, classes).
    """
    variants = np.stack([ids, *(_without(ids, start, stop) for start, stop in words)])
    found = logits(variants)
    return found[0], found[0] - found[1:]


def _without(ids: np.ndarray, start: int, stop: int) -> np.ndarray:
    kept = np.delete(ids, np.arange(start, stop), axis=0)
    return np.concatenate([kept, np.zeros((len(ids) - len(kept), *ids.shape[1:]), ids.dtype)])
