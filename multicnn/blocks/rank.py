"""The rank of a tensor, and arguments that hold one number for each of its axes."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Protocol, TypeVar

import keras

from multicnn.blocks.signal import Shape

Named = str | tuple[str, Mapping[str, Any]] | None  # "he_normal" or ("l2", {"l2": 1e-4}): made anew at each application
TRUE_FANS = "glorot_true_fans"  # the one initializer that Keras lacks; `kernel_initializer` gives it the fans
_T = TypeVar("_T")


class Shaped(Protocol):
    """Anything with a shape: a Keras tensor, or the Signal that stands for one."""

    @property
    def shape(self) -> Shape: ...


def rank_of(x: Shaped) -> int:
    """Return the number of spatial axes: 1 for (batch, time, channels), 2 for (batch, height, width, channels).

    Raises:
        ValueError: The tensor has another number of axes.
    """
    rank = len(x.shape) - 2
    if rank not in (1, 2):
        raise ValueError(f"expected (batch, time, channels) or (batch, height, width, channels), got rank {rank}")
    return rank


def per_axis(value: int | tuple[_T, ...], rank: int) -> tuple[Any, ...]:
    """Return one number (or pair) for each spatial axis.

    A plain number stands for all axes; a longer tuple gives its leading ones.

    Raises:
        ValueError: A tuple has too few.
    """
    if isinstance(value, int):
        return (value,) * rank
    if len(value) < rank:
        raise ValueError(f"{value} has no number for each of {rank} axes")
    return tuple(value[:rank])


def keras_object(kind: ModuleType, value: Named) -> Any:
    """Return a fresh initializer, regularizer or constraint: one shared instance would give equal kernels to two layers.

    Args:
        kind: `keras.initializers`, `keras.regularizers` or `keras.constraints`.
        value: A name, or (name, parameters).
    """
    name, parameters = value if isinstance(value, tuple) else (value, None)
    if name == TRUE_FANS and kind is keras.initializers:
        return _glorot(**(parameters or {}))
    if name == "constant" and parameters is not None:  # which has no default, and so cannot be got by its name alone
        return keras.initializers.Constant(**parameters)
    return kind.get(name) if parameters is None else type(kind.get(name))(**parameters)


def _glorot(distribution: str = "uniform", seed: int | None = None) -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(1.0, "fan_avg", distribution, seed=seed)
