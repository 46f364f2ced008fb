"""Errors of pydantic's classes in one line: the fields that do not fit, and their values."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable
from typing import Any, TypeVar

import pydantic

_C = TypeVar("_C", bound=type)
_FIELD = re.compile(r"\w+")


def one_line_errors(unknown: Callable[[str], str] | None = None) -> Callable[[_C], _C]:
    """Return a class decorator: a dataclass of pydantic then raises a ValueError of one line where a value does not fit.

    Args:
        unknown: Returns the message for a field that there is not; by default it lists those of the class.
    """

    def decorate(cls: _C) -> _C:
        plain: Callable[..., None] = getattr(cls, "__init__")  # noqa: B009 - mypy lets nobody read it

        @functools.wraps(plain)
        def __init__(self: object, *args: object, **kwargs: object) -> None:
            try:
                plain(self, *args, **kwargs)
            except pydantic.ValidationError as error:
                raise ValueError(in_one_line(error, unknown or list_known)) from None

        def list_known(name: str) -> str:
            known = ", ".join(field.name for field in dataclasses.fields(cls))
            return f"{cls.__name__} has no field {name!r}; it has {known}"

        setattr(cls, "__init__", __init__)  # noqa: B010 - mypy lets nobody assign to it
        return cls

    return decorate


def typed(name: str, annotation: Any, value: object) -> Any:
    """Return a value in the type that an argument is annotated with, as a field of that type would hold it.

    Args:
        name: The name of the argument, for the message.
        annotation: Its type, perhaps one of `constrained`.
        value: The value that was given.

    Raises:
        ValueError: It does not fit.
    """
    try:
        return pydantic.TypeAdapter(annotation).validate_python(value)
    except pydantic.ValidationError as error:
        raise ValueError(f"{name}: {error.errors()[0]['msg']}. Received: {name}={_short(value)}") from None


def in_one_line(error: pydantic.ValidationError, unknown: Callable[[str], str]) -> str:
    """Return the message of an error: the fields that do not fit, and their values.

    Args:
        error: The error of pydantic.
        unknown: Returns the message for a field that there is not.
    """
    problems: dict[str, list[str]] = {}  # of each field; of one that takes several types, one for each
    received: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        name = ".".join(str(item) for item in problem["loc"] if not _is_choice(item))
        message = f"`{name}`: " if name else ""
        message += problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "tuple_type" and isinstance(problem["input"], (int, float)):
            one = problem["input"] if problem["input"] > 0 else 32
            message += f", as [{one}, {one}]"
        if problem["type"] == "unexpected_keyword_argument":
            message = unknown(name)
        if name in problems:
            problems[name].append(message.removeprefix(f"`{name}`: "))
        else:
            problems[name] = [message]
        received[name] = _short(problem["input"])
    messages = {name: ", or: ".join(dict.fromkeys(some)) for name, some in problems.items()}
    return "; ".join(
        message if "Received:" in message else f"{message}. Received: {name}={received[name]}"
        for name, message in messages.items()
    )


def _is_choice(item: int | str) -> bool:
    """Return True for the item of a location that names one of the types of a field, not a field."""
    return isinstance(item, str) and (item in ("str", "int", "float", "bool") or not _FIELD.fullmatch(item))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}..."
