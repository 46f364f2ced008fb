"""A network's table: one row for each stage, as in its paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from multicnn.blocks.base import Block
from multicnn.blocks.signal import Cost, Signal


@dataclasses.dataclass(frozen=True)
class Leaf:
    """One leaf of a network and its cost.

    Attributes:
        path: Its dotted path, which the names of its Keras layers begin with.
        block: The leaf as a value.
        cost: Its cost.
    """

    path: str
    block: Block
    cost: Cost

    @property
    def output(self) -> Signal:
        """The signal that it puts out."""
        return self.cost.output

    @property
    def parameters(self) -> int:
        """The number of trainable parameters."""
        return self.cost.parameters

    @property
    def statistics(self) -> int:
        """The number of weights that are not trained."""
        return self.cost.statistics

    @property
    def multiply_adds(self) -> int | None:
        """The multiply-adds for one example; None where they are not known."""
        return self.cost.multiply_adds

    @property
    def layers(self) -> list[str]:
        """The names of its Keras layers with weights."""
        return [self.path + suffix for suffix in self.cost.layers]


@dataclasses.dataclass(frozen=True)
class Stage:
    """One row: a stage, or a layer that stands in none.

    Attributes:
        name: The dotted path.
        output: The signal after the stage.
        parameters: The number of trainable parameters.
        multiply_adds: The multiply-adds for one example; None where they are not known.
    """

    name: str
    output: Signal
    parameters: int
    multiply_adds: int | None


def total(numbers: Iterable[int | None]) -> int | None:
    """Return the sum, or None if one of the numbers is not known."""
    numbers = list(numbers)
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def table(leaves: Sequence[Leaf], stages: Mapping[str, Signal]) -> list[Stage]:
    """Return the rows of a measured network, in the order in which its stages begin.

    A leaf counts for the innermost stage around it; what stands outside of every stage has a row of its own.
    """
    return [
        Stage(
            name,
            stages.get(name, members[-1].output),
            sum(leaf.parameters for leaf in members),
            total(leaf.multiply_adds for leaf in members),
        )
        for name, members in by_stage(leaves, stages).items()
    ]


def by_stage(leaves: Sequence[Leaf], stages: Mapping[str, Signal]) -> dict[str, list[Leaf]]:
    """Return the leaves of each row of `table`."""
    rows: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        rows.setdefault(_row_of(leaf.path, stages), []).append(leaf)
    return rows


def _row_of(path: str, stages: Mapping[str, Signal]) -> str:
    around = [name for name in stages if path == name or path.startswith(name + ".")]
    # Outside of the stages, a layer and its norm and activation are one row.
    return max(around, key=len) if around else path.removesuffix(".norm").removesuffix(".activation")
