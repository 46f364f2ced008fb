"""Sites: what a Block is applied at. A site knows the path in the network, and what a leaf becomes there.

`KerasBuilder` makes Keras layers; `arithmetic.CostBuilder` only counts. Both give every layer the same dotted name, the path from
the root: `conv4_x.1.conv`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import keras


class BlockError(ValueError):
    """A Block that cannot be applied to a tensor; the message is the path to it, in the paper's words."""


@dataclasses.dataclass
class Builder:
    """Where in the network a Block is being applied: the dotted path, and what the whole walk shares."""

    path: str = ""
    scope: str = ""
    sharing: tuple[str, str] | None = None  # inside `share`: (its text, the path at which it is applied now)
    stages: dict[str, str] = dataclasses.field(default_factory=dict)  # stage name -> path, over the whole walk
    shared: dict[str, Any] = dataclasses.field(
        default_factory=dict
    )  # what `share` Blocks have made, over the whole walk
    sources: dict[str, Any] = dataclasses.field(default_factory=dict)  # scope -> the first tensor there with positions

    def at(self, segment: str) -> Builder:
        if not segment:
            return self
        return dataclasses.replace(self, path=f"{self.path}.{segment}" if self.path else segment)

    def enter(self, block: Any) -> Builder:
        """The site for the only child of a named part: a leaf still gets its own label."""
        return self if block.transparent else self.at(block.label)

    def leaf(self, block: Any, x: Any) -> Any:
        """Applies a leaf Block; errors of any kind become a BlockError that names it."""
        if len(getattr(x, "shape", ())) > 2 and block.input_dtype != "int32":  # several ids a step are no sentence yet
            self.source(x)
        try:
            return self.realise(block, x)
        except BlockError:
            raise
        except (ValueError, TypeError) as error:
            raise BlockError(f"in {block!r} applied to {_shapes(x)}: {_reason(error)}") from error

    def realise(self, block: Any, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must say what a leaf becomes")

    def source(self, x: Any) -> Any:
        """What the first part of the network with positions was applied to, in this scope: the sentence, say; else `x`."""
        return self.sources.setdefault(self.scope, x)

    def sharing_key(self, part: str = "") -> str:
        """What tells a layer inside `share` from the others: the shared Block's text and the path below it."""
        text, applied_at = self.sharing
        return f"{text}{self.path.removeprefix(applied_at)}.{part}"

    def tap(self, x: Any) -> Any:
        """Marks `x` as the output of the stage at this path."""
        raise NotImplementedError(f"{type(self).__name__} must say what a stage becomes")

    def register_stage(self, name: str) -> None:
        key = f"{self.scope}.{name}" if self.scope else name
        path = self.at(name).path
        if key in self.stages:
            raise BlockError(f"stage names must differ: stage({name!r}) stands at {self.stages[key]!r} and at {path!r}")
        if path in ("input", "logits"):
            raise BlockError(f"the ends of a network are named 'input' and 'logits'; name stage({name!r}) otherwise")
        self.stages[key] = path


@dataclasses.dataclass
class KerasBuilder(Builder):
    """Makes Keras layers, all under one dtype policy; equal `share` Blocks get the same layers."""

    dtype: Any = None

    def realise(self, block: Any, x: Any) -> Any:
        return block.build(x, self)

    def tap(self, x: Any) -> Any:
        # An identity layer is what can be asked for by name after save and load; it costs nothing.
        return keras.layers.Identity(name=self.path, dtype=self.dtype)(x)

    def layer(self, make: type[keras.Layer], part: str = "", **config: Any) -> keras.Layer:
        """A new layer named by this path (and `part`); inside `share`, the layer made at its first application."""
        name = f"{self.path}.{part}" if part else self.path
        if self.sharing is None:
            return make(name=name, dtype=self.dtype, **config)
        key = self.sharing_key(part)
        if key not in self.shared:
            self.shared[key] = make(name=name, dtype=self.dtype, **config)
        return self.shared[key]


def _reason(error: Exception) -> str:
    """The line of an error that says what is wrong: Keras sets it, in bold, below a line that only names the layer."""
    lines = [line for line in str(error).replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Exception encountered when calling"):
        return lines[1]
    return lines[0] if lines else type(error).__name__


def _shapes(x: Any) -> str:
    return f"shapes {[tuple(t.shape) for t in x]}" if isinstance(x, (list, tuple)) else f"shape {tuple(x.shape)}"


def unused_name(label: str) -> str:
    # Layers of one functional model need different names, so a Block applied directly counts up, as Keras's own layers do.
    count = keras.backend.get_uid(f"multicnn_{label}")
    return label if count == 1 else f"{label}_{count}"
