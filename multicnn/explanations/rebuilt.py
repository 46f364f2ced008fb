"""A trained network rebuilt on its own layers, with gradients for its input and for any layer inside, under any rule of `rules`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from multicnn.backends import engine, keras_private
from multicnn.explanations import rules
from multicnn.layers import OneHotTokens
from multicnn.layers.time_mask import fill_masked
from multicnn.layers.types import Shape, Tensor

Objective = Callable[[Tensor, Mapping[str, Tensor]], Tensor]
Inputs = np.ndarray | Mapping[str, np.ndarray]
_EMBEDDINGS = (keras.layers.Embedding, OneHotTokens)


class Run(NamedTuple):
    """A network applied to a batch.

    Attributes:
        logits: float32 (n, ...).
        values: The outputs of each tap, float32 (n, ...).
        gradients: The gradient of the objective for each of them, of the same shape.
    """

    logits: np.ndarray
    values: dict[str, np.ndarray]
    gradients: dict[str, np.ndarray]


class Rebuilt:
    """A network whose ReLUs follow a rule, tapped at its input and wherever else it is asked to be.

    A tap is known by the name of the layer behind which it stands; that of an input of floats by the name of the input. An
    input of token ids has no gradient, and is tapped behind its embedding: there the text's mask goes on as it was.

    Args:
        network: The trained network, of any number of inputs. Its layers are used, not copied, and none changes.
        rule: One of `rules.RULES`.
        stages: The names of stages or other layers inside.

    Raises:
        ValueError: The rule or a layer is unknown.
    """

    def __init__(self, network: keras.Model, rule: str = "gradient", stages: Sequence[str] = ()):
        if rule not in rules.RULES:
            raise ValueError(f"`rule` must be one of {list(rules.RULES)}. Received: rule={rule!r}")
        known = {operation.name for operation in network.operations}
        for name in stages:
            if name not in known:
                raise ValueError(f"`stages` must be layers of the network. Received: stages={list(stages)}")
        self._rule, self._tapped, self._taps = rule, set(stages), dict[str, _Tap]()
        floats = [tensor for tensor in network.inputs if "float" in str(tensor.dtype)]
        self._floats = {tensor.name: tuple(tensor.shape) for tensor in floats}
        numbers = itertools.count()
        # A loaded network may have the names that Keras would give to what is made here.
        with keras_private.automatic_names(lambda kind: f"rebuilt.{kind}_{next(numbers)}"):
            self.network = keras.models.clone_model(
                network, clone_function=lambda layer: layer, call_function=self._called
            )
        embeddings = [name for name, tap in self._taps.items() if tap.embeds]
        self.sites = (*self._floats, *embeddings)

    def _called(self, operation: keras.Operation, *arguments: Tensor, **keywords: Tensor) -> Tensor:
        """Return the outputs of an operation, or of those that stand for it, tapped if they are to be."""
        first, *others = rules.ruled(operation, self._rule)
        outputs = first(*arguments, **keywords)
        for other in others:
            outputs = other(outputs)
        embeds = isinstance(operation, _EMBEDDINGS)
        if not embeds and operation.name not in self._tapped:
            return outputs
        name = operation.name  # of a layer that is applied more than once, each application
        name = name if name not in self._taps else f"{name}_{len(self._taps)}"
        tap = self._taps[name] = _Tap(embeds, tuple(outputs.shape))
        return tap(outputs)

    def run(self, inputs: Inputs, objective: Objective, offsets: Mapping[str, np.ndarray] | None = None) -> Run:
        """Apply the network to a batch, and return what stands at the taps and its gradients.

        Args:
            inputs: The network's input, (n, *shape), or one for each name.
            objective: A function of the logits and of the values at the taps; its sum is derived. The value of one example must
                not depend on the others, so that each has its own gradient.
            offsets: What is added at taps, float32 of their shape.
        """
        given = inputs if isinstance(inputs, Mapping) else {self.network.inputs[0].name: inputs}
        count = len(next(iter(given.values())))
        shapes = self._floats | {name: tap.shape for name, tap in self._taps.items()}
        at = {name: np.zeros((count, *shape[1:]), np.float32) for name, shape in shapes.items()}
        at |= {name: np.asarray(offset, np.float32) for name, offset in (offsets or {}).items()}

        def function(moved: Mapping[str, Tensor]) -> tuple[Tensor, tuple[Tensor, dict[str, Tensor]]]:
            fed = {name: ops.convert_to_tensor(array) for name, array in given.items()}
            fed |= {name: ops.cast(fed[name], "float32") + moved[name] for name in self._floats}
            for name, tap in self._taps.items():
                tap.offset = moved[name]
            try:
                several = isinstance(inputs, Mapping)
                logits = self.network(fed if several else next(iter(fed.values())), training=False)
            finally:
                values = {name: fed[name] for name in self._floats}
                values |= {name: tap.value for name, tap in self._taps.items()}
                for tap in self._taps.values():
                    tap.offset = tap.value = None
            return ops.sum(objective(logits, values)), (logits, values)

        (logits, values), gradients = engine.input_gradients(function, at)
        return Run(np.asarray(logits), _arrays(values), _arrays(gradients))


class _Tap(keras.layers.Layer):
    """A layer that keeps what passes, and may move it; masked steps are not, so that padding has no gradient."""

    def __init__(self, embeds: bool, shape: Shape) -> None:
        super().__init__(dtype="float32")
        self.embeds, self.shape = embeds, shape
        self.offset: Tensor | None = None
        self.value: Tensor | None = None
        self.supports_masking = True

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the inputs, moved by what `Rebuilt.run` has set."""
        if self.offset is None:
            return inputs
        self.value = inputs + (self.offset if mask is None else fill_masked(self.offset, mask))
        return self.value

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the input."""
        return input_shape


def _arrays(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: np.asarray(tensor) for name, tensor in tensors.items()}
