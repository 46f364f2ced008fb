"""Types of the fields that a user sets, for pydantic: numbers within limits, and plain data of finite numbers.

A number is never NaN, infinite, or true or false. The upper limits are far above any use: they keep a slip of the keyboard from
becoming an overflow or a day of waiting.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, TypeVar

import pydantic

_T = TypeVar("_T")
MOST_EPOCHS = 10**6
_LARGEST = 2**63 - 1  # what every library holds


def _no_flag(value: _T) -> _T:
    if isinstance(value, bool):
        raise ValueError("Input should be a number, not true or false")
    return value


def finite(value: _T) -> _T:
    """Return plain data as it is.

    Raises:
        ValueError: A number in it is NaN, infinite, or no whole number of 64 bits.
    """
    if isinstance(value, Mapping):
        for item in value.values():
            finite(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            finite(item)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("Input should hold finite numbers only")
    elif isinstance(value, int) and abs(value) > _LARGEST:
        raise ValueError("Input should hold whole numbers of at most 64 bits only")
    return value


_number = pydantic.BeforeValidator(_no_flag)

Count = Annotated[int, _number, pydantic.Field(ge=1, le=10**9)]
CountFromZero = Annotated[int, _number, pydantic.Field(ge=0, le=10**9)]
Epochs = Annotated[int, _number, pydantic.Field(ge=1, le=MOST_EPOCHS)]
Seed = Annotated[int, _number, pydantic.Field(ge=0, le=2**32 - 1)]  # NumPy's and Keras's
# Within float32.
Finite = Annotated[float, _number, pydantic.Field(ge=-1e38, le=1e38, allow_inf_nan=False)]
Positive = Annotated[float, _number, pydantic.Field(gt=0, le=1e38, allow_inf_nan=False)]
FromZero = Annotated[float, _number, pydantic.Field(ge=0, le=1e38, allow_inf_nan=False)]
Exponent = Annotated[FromZero, pydantic.Field(le=100)]
Share = Annotated[float, _number, pydantic.Field(ge=0, le=1, allow_inf_nan=False)]
ShareBelowOne = Annotated[float, _number, pydantic.Field(ge=0, lt=1, allow_inf_nan=False)]
PositiveShare = Annotated[float, _number, pydantic.Field(gt=0, le=1, allow_inf_nan=False)]
Degrees = Annotated[float, _number, pydantic.Field(ge=0, le=180, allow_inf_nan=False)]
Text = Annotated[str, pydantic.Field(min_length=1)]
