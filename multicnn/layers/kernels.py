"""Kernels as plain data: nested tuples of numbers, one level for each spatial axis."""

from __future__ import annotations

import math

Kernel = tuple["Kernel | float", ...]
_LARGEST = 3e38  # of a float32


def kernel_shape(kernel: object, name: str) -> tuple[int, ...]:
    """Return the size of a kernel along each of its axes.

    Args:
        kernel: Numbers for a sequence, rows of numbers for an image; tuples or lists.
        name: The argument, for the message.

    Raises:
        ValueError: It is empty, ragged, deeper than two levels, or has something other than finite numbers.
    """
    rows = kernel if isinstance(kernel, (tuple, list)) else ()
    shape: tuple[int, ...] = (len(rows),)
    numbers = list(rows)
    if rows and all(isinstance(row, (tuple, list)) for row in rows):
        shape = (len(rows), len(rows[0]))
        numbers = [number for row in rows for number in row if len(row) == len(rows[0])]
    if not math.prod(shape) or len(numbers) != math.prod(shape) or not all(map(_is_number, numbers)):
        raise ValueError(
            f"`{name}` must be finite numbers for a sequence, or rows of as many for an image. Received: {name}={kernel!r}"
        )
    return shape


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _LARGEST


def numbers_of(kernel: object) -> list[float]:
    """Return the numbers of a kernel, row by row."""
    return [n for row in kernel for n in numbers_of(row)] if isinstance(kernel, (tuple, list)) else [kernel]  # type: ignore[list-item]
