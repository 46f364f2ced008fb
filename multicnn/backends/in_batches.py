"""Compute examples batch by batch, in smaller batches where the memory is too small."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from multicnn.backends import engine

TOO_SMALL = "the memory is too small to compute one example"


def in_batches(
    run: Callable[[np.ndarray], np.ndarray], examples: np.ndarray | Sequence[np.ndarray], most: int
) -> list[np.ndarray]:
    """Return what a function gives of each batch of examples, in their order.

    Args:
        run: Function of a batch (n, ...).
        examples: The examples, as an array or one by one; only those of a batch are copied.
        most: The number of examples of a batch; from where the memory does not suffice half, a quarter ... of it.

    Raises:
        MemoryError: One example alone needs more memory than there is.
    """
    outputs: list[np.ndarray] = []
    start = 0
    while start < len(examples):
        few = min(most, len(examples) - start)
        try:
            outputs.append(run(np.asarray(examples[start : start + few])))
        except Exception as error:
            if not engine.out_of_memory(error):
                raise
            if few == 1:
                raise MemoryError(TOO_SMALL) from error
            most = few // 2
        else:
            start += few
    return outputs
