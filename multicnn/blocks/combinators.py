"""The laws that compose Blocks.

`chain` composes in series, `add`, `concat` and `average` in parallel, `join` over several named inputs; `repeat`, `share`,
`stage` and `scope` set how often, with which weights and under which name. Here nothing knows the rank of a tensor.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import keras

from multicnn.backends import keras_settings
from multicnn.blocks.base import Block
from multicnn.blocks.builder import BlockError, Builder, KerasBuilder, Tensor
from multicnn.blocks.signal import Cost, Shape, Signal

_MOST_COPIES = 10_000


class _Composite(Block, init=False):
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
    def input_dtype(self) -> str | dict[str, str]:
        """The dtype of the input: that of the first Block."""
        return self.blocks[0].input_dtype if self.blocks else "float32"

    def _arguments(self) -> list[str]:
        return [repr(block) for block in self.blocks]

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Block:
        return cls(*fields.get("blocks", ()))


class chain(_Composite, init=False):
    """The Blocks one after another; `chain()` is the identity, and chains inside chains are flattened."""

    transparent: ClassVar[bool] = True

    def _flatten(self, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        return tuple(inner for block in blocks for inner in (block.blocks if isinstance(block, chain) else (block,)))

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        for segment, block in zip(segments(self.blocks), self.blocks):
            x = block.apply(x, builder.at(segment))
        return x


def segments(blocks: tuple[Block, ...]) -> list[str]:
    """Return one name for each Block of a chain: its label, numbered from the second of the same label on.

    A stage and a scope name themselves, and so do the copies of an only `repeat`: conv4_x.1, conv4_x.2 ...
    """
    labels = [block.label for block in blocks]
    taken = {block.label for block in blocks if block.names_itself}
    names = []
    for block in blocks:
        if block.names_itself or (isinstance(block, repeat) and labels.count(block.label) == 1):
            names.append("")
            continue
        name, count = block.label, 1
        while name in taken:
            count += 1
            name = f"{block.label}_{count}"
        taken.add(name)
        names.append(name)
    return names


class _merge(_Composite, init=False):
    branch_names: ClassVar[tuple[str, ...]] = ()
    transparent: ClassVar[bool] = True

    def __init__(self, *blocks: Block) -> None:
        super().__init__(*blocks)
        if len(blocks) < 2:
            raise ValueError(f"`{type(self).__name__}` needs at least two Blocks. Received: blocks={blocks!r}")

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        names = [*self.branch_names, *(str(i + 1) for i in range(len(self.branch_names), len(self.blocks)))]
        outputs = [b.apply(x, builder.at(name).enter(b)) for name, b in zip(names, self.blocks)]
        return builder.at(self.label).leaf(merged(self.label), outputs)


class add(_merge, init=False):
    """The sum of the Blocks' outputs on the same input: `add(main, shortcut)`."""

    branch_names: ClassVar[tuple[str, ...]] = ("main", "shortcut")


class concat(_merge, init=False):
    """The Blocks' outputs on the same input, side by side along the channels."""


class average(_merge, init=False):
    """The mean of the Blocks' outputs on the same input: of the logits of several networks, an ensemble."""


_MERGES = {
    "add": keras.layers.Add,
    "concat": keras.layers.Concatenate,
    "average": keras.layers.Average,
    "concat_positions": keras.layers.Concatenate,
}


class merged(Block):
    """The leaf inside `add`, `concat`, `average`, `concat_positions` and `join`: how a list of tensors becomes one."""

    how: str

    def build(self, xs: list[keras.KerasTensor], builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(self.layer_class, **self.config)(xs)

    def cost(self, xs: list[Signal]) -> Cost:
        shape = self.layer_class(**self.config).compute_output_shape([x.shape for x in xs])
        masked = all(x.masked for x in xs)
        return Cost(dataclasses.replace(xs[0].with_widest_reach(xs[1:]), shape=tuple(shape), masked=masked))

    @property
    def layer_class(self) -> type[keras.layers.Layer]:
        """The class of the Keras layer that does it."""
        return _MERGES[self.how]

    @property
    def config(self) -> dict[str, int]:
        """The arguments of that layer."""
        return {"axis": 1} if self.how == "concat_positions" else {}


class join(Block):
    """One Block for each named input, then `add` or `concat`: `join({"image": a, "audio": b}, "concat")`.

    Applied to a dict of tensors with the same keys. Stages of one name may stand in different inputs.
    """

    inputs: dict[str, Block]
    how: str = "concat"
    transparent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if isinstance(self.how, type) and issubclass(self.how, _merge):  # join(..., concat) reads as in the design
            object.__setattr__(self, "how", self.how.__name__)
        super().__post_init__()
        if self.how not in ("add", "concat"):
            raise ValueError(f"`how` must be one of ['add', 'concat']. Received: how={self.how!r}")
        for name, block in self.inputs.items():
            scope(name, block)  # which checks both

    @property
    def input_dtype(self) -> dict[str, str]:
        """The dtype of each input: that of its Block."""
        dtypes = {name: block.input_dtype for name, block in self.inputs.items()}
        return {name: dtype if isinstance(dtype, str) else "float32" for name, dtype in dtypes.items()}

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        if not isinstance(x, Mapping) or set(x) != set(self.inputs):
            received = sorted(x) if isinstance(x, Mapping) else type(x).__name__
            raise BlockError(f"join needs the inputs {sorted(self.inputs)}. Received: inputs={received}")
        outputs = [scope(name, block).apply(x[name], builder) for name, block in self.inputs.items()]
        return builder.at(self.how).leaf(merged(self.how), outputs)


class repeat(Block):
    """`n` fresh copies of a Block one after another, named 1 to n; the weights are never shared.

    `first` stands in the place of the first copy: the block of a ResNet stage that changes size.
    """

    n: int
    block: Block
    _: dataclasses.KW_ONLY
    first: Block | None = None
    transparent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.n <= _MOST_COPIES:
            raise ValueError(f"`n` must be a whole number of copies, 0 to {_MOST_COPIES:,}. Received: n={self.n!r}")

    @property
    def input_dtype(self) -> str | dict[str, str]:
        """The dtype of the input: that of the Block inside."""
        return self.block.input_dtype

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        for copy in range(1, self.n + 1):
            block = self.first if copy == 1 and self.first is not None else self.block
            x = block.apply(x, builder.at(str(copy)).enter(block))
        return x


class share(Block):
    """Every equal `share(block)` of one network has the same weights (Kim's multichannel filters, siamese branches)."""

    block: Block
    transparent: ClassVar[bool] = True

    input_dtype = repeat.input_dtype

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        return self.block.apply(x, dataclasses.replace(builder, sharing=(repr(self), builder.path)).enter(self.block))


def _check_segment(argument: str, name: Any) -> None:
    """Raise ValueError if `name` cannot be one segment of a dotted path."""
    if not isinstance(name, str) or not name or set(name) & set("./:"):
        raise ValueError(f"`{argument}` must be text without '.', '/' and ':'. Received: {argument}={name!r}")


class stage(Block, init=False):
    """A Block whose output can be asked for by name, as the paper calls it: `stage("conv4_x", ...)`."""

    name: str
    block: Block
    transparent: ClassVar[bool] = True
    names_itself: ClassVar[bool] = True
    input_dtype = repeat.input_dtype

    def __init__(self, name: str, *blocks: Block) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "block", blocks[0] if len(blocks) == 1 else chain(*blocks))
        self.__post_init__()
        _check_segment("name", name)

    @property
    def label(self) -> str:
        """The segment that this Block adds to the names of its layers: its name."""
        return self.name

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Block:
        return cls(fields["name"], fields["block"])

    def _arguments(self) -> list[str]:
        inner = self.block._arguments() if isinstance(self.block, chain) else [repr(self.block)]
        return [repr(self.name), *inner]

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        builder.register_stage(self.name)
        inside = builder.at(self.name)
        try:
            return inside.tap(self.block.apply(x, inside.enter(self.block)))
        except BlockError as error:
            raise BlockError(f"in stage({self.name!r}): {error}") from error.__cause__


class scope(Block):
    """Prefixes every name inside, so that one Block can stand twice in a network: `scope("audio", block)`."""

    name: str
    block: Block
    transparent: ClassVar[bool] = True
    names_itself: ClassVar[bool] = True
    input_dtype = repeat.input_dtype

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_segment("name", self.name)

    @property
    def label(self) -> str:
        """The segment that this Block adds to the names of its layers: its name."""
        return self.name

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        inside = builder.at(self.name)
        prefix = f"{builder.scope}.{self.name}" if builder.scope else self.name
        return self.block.apply(x, dataclasses.replace(inside, scope=prefix).enter(self.block))


def network(
    block: Block, input_shape: Shape | Mapping[str, Shape], *, dtype: str | keras.DTypePolicy | None = None
) -> keras.Model:
    """Build a flat functional Keras model of a Block, with float32 logits under any dtype policy.

    Args:
        block: The network as a value.
        input_shape: The shape of one example, without the batch: (height, width, channels) for an image,
            (time, mel, 1) or (time, channels) for audio, (time,) for token ids; a dict of shapes for `join`.
        dtype: A Keras dtype policy or its name, such as "mixed_bfloat16"; None takes Keras's current one, but never the
            `floatx` of keras.json.

    Raises:
        BlockError: The Block does not fit the input; the message is the path to the part that does not.
    """
    builder = KerasBuilder(dtype=dtype or keras_settings.current_policy())
    if isinstance(input_shape, Mapping):
        dtypes = block.input_dtype if isinstance(block.input_dtype, Mapping) else {}
        inputs = {
            name: keras.Input(shape=tuple(shape), name=name, dtype=dtypes.get(name, "float32"))
            for name, shape in input_shape.items()
        }
    else:
        inputs = keras.Input(shape=tuple(input_shape), name="input", dtype=block.input_dtype)
    outputs = block.apply(inputs, builder.enter(block))
    outputs = keras.layers.Activation("linear", dtype="float32", name="logits")(outputs)
    return keras.Model(inputs, outputs, name="network")
