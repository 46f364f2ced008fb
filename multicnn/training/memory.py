"""The limits of memory: refuse what surely does not fit, and find the largest batch when one does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from multicnn.blocks.cost import Measure
from multicnn.utils.memory import total_bytes

_FLOAT = 4  # bytes
_HALF = 2
_COPIES = 4  # of each weight: itself, its gradient and two moments of Adam


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


def check(measured: Measure, input_shape: Sequence[int], batch_size: int) -> None:
    """Raise ValueError for a network or a batch that surely needs more memory than the machine has.

    Args:
        measured: The network, measured.
        input_shape: The shape of one example.
        batch_size: Number of examples in a training step.
    """
    memory, parameters = total_bytes(), measured.parameters
    if memory is None:
        return
    weights = _COPIES * _FLOAT * parameters
    # Backpropagation needs the output of every layer with weights, in mixed precision at half the size.
    outputs = (leaf.output.shape[1:] for leaf in measured.leaves if leaf.parameters)
    numbers = sum(math.prod(size or 1 for size in shape) for shape in outputs)
    batch = batch_size * (_FLOAT * math.prod(input_shape) + _HALF * numbers)
    if weights > memory:
        raise ValueError(
            f"`model.name` must fit into memory: to train {parameters:,} parameters takes at least {_size(weights)} of the "
            f"{_size(memory)} of this machine. Received: parameters={parameters}"
        )
    if batch > memory:
        raise ValueError(
            f"`batch_size` must fit into memory: {batch_size:,} examples of {tuple(input_shape)} take at least "
            f"{_size(batch)} of the {_size(memory)} of this machine. Received: batch_size={batch_size}"
        )


def _size(n: int) -> str:
    return f"{n / 1e9:,.1f} GB"


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
