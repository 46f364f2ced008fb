"""What a Block costs and sees, without building it: shapes, parameters, multiply-adds, receptive field.

    >>> measure(resnet20(10), (32, 32, 3)).parameters
    269722

Output sizes follow floor((input + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, and for a transposed convolution
(input - 1) stride - 2 padding + dilation (kernel - 1) + output padding + 1.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from multicnn.blocks.base import Block
from multicnn.blocks.builder import BlockError, Builder
from multicnn.blocks.cost.rules import RULES
from multicnn.blocks.cost.signal import Part, Shape, Signal
from multicnn.blocks.cost.stages import Stage, by_stage, table


@dataclasses.dataclass(frozen=True)
class Measure:
    """The totals of a network; `parameters` are the trainable ones, as papers count them."""

    output: Signal | dict[str, Signal]
    parts: tuple[Part, ...]
    stages: dict[str, Signal]

    @property
    def shape(self) -> Shape:
        """The shape of the output, without the batch."""
        return self.output.shape[1:]

    def table(self) -> list[Stage]:
        """One row for each stage: its output, receptive field, stride, parameters and multiply-adds."""
        return table(self.parts, self.stages)

    def layers(self) -> dict[str, list[str]]:
        """The names of the layers of each row of `table`, in the order of the network."""
        return {name: [part.path for part in parts] for name, parts in by_stage(self.parts, self.stages).items()}

    @property
    def parameters(self) -> int:
        return sum(part.parameters for part in self.parts)

    @property
    def statistics(self) -> int:
        return sum(part.statistics for part in self.parts)

    @property
    def multiply_adds(self) -> int:
        return sum(part.multiply_adds for part in self.parts)


def measure(block: Block, input_shape: Shape | Mapping[str, Shape]) -> Measure:
    """Measures a Block on an input shape (without the batch; a dict of shapes for `join`).

    A step count that is not known (None) stays so, and what depends on it counts no multiply-adds.

    Raises:
        BlockError: The Block does not fit the input; the message is the path to the part that does not.
    """
    builder = CostBuilder()
    if isinstance(input_shape, Mapping):
        inputs = {name: _input(shape) for name, shape in input_shape.items()}
    else:
        inputs = _input(input_shape)
    output = block.apply(inputs, builder.enter(block))
    return Measure(output=output, parts=tuple(builder.parts), stages=dict(builder.taps))


def measure_model(name: str, block: Block, input_shape: Shape) -> Measure:
    """Measures the Block of a named model.

    Raises:
        ValueError: The model does not fit the input; the message names the stage, and the smallest input that would do.
    """
    try:
        return measure(block, input_shape)
    except BlockError as error:
        smallest = smallest_input(block, input_shape)
        advice = "no input of this kind fits" if smallest is None else f"its first side needs at least {smallest}"
        raise ValueError(
            f"{name} is too deep for the input: {error}; {advice}. Received: input_shape={tuple(input_shape)}"
        ) from None


def smallest_input(block: Block, input_shape: Shape) -> int | None:
    """The smallest size of the first axis (and of a second of the same size) that fits, None if none up to 4096 does."""
    square = len(input_shape) == 3 and input_shape[0] == input_shape[1]

    def fits(size: int) -> bool:
        try:
            measure(block, (size, size, *input_shape[2:]) if square else (size, *input_shape[1:]))
        except BlockError:
            return False
        return True

    low, high = 1, 4096
    if not fits(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return low


def _input(shape: Shape) -> Signal:
    rank = max(len(shape) - 1, 1)
    return Signal((None, *shape), (1,) * rank, (1,) * rank)


@dataclasses.dataclass
class CostBuilder(Builder):
    """Counts where a BuildSite would build."""

    parts: list[Part] = dataclasses.field(default_factory=list)
    taps: dict[str, Signal] = dataclasses.field(default_factory=dict)

    def realise(self, block: Block, x: Any) -> Signal:
        part = dataclasses.replace(RULES[type(block)](block, x), path=self.path)
        if self.sharing is not None:
            first = self.shared.setdefault(self.sharing_key(), self.path)
            if first != self.path:  # the layer, and its weights, are those of the first application
                part = dataclasses.replace(part, path=first, parameters=0, statistics=0)
        self.parts.append(part)
        return part.output

    def tap(self, x: Any) -> Any:
        self.taps[self.path] = x
        return x
