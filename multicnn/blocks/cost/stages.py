"""A network's table: one row for each stage, as in its paper."""

from __future__ import annotations

import dataclasses

from multicnn.blocks.cost.signal import Part, Signal


@dataclasses.dataclass(frozen=True)
class Stage:
    """One row: a stage, or a part of the network that stands in none."""

    name: str
    output: Signal
    parameters: int
    multiply_adds: int


def table(parts: tuple[Part, ...], stages: dict[str, Signal]) -> list[Stage]:
    """The rows of a measured network, in the order in which its stages begin.

    A part counts for the innermost stage around it; what stands outside of every stage has a row of its own.
    """
    return [
        Stage(
            name,
            stages.get(name, members[-1].output),
            sum(part.parameters for part in members),
            sum(part.multiply_adds for part in members),
        )
        for name, members in by_stage(parts, stages).items()
    ]


def by_stage(parts: tuple[Part, ...], stages: dict[str, Signal]) -> dict[str, list[Part]]:
    """The parts of each row of `table`."""
    rows: dict[str, list[Part]] = {}
    for part in parts:
        rows.setdefault(_row_of(part.path, stages), []).append(part)
    return rows


def _row_of(path: str, stages: dict[str, Signal]) -> str:
    around = [name for name in stages if path == name or path.startswith(name + ".")]
    # Outside of the stages, a layer and its norm and activation are one row.
    return max(around, key=len) if around else path.removesuffix(".norm").removesuffix(".activation")
