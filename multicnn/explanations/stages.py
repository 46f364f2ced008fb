"""The tensors inside a network that can be asked for by name, each with the input that one of its positions sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import keras

from multicnn.backends.keras_private import inputs_of, operation_of
from multicnn.blocks import Block
from multicnn.blocks.cost import Shape, Signal, measure

Window = tuple[tuple[int, int], ...]  # along each axis of the input: the first step, and the one behind the last


class Tap(NamedTuple):
    """A tensor inside a network.

    Attributes:
        name: The dotted name of the stage, or of the layer where it stands in none.
        tensor: Its symbolic output, (batch, ..., channels).
        signal: Its shape and receptive field.
        layer: The name of the layer whose output it is.
    """

    name: str
    tensor: keras.KerasTensor
    signal: Signal
    layer: str

    @property
    def has_positions(self) -> bool:
        """True where it has axes between the batch and the channels."""
        return len(self.signal.shape) > 2

    def window(self, position: Sequence[int], sizes: Sequence[int]) -> Window:
        """Return the part of an input of these sizes that a position sees; all of it where that is not known."""
        window = self.signal.window(position) if self.has_positions else None
        if window is None:
            return tuple((0, size) for size in sizes)
        # Further axes, as the ids of the subwords of a word, are seen in full.
        first = [min(max(start, 0), size - 1) for (start, _), size in zip(window, sizes)]  # all of it may be padding
        last = [max(min(stop, size), at + 1) for (_, stop), size, at in zip(window, sizes, first)]
        inside = tuple(zip(first, last))
        return inside + tuple((0, size) for size in sizes[len(window) :])


def taps(block: Block, network: keras.Model, input_shape: Shape) -> dict[str, Tap]:
    """Return the tensors of a network that have a name: the rows of `multicnn inspect`, in their order.

    Args:
        block: The network as a value.
        network: The network of `block`.
        input_shape: The shape of one example, without the batch.
    """
    found: dict[str, Tap] = {}
    measured = measure(block, input_shape)
    for row in measured.table():
        layer = _layer(network, row.name, row.name in measured.stages)
        if layer is not None:
            found[row.name] = Tap(row.name, layer.output, row.output, layer.name)
    return found


def chosen(known: dict[str, Tap], network: keras.Model, stage: str | None) -> list[Tap]:
    """Return the tensor of a stage; without a name, the last ones with positions: several where branches are pooled apart.

    Raises:
        ValueError: There is no such stage; the message lists those that there are.
    """
    if stage is not None:
        if stage not in known:
            raise ValueError(f"`stage` must be one of {', '.join(known)}. Received: stage={stage!r}")
        return [known[stage]]
    last = {id(tensor) for tensor in _last_with_positions(network.outputs[0])}
    named = [tap for tap in known.values() if tap.has_positions and id(_behind_names(tap.tensor)) in last]
    if not named:
        named = [tap for tap in known.values() if tap.has_positions][-1:]
    if not named:
        raise ValueError(f"`stage` must be one of {', '.join(known)}: no one has positions. Received: stage=None")
    return named


def _layer(network: keras.Model, name: str, is_stage: bool) -> keras.Layer | None:
    """Return the layer that ends a stage, or a leaf with its norm and activation; None where it is applied more than once."""
    layers = {layer.name: layer for layer in network.layers}
    own = [name] if is_stage else [name, f"{name}.norm", f"{name}.activation"]
    last = next((layers[each] for each in reversed(own) if each in layers), None)
    return None if last is None or not _is_applied_once(last) else last


def _is_applied_once(layer: keras.Layer) -> bool:
    try:
        return layer.output is not None
    except (AttributeError, ValueError):
        return False


def _last_with_positions(tensor: keras.KerasTensor) -> Iterator[keras.KerasTensor]:
    """Yield, on each way back from the logits, the first tensor that has positions."""
    if len(tensor.shape) > 2:
        yield _behind_names(tensor)
        return
    if operation_of(tensor) is None or isinstance(operation_of(tensor), keras.layers.InputLayer):
        return
    for source in inputs_of(tensor):
        yield from _last_with_positions(source)


def _behind_names(tensor: keras.KerasTensor) -> keras.KerasTensor:
    """Return the tensor that an identity, which only gives it the name of a stage, was applied to; and not to drop layers."""
    passing = (
        keras.layers.Identity,
        keras.layers.Dropout,
        keras.layers.SpatialDropout1D,
        keras.layers.SpatialDropout2D,
    )
    while isinstance(operation_of(tensor), passing):
        (tensor,) = inputs_of(tensor)
    return tensor
