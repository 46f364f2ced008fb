"""What goes on inside a network while it learns: dead units, saturated activations and gradients, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from multicnn.backends import engine

# The ends of what an activation can put out; near them its gradient is nearly 0.
_ENDS = {
    "tanh": (-1.0, 1.0), "lecun_tanh": (-1.7159, 1.7159), "softsign": (-1.0, 1.0), "hard_tanh": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0),
}  # fmt: skip
_NEAR = 0.05  # of the range: within it of an end, an output is saturated
_CUT_OFF = {"relu", "relu6"}  # the activations whose units can die
_MANY = 0.5  # share of dead units or saturated outputs to warn of
_VANISHED = 1e-6  # of the largest gradient of a layer


def examine(network: keras.Model, inputs: Any, losses: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """Looks at every layer with weights or an activation during a training step that changes nothing.

    Args:
        network: Built.
        inputs: A batch.
        losses: The loss of each example, from the logits.

    Returns:
        A row per layer, in the order of the network: its name in `layer`; `dead`, the share of the channels of a rectifier
        that are 0 for every example and position; `saturated`, the share of the outputs of a bounded activation that are
        within 5 % of its range of an end; `gradient_norm`, L2, of all of its weights. None where it does not apply.
    """
    activations = [layer for layer in network.layers if isinstance(layer, keras.layers.Activation)]
    probe = keras.Model(network.input, [network.output, *(layer.output for layer in activations)])
    (_, *outputs), gradients = engine.gradients(probe, inputs, lambda outputs: ops.mean(losses(outputs[0])))
    shown = {layer.name: _shares(layer.activation.__name__, output) for layer, output in zip(activations, outputs)}
    squares: dict[str, float] = {}
    for variable, gradient in zip(probe.trainable_variables, gradients):
        name = _layer_of(network, variable)
        squares[name] = squares.get(name, 0.0) + (
            0.0 if gradient is None else float(np.sum(np.square(_array(gradient))))
        )
    rows = []
    for name in (layer.name for layer in network.layers):
        if name in squares or any(share is not None for share in shown.get(name, ())):
            dead, saturated = shown.get(name, (None, None))
            norm = float(np.sqrt(squares[name])) if name in squares else None
            rows.append({"layer": name, "dead": dead, "saturated": saturated, "gradient_norm": norm})
    return rows


def complaints(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """The name of each layer that does not learn as it should, and a line that says so and what to try."""
    largest = max((row["gradient_norm"] or 0.0 for row in rows), default=0.0)
    for row in rows:
        name, dead, saturated, norm = row["layer"], row["dead"], row["saturated"], row["gradient_norm"]
        if dead is not None and dead > _MANY:
            yield (
                name,
                f"{dead:.0%} of the units of layer {name!r} are dead: a lower learning rate, a norm, or leaky_relu",
            )
        if saturated is not None and saturated > _MANY:
            yield (
                name,
                f"{saturated:.0%} of the outputs of layer {name!r} are saturated: a norm, or smaller initial weights",
            )
        if norm is not None and norm < _VANISHED * largest:
            yield (
                name,
                f"the gradient of layer {name!r} has vanished ({norm:.1e}): a norm, shortcuts, or another activation",
            )


def _shares(function: str, output: Any) -> tuple[float | None, float | None]:
    values = _array(output)
    if function in _CUT_OFF:
        return float(np.mean(~values.any(axis=tuple(range(values.ndim - 1))))), None
    if function in _ENDS:
        low, high = _ENDS[function]
        near = _NEAR * (high - low)
        return None, float(np.mean((values < low + near) | (values > high - near)))
    return None, None


def _layer_of(network: keras.Model, variable: Any) -> str:
    """The name of the layer of the network that a variable belongs to."""
    return next(layer.name for layer in network.layers if any(variable is each for each in layer.trainable_variables))


def _array(values: Any) -> np.ndarray:
    return ops.convert_to_numpy(ops.cast(values, "float32"))
