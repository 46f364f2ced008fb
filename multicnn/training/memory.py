"""The largest batch that fits into memory, when one does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class OutOfMemory(ValueError):
    """A step needs more memory than there is.

    Attributes:
        fits: The largest of half, a quarter ... of the batch with which a step was possible; None if not even one example was.
    """

    def __init__(self, batch_size: int, fits: int | None):
        if fits is None:
            advice = "not even one example a step fits: take a smaller network or a smaller input"
        else:
            same = f"{-(-batch_size // fits)} of those make the same update with optimizer.arguments.gradient_accumulation_steps"
            advice = f"{fits} would fit; {same}"
        super().__init__(
            f"the memory is too small for a step of {batch_size} examples: {advice}. Received: {batch_size=}"
        )
        self.fits = fits


def largest_batch(step: Callable[[Any, Any], Any], inputs: Any, targets: Any) -> int | None:
    """Try steps with half, a quarter ... of a batch until one fits; they change the weights.

    Args:
        step: Called with inputs and targets; raises MemoryError if they do not fit.
        inputs: The inputs of the batch that did not fit.
        targets: The targets of that batch.

    Returns:
        The number of examples that fit, or None if not even one does.
    """
    n = len(targets)
    while n > 1:
        n //= 2
        try:
            step(inputs[:n], targets[:n])
        except MemoryError:
            continue
        return n
    return None
