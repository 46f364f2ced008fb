"""Blocks as values: plain data that compares, prints as its source text, goes through JSON, and builds where it is applied."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, dataclass_transform

import keras

from multicnn.blocks import field_types
from multicnn.blocks.builder import Builder, KerasBuilder, Tensor, builder_of_call
from multicnn.blocks.field_types import LARGEST
from multicnn.blocks.signal import Cost
from multicnn.blocks.symbolic import cost_of_build


@dataclass_transform(frozen_default=True, eq_default=False)
@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Block:
    """A value that describes a network; applied to a Keras tensor, it builds it.

    Subclasses are frozen dataclasses of plain data (numbers, strings, tuples, Blocks). Two Blocks are equal when their source
    text is; `repr` is that text, `to_dict` the serial form. A leaf defines `build`, and `cost` if it can be counted without
    building; a Block that is made of others defines `apply`. The name of the class is its kind in saved networks:

        class squeeze_excite(Block):
            ratio: int = 16

            def build(self, x, builder):
                gate = global_average_pool()(x)
                gate = dense(x.shape[-1] // self.ratio, activation="relu")(gate)
                gate = dense(x.shape[-1], activation="sigmoid")(gate)
                return x * keras.layers.Reshape((1,) * (len(x.shape) - 2) + (-1,))(gate)

    Attributes:
        kinds: All kinds of Block by their names.
        transparent: The Block adds no segment of its own to the names of the layers below it.
        at_least_one: The fields that are whole numbers from 1 on.
        names_itself: A stage and a scope keep the name that they were given; other names count up.
        json_format: Counts up where the fields of a kind change their meaning. From 2 on it is in the serial form, and one
            without it is of format 1, which `upgraded` translates.
    """

    kinds: ClassVar[dict[str, type[Block]]] = {}
    transparent: ClassVar[bool] = False
    at_least_one: ClassVar[tuple[str, ...]] = ()
    names_itself: ClassVar[bool] = False
    json_format: ClassVar[int] = 1

    def __init_subclass__(cls, init: bool = True) -> None:
        named = not cls.__name__.startswith("_")
        if named:
            _check_name(cls)
        dataclasses.dataclass(frozen=True, repr=False, eq=False, init=init)(cls)
        if named:
            Block.kinds[cls.__name__] = cls

    def __post_init__(self) -> None:
        field_types.check_blocks(self, Block)
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _plain(getattr(self, field.name), field.name))
        field_types.check_numbers(self, Block)
        for name in self.at_least_one:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST:
                expected = (
                    f"`{name}` of {type(self).__name__} must be a whole number of at least 1, at most {LARGEST:,}"
                )
                raise ValueError(f"{expected}. Received: {name}={value!r}")

    @property
    def label(self) -> str:
        """The segment that this Block adds to the names of its layers."""
        return type(self).__name__

    @property
    def input_dtype(self) -> str | dict[str, str]:
        """The dtype of the input: "int32" ids where the Block begins with `embed`, else "float32"; a dict for `join`."""
        return "float32"

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        """Apply the Block by a builder: a leaf is handed to it, a Block made of others applies these."""
        return builder.leaf(self, x)

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        """Build a leaf on a Keras tensor (a list of them for a leaf of several inputs).

        Layers come from `builder.layer`, or are plain Keras layers without a name, operations on tensors, and other Blocks
        called on tensors. All get the dotted path as their name, the same in every build.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define `build`, or `apply` if it is made of other Blocks"
        )

    def cost(self, x: Any) -> Cost:
        """Return the cost of a leaf on a Signal (a list of them for a leaf of several inputs), without building it.

        By default it is built once on a symbolic input: shape and weights are exact, multiply-adds and receptive field are
        not known.
        """
        return cost_of_build(self, x)

    def __call__(self, x: Tensor) -> Tensor:
        """Build the Block on a Keras tensor (a dict of them for `join`), as in any functional model."""
        return self.apply(x, builder_of_call(self))

    def replaced(self, **fields: Any) -> Block:
        """Return this Block with fields changed in every Block inside that has them: `net.replaced(kernel_initializer="zeros")`.

        Raises:
            ValueError: No Block inside has a field of that name.
        """
        changed, known = _with_fields(self.to_dict(), fields)
        for name in fields:
            if name not in known:
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
        """Return the serial form: JSON-compatible, with the fields that differ from their defaults."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if getattr(self, f.name) != f.default}
        version = {"format": self.json_format} if self.json_format > 1 else {}
        return {"type": type(self).__name__, **version, **_to_json(fields)}

    @classmethod
    def upgraded(cls, fields: dict[str, object], version: int) -> dict[str, object]:
        """Return the fields of today that mean what these did in an earlier format of this kind."""
        return fields

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Block:
        return cls(**fields)


def from_dict(data: Mapping[str, Any]) -> Block:
    """Return the Block that `Block.to_dict` described.

    Raises:
        ValueError: A kind or a field is unknown, or a newer multicnn made it.
    """
    if not isinstance(data, Mapping) or data.get("type") not in Block.kinds:
        raise ValueError(f"`data` must be a dict whose 'type' is one of {sorted(Block.kinds)}. Received: data={data!r}")
    kind = Block.kinds[data["type"]]
    fields = {name: _from_json(value) for name, value in data.items() if name != "type"}
    try:
        if kind.json_format > 1:
            fields = kind.upgraded(fields, _format(kind, fields.pop("format", 1)))
        return kind._from_fields(fields)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"`data` does not fit {kind.__name__}: {error}. Received: data={dict(data)!r}") from error


def _format(kind: type[Block], version: object) -> int:
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= kind.json_format:
        raise ValueError(
            f"the `format` of {kind.__name__} must be at most {kind.json_format}; a newer multicnn may have made this. "
            f"Received: format={version!r}"
        )
    return version


def unknown_kinds(data: object) -> list[str]:
    """Return the kinds in the serial form of a Block that no class defines yet, sorted."""
    return sorted(names_of_kinds(data) - set(Block.kinds))


def names_of_kinds(data: object) -> set[str]:
    """Return the kinds in the serial form of a Block."""

    def kinds(value: Any) -> Iterator[str]:
        if isinstance(value, Mapping):
            if isinstance(value.get("type"), str):
                yield value["type"]
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                yield from kinds(item)

    return set(kinds(data))


def _check_name(cls: type[Block]) -> None:
    """Raise ValueError if another Block has the name of this class; a cell or a file that runs again defines the same one."""
    known = Block.kinds.get(cls.__name__)
    if known is None or (_file_of(known), known.__qualname__) == (_file_of(cls), cls.__qualname__):
        return
    raise ValueError(
        f"the name {cls.__name__!r} is that of the Block {known.__module__}.{known.__qualname__}, and saved networks know "
        f"Blocks by their names; choose another. Received: class {cls.__module__}.{cls.__qualname__}"
    )


def _file_of(cls: type[Block]) -> str:
    """Return the file of a class, since one file may be run under several module names; without a file, its module."""
    return getattr(sys.modules.get(cls.__module__), "__file__", None) or cls.__module__


def _with_fields(data: Any, fields: Mapping[str, Any]) -> tuple[Any, set[str]]:
    """Return the serial form of a Block with fields replaced, and the names of those that some Block inside has."""
    used: set[str] = set()

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        value = {name: walk(item) for name, item in value.items()}
        known = {f.name for f in dataclasses.fields(Block.kinds[value["type"]])} if "type" in value else set()
        used.update(known & set(fields))
        return value | {name: _to_json(new) for name, new in fields.items() if name in known}

    return walk(data), used


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
    """Return `value` with its lists made tuples; raise TypeError if it is not plain data."""
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item, name) for item in value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, name) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"`{name}` must be finite. Received: {name}={value!r}")
    if value is None or isinstance(value, (bool, int, float, str, Block)):
        return value
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a NumPy scalar
        return value.item()
    raise TypeError(
        f"`{name}` must be plain data (numbers, strings, tuples, Blocks); give initializers, regularizers and constraints "
        f"by name or (name, parameters). Received: {name}={value!r}"
    )
