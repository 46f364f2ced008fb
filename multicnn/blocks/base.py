"""Blocks as values: plain data that compares, prints as its source text, goes through JSON, and builds where it is applied."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, dataclass_transform

from multicnn.blocks.builder import Builder, KerasBuilder, unused_name


@dataclass_transform(frozen_default=True, eq_default=False)
class Block:
    """A value that describes a network; applied to a Keras tensor, it builds it.

    Subclasses are frozen dataclasses of plain data (numbers, strings, tuples, Blocks). Two Blocks are equal when their source
    text is; `repr` is that text, `to_dict` the serial form.
    """

    kinds: ClassVar[dict[str, type[Block]]] = {}
    transparent: ClassVar[bool] = False  # a transparent Block adds no segment of its own to the names below it
    at_least_one: ClassVar[tuple[str, ...]] = ()  # the fields that are whole numbers from 1 on
    names_itself: ClassVar[bool] = False  # a stage and a scope keep the name that they were given; other names count up

    def __init_subclass__(cls, init: bool = True) -> None:
        dataclasses.dataclass(frozen=True, repr=False, eq=False, init=init)(cls)
        if not cls.__name__.startswith("_"):
            Block.kinds[cls.__name__] = cls

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            optional = field.type == "Block | None" and value is None
            if field.type in ("Block", "Block | None") and not optional and not isinstance(value, Block):
                raise TypeError(
                    f"`{field.name}` of {type(self).__name__} must be a Block. Received: {field.name}={value!r}"
                )
            object.__setattr__(self, field.name, _plain(value, field.name))
        for name in self.at_least_one:
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                kind = type(self).__name__
                raise ValueError(f"`{name}` of {kind} must be a whole number of at least 1. Received: {name}={value!r}")

    @property
    def label(self) -> str:
        """The segment that this Block adds to the names of its layers."""
        return type(self).__name__

    @property
    def input_dtype(self) -> str | dict[str, str]:
        """What the Block is applied to: "int32" ids where it begins with `embed`, else "float32"; a dict for `join`."""
        return "float32"

    def apply(self, x: Any, builder: Builder) -> Any:
        """Walks the Block at `site`; a leaf is handed to the site, a composite walks its parts."""
        return builder.leaf(self, x)

    def __call__(self, x: Any) -> Any:
        """Builds the Block on a Keras tensor (a dict of them for `join`), as in any functional model."""
        return self.apply(x, KerasBuilder(path="" if self.names_itself else unused_name(self.label)))

    def replaced(self, **fields: Any) -> Block:
        """This Block with the fields changed in every part that has them: `net.replaced(kernel_initializer="zeros")`.

        Raises:
            ValueError: No part has a field of that name.
        """
        changed, found = _with_fields(self.to_dict(), fields)
        for name in fields:
            if name not in found:
                raise ValueError(f"no part of the Block has the field {name!r}. Received: {name}={fields[name]!r}")
        return from_dict(changed)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._arguments())})"

    def _arguments(self) -> list[str]:
        shown, positional = [], True
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value == field.default:
                positional = False
            elif positional and not field.kw_only:
                shown.append(repr(value))
            else:
                shown.append(f"{field.name}={value!r}")
        return shown

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Block) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def to_dict(self) -> dict[str, Any]:
        """The serial form: JSON-compatible, with the fields that differ from their defaults."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if getattr(self, f.name) != f.default}
        return {"type": type(self).__name__, **_to_json(fields)}

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Block:
        return cls(**fields)


def from_dict(data: Mapping[str, Any]) -> Block:
    """The Block that `Block.to_dict` described. Raises ValueError for an unknown kind or field."""
    if not isinstance(data, Mapping) or data.get("type") not in Block.kinds:
        raise ValueError(f"`data` must be a dict whose 'type' is one of {sorted(Block.kinds)}. Received: data={data!r}")
    kind = Block.kinds[data["type"]]
    fields = {name: _from_json(value) for name, value in data.items() if name != "type"}
    try:
        return kind._from_fields(fields)
    except (TypeError, KeyError) as error:
        raise ValueError(f"`data` does not fit {kind.__name__}: {error}. Received: data={dict(data)!r}") from error


def _with_fields(data: Any, fields: Mapping[str, Any]) -> tuple[Any, set[str]]:
    """A Block's dict (or a part of one) with fields replaced, and the names that were found."""
    found: set[str] = set()

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        value = {name: walk(item) for name, item in value.items()}
        known = {f.name for f in dataclasses.fields(Block.kinds[value["type"]])} if "type" in value else set()
        found.update(known & set(fields))
        return value | {name: _to_json(new) for name, new in fields.items() if name in known}

    return walk(data), found


def _to_json(value: Any) -> Any:
    if isinstance(value, Block):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: _to_json(item) for key, item in value.items()}
    return [_to_json(item) for item in value] if isinstance(value, (tuple, list)) else value


def _from_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return from_dict(value) if "type" in value else {key: _from_json(item) for key, item in value.items()}
    return tuple(_from_json(item) for item in value) if isinstance(value, list) else value


def _plain(value: Any, name: str) -> Any:
    """`value` with its lists made tuples, or an error if it is not plain data."""
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item, name) for item in value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, name) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str, Block)):
        return value
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a NumPy scalar
        return value.item()
    raise TypeError(
        f"`{name}` must be plain data (numbers, strings, tuples, Blocks); give initialisers, regularisers and constraints "
        f"by name or (name, parameters). Received: {name}={value!r}"
    )
