"""Cost and receptive field of a Block, without building it: shapes, parameters, multiply-adds, receptive field.

    >>> from multicnn.models import create
    >>> resnet = measure(create("resnet20", 10), (32, 32, 3))
    >>> resnet.parameters, resnet.multiply_adds
    (269722, 40551040)

Each leaf knows its own cost (`Block.cost`); here a network is walked, and its leaves are added up.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from multicnn.blocks.base import Block
from multicnn.blocks.builder import BlockError, Builder
from multicnn.blocks.cost.stages import Leaf, Stage, by_stage, table, total
from multicnn.blocks.signal import Cost, Shape, Signal

__all__ = [
    "Cost",
    "CostBuilder",
    "Leaf",
    "Measure",
    "Shape",
    "Signal",
    "Stage",
    "measure",
    "measure_model",
    "smallest_input",
]


@dataclasses.dataclass(frozen=True)
class Measure:
    """The totals of a network.

    Attributes:
        output: The signal that the network puts out.
        leaves: The leaves in the order of the network.
        stages: The output of each stage, by its dotted path.
    """

    output: Signal
    leaves: tuple[Leaf, ...]
    stages: dict[str, Signal]

    @property
    def shape(self) -> Shape:
        """The shape of the output, without the batch."""
        return self.output.shape[1:]

    def table(self) -> list[Stage]:
        """Return one row for each stage: its output, receptive field, stride, parameters and multiply-adds."""
        return table(self.leaves, self.stages)

    def layers(self) -> dict[str, list[str]]:
        """Return the names of the layers of each row of `table`, in the order of the network."""
        rows = by_stage(self.leaves, self.stages)
        return {row: [name for leaf in leaves for name in leaf.layers] for row, leaves in rows.items()}

    @property
    def parameters(self) -> int:
        """The number of trainable parameters, as papers count them."""
        return sum(leaf.parameters for leaf in self.leaves)

    @property
    def statistics(self) -> int:
        """The number of weights that are not trained."""
        return sum(leaf.statistics for leaf in self.leaves)

    @property
    def multiply_adds(self) -> int | None:
        """The multiply-adds for one example; None if those of a leaf are not known."""
        return total(leaf.multiply_adds for leaf in self.leaves)


def measure(block: Block, input_shape: Shape | Mapping[str, Shape]) -> Measure:
    """Measure a Block on an input shape.

    Args:
        block: The network as a value.
        input_shape: The shape of one example, without the batch; a dict of shapes for `join`. A size that is not known (None)
            stays so, and with it the multiply-adds of what depends on it.

    Raises:
        BlockError: The Block does not fit the input; the message is the path to the Block inside that does not.
    """
    builder = CostBuilder()
    inputs: Signal | dict[str, Signal]
    if isinstance(input_shape, Mapping):
        inputs = {name: _input(shape) for name, shape in input_shape.items()}
    else:
        inputs = _input(input_shape)
    output = block.apply(inputs, builder.enter(block))
    return Measure(output=output, leaves=tuple(builder.leaves), stages=dict(builder.taps))


def measure_model(name: str, block: Block, input_shape: Shape) -> Measure:
    """Measure the Block of a named model.

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
    """Return the smallest size of the first axis (and of a second of the same size) that fits, None if none up to 4096 does."""
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
    return Signal((None, *shape), (1,) * rank, (1,) * rank, start=(0,) * rank)


@dataclasses.dataclass
class CostBuilder(Builder):
    """Count the leaves that a KerasBuilder would build.

    Attributes:
        leaves: The leaves counted so far, over the whole network.
        taps: The output of each stage so far, by its path.
    """

    leaves: list[Leaf] = dataclasses.field(default_factory=list)
    taps: dict[str, Signal] = dataclasses.field(default_factory=dict)

    def realise(self, block: Block, x: Signal | list[Signal]) -> Signal:
        cost = block.cost(x) if _knows_its_cost(type(block)) else Block.cost(block, x)
        path = self.path
        if self.sharing is not None:
            path = self.shared.setdefault(self.sharing_key(), self.path)
            if path != self.path:  # the layer, and its weights, are those of the first application
                cost = dataclasses.replace(cost, parameters=0, statistics=0)
        self.leaves.append(Leaf(path, block, cost))
        return cost.output

    def tap(self, x: Signal) -> Signal:
        self.taps[self.path] = x
        return x


def _knows_its_cost(kind: type[Block]) -> bool:
    """Return False for a class that builds something else than the class whose `cost` it inherits."""
    return next("cost" in vars(base) for base in kind.__mro__ if "cost" in vars(base) or "build" in vars(base))
