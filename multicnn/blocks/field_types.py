"""The types of a Block's fields, by their annotations: which hold Blocks, and which numbers."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
import types
import typing
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multicnn.blocks.base import Block  # which imports this module

LARGEST = 2**31 - 1  # of a whole number: what the libraries below hold
_SCALARS: dict[type, tuple[str, tuple[type, ...]]] = {
    bool: ("true or false", (bool,)),
    int: ("a whole number", (int,)),
    float: ("a number", (int, float)),
    str: ("a text", (str,)),
}
_SIZES = ("kernel_size", "strides", "pool_size", "dilation_rate")  # numbers from 1 on, one for all axes or one for each


def check_blocks(block: Block, base: type) -> None:
    """Raise TypeError for a value that is no Block in a field whose annotation asks for one; `base` is the class Block."""
    for name, choices in _fields(type(block), base):
        value = getattr(block, name)
        wanted = set(choices) - {types.NoneType}
        of_blocks = wanted and all(isinstance(each, type) and issubclass(each, base) for each in wanted)
        if of_blocks and not isinstance(value, base) and not (value is None and types.NoneType in choices):
            kind = type(block).__name__
            raise TypeError(f"`{name}` of {kind} must be a Block. Received: {name}={value!r}")


def check_numbers(block: Block, base: type) -> None:
    """Raise ValueError for plain data of another type than its field is annotated with, or for a size out of range."""
    kind = type(block)
    for name, choices in _fields(kind, base):
        value = getattr(block, name)
        wanted = set(choices) - {types.NoneType}
        if value is None and types.NoneType in choices:
            continue
        if len(wanted) == 1 and (scalar := wanted.pop()) in _SCALARS:
            expected, allowed = _SCALARS[scalar]
            if not isinstance(value, allowed) or (isinstance(value, bool) and scalar is not bool):
                raise ValueError(f"`{name}` of {kind.__name__} must be {expected}. Received: {name}={value!r}")
        elif name in _SIZES and not all(map(_is_size, value if isinstance(value, tuple) else (value,))):
            expected = f"whole numbers of at least 1, at most {LARGEST:,}"
            raise ValueError(f"`{name}` of {kind.__name__} must be {expected}. Received: {name}={value!r}")


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST


def _fields(kind: type[Block], base: type) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield the fields of a class that `at_least_one` does not check, each with the types that it may have."""
    hints = _hints(kind, base)  # type: ignore[arg-type]  # mypy takes the hash of an instance for that of its class
    for field in dataclasses.fields(kind):
        if field.name not in kind.at_least_one:
            yield field.name, hints.get(field.name, ())


@functools.cache
def _hints(kind: type[Block], base: type) -> dict[str, tuple[object, ...]]:
    """Return the types that each field of a class may have, by its annotation."""
    hints: dict[str, object] = {}
    for each in reversed(kind.__mro__[:-1]):
        module = sys.modules.get(each.__module__)
        names = {"Block": base, **(vars(module) if module else {})}
        try:
            hints |= inspect.get_annotations(each, globals=names, eval_str=True)
        except NameError:  # something that only a function around the class knows: those fields go unchecked
            continue
    return {
        name: typing.get_args(hint)
        if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
        else (hint,)
        for name, hint in hints.items()
    }
