"""Builders: they apply a Block. A builder knows the path in the network, and what a leaf becomes there.

`KerasBuilder` makes Keras layers; `cost.CostBuilder` only counts. Both give every layer the same dotted name, the path from
the root: `conv4_x.1.conv`.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import keras

from multicnn.backends import keras_private, keras_settings

if TYPE_CHECKING:
    from multicnn.blocks.base import Block

# What a Block is applied to: a keras.KerasTensor where a network is built, a Signal where it is measured; a dict of them for
# `join`, a list for the leaves of several inputs.
Tensor: TypeAlias = Any
_Builder = TypeVar("_Builder", bound="Builder")


class BlockError(ValueError):
    """A Block that cannot be applied to a tensor; the message is the path to it, in the paper's words."""


@dataclasses.dataclass
class Builder:
    """The position in the network at which a Block is applied.

    Attributes:
        path: The dotted path from the root.
        scope: The names of the `scope` Blocks around, dotted.
        sharing: Inside `share`: its text, and the path at which it is applied now.
        stages: The path of each stage, by its name, over the whole network.
        shared: The layers that `share` Blocks have made, over the whole network.
        sources: The first tensor with positions in each scope.
    """

    path: str = ""
    scope: str = ""
    sharing: tuple[str, str] | None = None
    stages: dict[str, str] = dataclasses.field(default_factory=dict)
    shared: dict[str, Any] = dataclasses.field(default_factory=dict)
    sources: dict[str, Tensor] = dataclasses.field(default_factory=dict)

    def at(self: _Builder, segment: str) -> _Builder:
        """Return the builder one segment further down the path; none for an empty one."""
        if not segment:
            return self
        return dataclasses.replace(self, path=f"{self.path}.{segment}" if self.path else segment)

    def enter(self: _Builder, block: Block) -> _Builder:
        """Return the builder for the only child of a named Block: a leaf still gets its own label."""
        return self if block.transparent else self.at(block.label)

    def leaf(self, block: Block, x: Tensor) -> Tensor:
        """Apply a leaf; errors of any kind become a BlockError that names it."""
        if len(getattr(x, "shape", ())) > 2 and block.input_dtype != "int32":  # several ids a step are no sentence yet
            self.source(x)
        try:
            return self.realise(block, x)
        except BlockError:
            raise
        except (ValueError, TypeError, ArithmeticError, AssertionError) as error:
            raise BlockError(f"in {block!r} applied to {_shapes(x)}: {_reason(error)}") from error

    def realise(self, block: Block, x: Tensor) -> Tensor:
        """Return what a leaf becomes."""
        raise NotImplementedError(f"{type(self).__name__} must define `realise`")

    def source(self, x: Tensor) -> Tensor:
        """Return the first tensor with positions that this scope was applied to, a sentence say; `x` if it is the first."""
        return self.sources.setdefault(self.scope, x)

    def sharing_key(self, suffix: str = "") -> str:
        """Return what tells a layer inside `share` from the others: the shared Block's text and the path below it."""
        assert self.sharing is not None
        text, applied_at = self.sharing
        return f"{text}{self.path.removeprefix(applied_at)}.{suffix}"

    def tap(self, x: Tensor) -> Tensor:
        """Mark `x` as the output of the stage at this path."""
        raise NotImplementedError(f"{type(self).__name__} must define `tap`")

    def register_stage(self, name: str) -> None:
        """Record the path of a stage.

        Raises:
            BlockError: The scope has a stage of that name already, or it is the name of an end of the network.
        """
        key = f"{self.scope}.{name}" if self.scope else name
        path = self.at(name).path
        if key in self.stages:
            raise BlockError(f"stage names must differ: stage({name!r}) stands at {self.stages[key]!r} and at {path!r}")
        if path in ("input", "logits"):
            raise BlockError(f"the ends of a network are named 'input' and 'logits'; name stage({name!r}) otherwise")
        self.stages[key] = path


@dataclasses.dataclass
class KerasBuilder(Builder):
    """Make Keras layers, all under one dtype policy; equal `share` Blocks get the same layers.

    Attributes:
        dtype: The Keras dtype policy or its name; None takes Keras's current one.
        taken: The names below the path that this leaf has given to layers.
        made: The operations that have their name, by `id`, over the whole network; kept, lest another one gets the id.
    """

    dtype: str | keras.DTypePolicy | None = None
    taken: set[str] = dataclasses.field(default_factory=set)
    made: dict[int, keras.Operation] = dataclasses.field(default_factory=dict)

    def realise(self, block: Block, x: Tensor) -> keras.KerasTensor:
        leaf = dataclasses.replace(self, taken=set())
        with leaf._building():
            y = block.build(x, leaf)
        if not isinstance(y, keras.KerasTensor):
            raise TypeError(f"`build` of {type(block).__name__} must return one Keras tensor. Received: {y!r}")
        between = keras_private.operations_between(x if isinstance(x, list) else [x], y)
        # The mask of a text may come by another way than `x`, and brings operations along that other leaves have made.
        made = [each for each in between if id(each) not in self.made and not isinstance(each, keras.layers.InputLayer)]
        self.made.update((id(each), each) for each in made)
        if self.sharing is None:
            leaf._name(made)
        else:
            leaf._check_shared(made)
        return y

    def tap(self, x: keras.KerasTensor) -> keras.KerasTensor:
        # An identity layer is what can be asked for by name after save and load; it costs nothing.
        layer = keras.layers.Identity(name=self.path, dtype=self.dtype)
        self.made[id(layer)] = layer
        return layer(x)

    def layer(self, make: type[keras.Layer], suffix: str = "", /, **config: Any) -> keras.Layer:
        """Return a new layer named by this path; inside `share`, the layer made at its first application.

        Args:
            make: The class of the layer.
            suffix: The text behind the path in the name. The first layer of a leaf needs none; one more without a suffix is
                named by its class.
            **config: The arguments of the class.
        """
        if not suffix and "" in self.taken:
            suffix = keras_private.snake_case(make.__name__)
        suffix = self.unused(suffix)
        name = f"{self.path}.{suffix}" if suffix else self.path
        if self.sharing is None:
            return make(name=name, dtype=self.dtype, **config)
        key = self.sharing_key(suffix)
        if key not in self.shared:
            self.shared[key] = make(name=name, dtype=self.dtype, **config)
        return self.shared[key]

    def unused(self, name: str) -> str:
        """Return the name, numbered from the second of the same name on, and take it."""
        numbered, count = name, 1
        while numbered in self.taken:
            count += 1
            numbered = f"{name}_{count}"
        self.taken.add(numbered)
        return numbered

    @contextlib.contextmanager
    def _building(self) -> Iterator[None]:
        """Give this path and dtype to whatever a `build` makes by itself: plain Keras layers, operations, Blocks it calls."""
        outer, policy = _BUILDING.set(self), keras.config.dtype_policy()
        keras.config.set_dtype_policy(policy if self.dtype is None else self.dtype)
        try:
            with (
                keras_settings.channels_last(),
                keras_private.automatic_names(lambda kind: f"{self.path}.{self.unused(kind)}"),
            ):
                yield
        finally:
            keras.config.set_dtype_policy(policy)
            _BUILDING.reset(outer)

    def _name(self, made: list[keras.Operation]) -> None:
        """Put this path before the names that a `build` gave to its layers: else two such Blocks would have the same."""
        for layer in made:
            if layer.name != self.path and not layer.name.startswith(f"{self.path}."):
                layer.name = f"{self.path}.{self.unused(layer.name)}"

    def _check_shared(self, made: list[keras.Operation]) -> None:
        """Raise ValueError if a leaf inside `share` made layers with weights that a second application would not find."""
        shared = set(map(id, self.shared.values()))
        own = [layer.name for layer in made if getattr(layer, "weights", None) and id(layer) not in shared]
        if own:
            raise ValueError(
                f"inside `share`, `builder.layer` must make the layers with weights. Received: layers={own}"
            )


# The builder of the leaf that is being built: a Block that its `build` calls belongs below it.
_BUILDING: ContextVar[KerasBuilder | None] = ContextVar("_BUILDING", default=None)


def builder_of_call(block: Block) -> KerasBuilder:
    """Return the builder for a Block that is called on a tensor: below the leaf that calls it, if one does."""
    label = "" if block.names_itself else block.label
    outer = _BUILDING.get()
    if outer is not None:
        return outer.at(label and outer.unused(label))
    # Layers of one functional model need different names, so a Block called directly counts up, as Keras's own layers do.
    count = keras.backend.get_uid(f"multicnn_{label}")
    return KerasBuilder(path=f"{label}_{count}" if label and count > 1 else label)


def _reason(error: Exception) -> str:
    """Return the line of an error that tells what is wrong: Keras sets it, in bold, below a line that only names the layer."""
    lines = [line for line in str(error).replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Exception encountered when calling"):
        return lines[1]
    return lines[0] if lines else type(error).__name__


def _shapes(x: Tensor) -> str:
    return f"shapes {[tuple(t.shape) for t in x]}" if isinstance(x, (list, tuple)) else f"shape {tuple(x.shape)}"
