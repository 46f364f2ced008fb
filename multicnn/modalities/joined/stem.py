"""The stem of a network of several inputs: each input's own stem, on its values of the vector, under the model's `join`."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import keras
import numpy as np

from multicnn.blocks import Block, chain, join, unpacked, where_given
from multicnn.blocks.cost import measure
from multicnn.modalities.base import Stem
from multicnn.modalities.joined import packing
from multicnn.modalities.marks import Source

if TYPE_CHECKING:
    from multicnn.modalities.joined.preprocess import JoinedPreprocess


class JoinedStem(Stem):
    """The stems of the inputs, and which of them are given.

    Args:
        preprocess: Fitted, with the preprocesses of the stems.
        stems: The stem of each input.
    """

    def __init__(self, preprocess: JoinedPreprocess, stems: Mapping[str, Stem]):
        super().__init__(preprocess)
        self._joined, self._stems = preprocess, dict(stems)

    def block(self, model: Block, outputs: int) -> Block:
        """Return the network on the vector of `JoinedPreprocess.finish`: a missing input adds nothing where they are merged.

        Args:
            model: `join`, or a `chain` that begins with one: a Block for each input by name. Those of inputs that the data do
                not have are left out.
            outputs: The number of its outputs.

        Raises:
            ValueError: The model is another, or has no Block for an input.
        """
        first, *others = model.blocks if isinstance(model, chain) else (model,)
        names = list(self._stems)
        if not isinstance(first, join):
            raise ValueError(
                f"`model.name` must begin with join of the inputs {names}, as late_fusion and joint_fusion do. "
                f"Received: {_short(model)}"
            )
        if missing := [name for name in names if name not in first.inputs]:
            raise ValueError(f"`model.name` must have a Block for the input {missing[0]!r}. Received: {_short(model)}")
        blocks = {name: self._block(name, first.inputs[name], outputs) for name in names}
        shapes = {name: preprocess.input_shape for name, preprocess in self._joined.inputs.items()}
        whole = chain(dataclasses.replace(first, inputs=blocks), *others) if others else join(blocks, first.how)
        return unpacked(shapes, packing.input_dtypes(self._joined.inputs), whole)

    def _block(self, name: str, block: Block, outputs: int) -> Block:
        """Return the Block of an input behind its stem; what a stem adds beside it has as many outputs as it has itself."""
        stem, shape = self._stems[name], self._joined.inputs[name].input_shape
        own = stem.block(block, outputs)
        try:
            width = measure(own, shape).shape[-1]
        except ValueError:
            width = measure(stem.block(block, 1), shape).shape[-1]
        return where_given(own if width == outputs else stem.block(block, width or 1))

    def _stored_of(self, name: str, examples: Callable[[], np.ndarray]) -> np.ndarray:
        return self._joined.stored_of(name, examples())

    def given(self) -> Mapping[str, Source]:
        """Return what the random changes of each input need, by their joint names."""
        return {f"{name}_{key}": value for name, stem in self._stems.items() for key, value in stem.given().items()}

    def initial_weights(self, network: keras.Model, examples: Callable[[], np.ndarray]) -> tuple[dict[str, float], str]:
        """Load the weights that the inputs start with."""
        measured: dict[str, float] = {}
        lines = []
        for name, stem in self._stems.items():
            own, line = stem.initial_weights(network, functools.partial(self._stored_of, name, examples))
            measured |= own
            lines += [line] if line else []
        return measured, "; ".join(lines)


def _short(model: Block) -> str:
    text = repr(model)
    return text if len(text) <= 200 else f"{text[:200]}..."
