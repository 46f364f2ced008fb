"""The rank of a tensor, and arguments that hold one number for each of its axes."""

from __future__ import annotations

from typing import Any

Named = str | tuple | None  # "he_normal" or ("l2", {"l2": 1e-4}): made anew at each application


def rank_of(x: Any) -> int:
    """The number of spatial axes: 1 for (batch, time, channels), 2 for (batch, height, width, channels)."""
    rank = len(x.shape) - 2
    if rank not in (1, 2):
        raise ValueError(f"expected (batch, time, channels) or (batch, height, width, channels), got rank {rank}")
    return rank


def per_axis(value: int | tuple, rank: int) -> tuple:
    """One number (or pair) for each spatial axis: a plain number stands for all, a longer tuple gives its leading ones."""
    if isinstance(value, int):
        return (value,) * rank
    if len(value) < rank:
        raise ValueError(f"{value} has no number for each of {rank} axes")
    return tuple(value[:rank])


def keras_object(kind: Any, value: Named) -> Any:
    """A fresh initialiser, regulariser or constraint: one shared instance would give equal kernels to two layers.

    Args:
        kind: `keras.initializers`, `keras.regularizers` or `keras.constraints`.
        value: A name, or (name, parameters).
    """
    if not isinstance(value, tuple):
        return kind.get(value)
    name, parameters = value
    return type(kind.get(name))(**parameters)
