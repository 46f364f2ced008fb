"""Blocks as values, and the laws that compose them.

A Block describes; applied to a tensor, it builds. `chain` composes in series, `add`, `concat` and `average` in parallel, `join`
over several named inputs; `repeat`, `share`, `stage` and `scope` say how often, with which weights and under which name.
What a leaf means (a convolution, a pooling) is in `blocks.py`; here nothing knows the rank of a tensor.

A Block is walked by a *site*: `BuildSite` makes Keras layers, `arithmetic.MeasureSite` only counts. Both give every layer
the same dotted name, the path from the root: `conv4_x.1.conv`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, dataclass_transform

import keras

from multicnn.site import BlockError, BuildSite, Site, unused_name


@dataclass_transform(frozen_default=True, eq_default=False)
class Block:
    """A value that describes a network; applied to a Keras tensor, it builds it.

    Subclasses are frozen dataclasses of plain data (numbers, strings, tuples, Blocks). Two Blocks are equal when their source
    text is; `repr` is that text, `to_dict` the serial form.
    """

    kinds: ClassVar[dict[str, type[Block]]] = {}
    transparent: ClassVar[bool] = False  # a transparent Block adds no segment of its own to the names below it

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

    @property
    def label(self) -> str:
        """The segment that this Block adds to the names of its layers."""
        return type(self).__name__

    @property
    def input_dtype(self) -> str | dict[str, str]:
        """What the Block is applied to: "int32" ids where it begins with `embed`, else "float32"; a dict for `join`."""
        return "float32"

    def apply(self, x: Any, site: Site) -> Any:
        """Walks the Block at `site`; a leaf is handed to the site, a composite walks its parts."""
        return site.leaf(self, x)

    def __call__(self, x: Any) -> Any:
        """Builds the Block on a Keras tensor (a dict of them for `join`), as in any functional model."""
        # A stage and a scope keep the name they were given; anything else counts up.
        names_itself = isinstance(self, (stage, scope))
        return self.apply(x, BuildSite(path="" if names_itself else unused_name(self.label)))

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


class _Several(Block, init=False):
    """Blocks given as positional arguments."""

    blocks: tuple[Block, ...] = ()

    def __init__(self, *blocks: Block) -> None:
        for position, block in enumerate(blocks):
            if not isinstance(block, Block):
                raise TypeError(
                    f"`{type(self).__name__}` takes Blocks; argument {position + 1} is none. Received: {block!r}"
                )
        object.__setattr__(self, "blocks", self._flatten(blocks))

    def _flatten(self, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        return blocks

    @property
    def input_dtype(self):
        return self.blocks[0].input_dtype if self.blocks else "float32"

    def _arguments(self) -> list[str]:
        return [repr(block) for block in self.blocks]

    @classmethod
    def _from_fields(cls, fields):
        return cls(*fields.get("blocks", ()))


class chain(_Several, init=False):
    """The Blocks one after another; `chain()` is the identity, and chains inside chains are flattened."""

    transparent: ClassVar[bool] = True

    def _flatten(self, blocks):
        return tuple(part for b in blocks for part in (b.blocks if isinstance(b, chain) else (b,)))

    def apply(self, x, site):
        for segment, block in zip(_segments(self.blocks), self.blocks):
            x = block.apply(x, site.at(segment))
        return x


def _segments(blocks: tuple[Block, ...]) -> list[str]:
    """One name for each Block of a chain: its label, numbered from the second of the same label on.

    A stage and a scope name themselves, and so do the copies of an only `repeat`: conv4_x.1, conv4_x.2 ...
    """
    labels = [block.label for block in blocks]
    taken = {block.label for block in blocks if isinstance(block, (stage, scope))}
    names = []
    for block in blocks:
        if isinstance(block, (stage, scope)) or (isinstance(block, repeat) and labels.count(block.label) == 1):
            names.append("")
            continue
        name, count = block.label, 1
        while name in taken:
            count += 1
            name = f"{block.label}_{count}"
        taken.add(name)
        names.append(name)
    return names


def cut(block: Block, path: str) -> Block:
    """The Block up to the part at a dotted path, that part included: the front of a network, to take features from.

    Raises:
        ValueError: No part that others follow in series is there; a branch of `add` or `concat` is none.
    """
    found = _cut(block, "" if block.transparent else block.label, path)
    if found is None:
        raise ValueError(
            f"no part of the network that others follow in series stands at the path. Received: path={path!r}"
        )
    return found


def _cut(block: Block, at: str, path: str) -> Block | None:
    """The Block, which stands at a path, up to another path inside of it; None if that is not there."""

    def inside(name: str, child: Block) -> str:
        return ".".join(part for part in (at, name, "" if child.transparent else child.label) if part)

    if isinstance(block, chain):
        for i, (segment, part) in enumerate(zip(_segments(block.blocks), block.blocks)):
            below = ".".join(name for name in (at, segment) if name)
            if (found := _cut(part, below, path)) is not None:
                return chain(*block.blocks[:i], found)
        return None
    if isinstance(block, stage):
        if path == ".".join(name for name in (at, block.name) if name):
            return block
        found = _cut(block.block, inside(block.name, block.block), path)
        return None if found is None else stage(block.name, found)
    if isinstance(block, repeat):
        copies = [".".join(name for name in (at, str(i)) if name) for i in range(1, block.n + 1)]
        return dataclasses.replace(block, n=copies.index(path) + 1) if path in copies else None
    return block if path == at else None


class _merge(_Several, init=False):
    branch_names: ClassVar[tuple[str, ...]] = ()
    transparent: ClassVar[bool] = True

    def __init__(self, *blocks: Block) -> None:
        super().__init__(*blocks)
        if len(blocks) < 2:
            raise ValueError(f"`{type(self).__name__}` needs at least two Blocks. Received: blocks={blocks!r}")

    def apply(self, x, site):
        names = [*self.branch_names, *(str(i + 1) for i in range(len(self.branch_names), len(self.blocks)))]
        outputs = [b.apply(x, site.at(name).enter(b)) for name, b in zip(names, self.blocks)]
        return site.at(self.label).leaf(merged(self.label), outputs)


class add(_merge, init=False):
    """The sum of the Blocks' outputs on the same input: `add(main, shortcut)`."""

    branch_names: ClassVar[tuple[str, ...]] = ("main", "shortcut")


class concat(_merge, init=False):
    """The Blocks' outputs on the same input, side by side along the channels."""


class average(_merge, init=False):
    """The mean of the Blocks' outputs on the same input: of the logits of several networks, an ensemble."""


_MERGES = {"add": keras.layers.Add, "concat": keras.layers.Concatenate, "average": keras.layers.Average}


class merged(Block):
    """The leaf inside `add`, `concat`, `average` and `join`: how a list of tensors becomes one."""

    how: str

    def build(self, xs, site):
        return site.layer(self.layer_class)(xs)

    @property
    def layer_class(self) -> type[keras.layers.Layer]:
        """The Keras layer that does it."""
        return _MERGES[self.how]


class join(Block):
    """One Block for each named input, then `add` or `concat`: `join({"image": a, "audio": b}, "concat")`.

    Applied to a dict of tensors with the same keys. Stages of one name may stand in different inputs.
    """

    inputs: dict[str, Block]
    how: str = "concat"
    transparent: ClassVar[bool] = True

    def __post_init__(self):
        if isinstance(self.how, type) and issubclass(self.how, _merge):  # join(..., concat) reads as in the design
            object.__setattr__(self, "how", self.how.__name__)
        super().__post_init__()
        if self.how not in ("add", "concat"):
            raise ValueError(f"`how` must be one of ['add', 'concat']. Received: how={self.how!r}")
        for name, block in self.inputs.items():
            scope(name, block)  # which checks both

    def apply(self, x, site):
        if not isinstance(x, Mapping) or set(x) != set(self.inputs):
            received = sorted(x) if isinstance(x, Mapping) else type(x).__name__
            raise BlockError(f"join needs the inputs {sorted(self.inputs)}. Received: inputs={received}")
        outputs = [scope(name, block).apply(x[name], site) for name, block in self.inputs.items()]
        return site.at(self.how).leaf(merged(self.how), outputs)


class repeat(Block):
    """`n` fresh copies of a Block one after another, named 1 to n; the weights are never shared.

    `first` stands in the place of the first copy: the block of a ResNet stage that changes size.
    """

    n: int
    block: Block
    _: dataclasses.KW_ONLY
    first: Block | None = None
    transparent: ClassVar[bool] = True

    def __post_init__(self):
        super().__post_init__()
        if not isinstance(self.n, int) or self.n < 0:
            raise ValueError(f"`n` must be a whole number of copies, at least 0. Received: n={self.n!r}")

    @property
    def input_dtype(self):
        return self.block.input_dtype

    def apply(self, x, site):
        for copy in range(1, self.n + 1):
            block = self.first if copy == 1 and self.first is not None else self.block
            x = block.apply(x, site.at(str(copy)).enter(block))
        return x


class share(Block):
    """Every equal `share(block)` of one network has the same weights (Kim's multichannel filters, siamese branches)."""

    block: Block
    transparent: ClassVar[bool] = True

    input_dtype = repeat.input_dtype

    def apply(self, x, site):
        return self.block.apply(x, dataclasses.replace(site, sharing=(repr(self), site.path)).enter(self.block))


def _check_segment(argument: str, name: Any) -> None:
    """Raises ValueError if `name` cannot be one segment of a dotted path."""
    if not isinstance(name, str) or not name or set(name) & set("./:"):
        raise ValueError(f"`{argument}` must be text without '.', '/' and ':'. Received: {argument}={name!r}")


class stage(Block, init=False):
    """A Block whose output can be asked for by name, as the paper calls it: `stage("conv4_x", ...)`."""

    name: str
    block: Block
    transparent: ClassVar[bool] = True
    input_dtype = repeat.input_dtype

    def __init__(self, name: str, *blocks: Block) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "block", blocks[0] if len(blocks) == 1 else chain(*blocks))
        self.__post_init__()
        _check_segment("name", name)

    @property
    def label(self):
        return self.name

    @classmethod
    def _from_fields(cls, fields):
        return cls(fields["name"], fields["block"])

    def _arguments(self):
        inner = self.block._arguments() if isinstance(self.block, chain) else [repr(self.block)]
        return [repr(self.name), *inner]

    def apply(self, x, site):
        site.register_stage(self.name)
        inside = site.at(self.name)
        try:
            return inside.tap(self.block.apply(x, inside.enter(self.block)))
        except BlockError as error:
            raise BlockError(f"in stage({self.name!r}): {error}") from error.__cause__


class scope(Block):
    """Prefixes every name inside, so that one Block can stand twice in a network: `scope("audio", block)`."""

    name: str
    block: Block
    transparent: ClassVar[bool] = True
    input_dtype = repeat.input_dtype

    def __post_init__(self):
        super().__post_init__()
        _check_segment("name", self.name)

    @property
    def label(self):
        return self.name

    def apply(self, x, site):
        inside = site.at(self.name)
        prefix = f"{site.scope}.{self.name}" if site.scope else self.name
        return self.block.apply(x, dataclasses.replace(inside, scope=prefix).enter(self.block))


def network(block: Block, input_shape: tuple[int | None, ...] | Mapping[str, Any], *, dtype: Any = None) -> keras.Model:
    """A flat functional Keras model of a Block, with float32 logits under any dtype policy.

    Args:
        block: What to build.
        input_shape: The shape of one example, without the batch: (height, width, channels) for a picture,
            (time, mel, 1) or (time, channels) for a sound, (time,) for token ids; a dict of shapes for `join`.
        dtype: A Keras dtype policy or its name, such as "mixed_bfloat16"; None takes Keras's current one.

    Raises:
        BlockError: The Block does not fit the input; the message is the path to the part that does not.
    """
    site = BuildSite(dtype=dtype)
    if isinstance(input_shape, Mapping):
        dtypes = block.input_dtype if isinstance(block.input_dtype, Mapping) else {}
        inputs = {
            name: keras.Input(shape=tuple(shape), name=name, dtype=dtypes.get(name, "float32"))
            for name, shape in input_shape.items()
        }
    else:
        inputs = keras.Input(shape=tuple(input_shape), name="input", dtype=block.input_dtype)
    outputs = block.apply(inputs, site.enter(block))
    outputs = keras.layers.Activation("linear", dtype="float32", name="logits")(outputs)
    return keras.Model(inputs, outputs, name="network")
