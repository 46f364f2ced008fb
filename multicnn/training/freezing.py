"""Which layers learn in which epoch, and how fast: frozen stages, gradual unfreezing, discriminative learning rates."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import keras

from multicnn.recipe import Start


class Freezing:
    """The frozen layers of a network in each epoch, by a recipe's `start`.

    A frozen layer keeps its weights, and if it is a batch normalisation also its statistics, by which it then normalises. What
    is frozen depends on the epoch alone, so a resumed run need not remember it.

    Args:
        network: The network, built.
        rows: The layers of each stage, as `blocks.cost.Measure.layers` lists them.
        start: The recipe's `start`; its `freeze_until` is among the stages, as `frozen_layers` has checked.
    """

    def __init__(self, network: keras.Model, rows: Mapping[str, Sequence[str]], start: Start):
        frozen = set(frozen_layers(rows, start.freeze_until))
        self._every = start.unfreeze_every
        self._learns = [layer for layer in network.layers if layer.trainable]  # given vectors may be static
        self._frozen = {name: some for name, paths in rows.items() if (some := [p for p in paths if p in frozen])}
        self.still: list[str] = list(self._frozen)  # the stages that are frozen now
        self._set(self.still)

    def at(self, epoch: int) -> bool:
        """Freeze the layers that are frozen in an epoch, counted from 0, and return True if they have changed."""
        n = len(self._frozen) - (epoch // self._every if self._every else 0)
        return self._set(list(self._frozen)[: max(n, 0)])

    def thaw(self) -> None:
        """Unfreeze every layer that will be trained in any epoch."""
        self._set([] if self._every else list(self._frozen))

    def _set(self, still: list[str]) -> bool:
        frozen = {path for name in still for path in self._frozen[name]}
        for layer in self._learns:
            layer.trainable = layer.name not in frozen
        changed, self.still = still != self.still, still
        return changed

    def __str__(self) -> str:
        if not self.still:
            return "nothing is frozen"
        return f"frozen: {self.still[0]}" + (f" to {self.still[-1]}" if len(self.still) > 1 else "")


def frozen_layers(rows: Mapping[str, Sequence[str]], until: str | None) -> list[str]:
    """Return the names of the layers up to and including a stage.

    Args:
        rows: The layers of each stage, in the order of the network.
        until: The dotted name of a stage or another block; None freezes nothing.

    Raises:
        ValueError: There is no such stage, or nothing would learn.
    """
    if until is None:
        return []
    paths = [path for stage in rows.values() for path in stage]
    inside = [i for i, path in enumerate(paths) if path == until or path.startswith(f"{until}.")]
    if not inside:
        raise ValueError(f"`start.freeze_until` must be a stage: {', '.join(rows)}. Received: freeze_until={until!r}")
    return paths[: inside[-1] + 1]


def rate_shares(network: keras.Model, rows: Mapping[str, Sequence[str]], decay: float) -> list[tuple[Any, float]]:
    """Return each trainable variable with its share of the learning rate: 1 in the last stage, times `decay` in each before."""
    layers = {layer.name: layer for layer in network.layers}
    trained = [variables for paths in rows.values() if (variables := list(_variables(layers, paths)))]
    return [
        (variable, decay**distance) for distance, stage in enumerate(reversed(trained)) for variable in stage
    ]  # fmt: skip


def _variables(layers: Mapping[str, keras.Layer], paths: Collection[str]) -> Iterator[Any]:
    for path in paths:
        yield from layers[path].trainable_variables if path in layers else ()
