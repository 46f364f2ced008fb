"""Health of a network in training, layer by layer: dead units, saturated activations, gradient norms, and its kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from multicnn.backends import engine
from multicnn.training import kernels
from multicnn.training.history import Table

# The bounds of an activation's output; near them its gradient is nearly 0.
_BOUNDS = {
    "tanh": (-1.0, 1.0), "lecun_tanh": (-1.7159, 1.7159), "softsign": (-1.0, 1.0), "hard_tanh": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0),
}  # fmt: skip
_NEAR = 0.05  # of the range: within it of an end, an output is saturated
_CUT_OFF = {"relu", "relu6"}  # the activations whose units can die
MANY = 0.5  # share of dead units or saturated outputs to warn of
VANISHED = 1e-6  # of the largest gradient of a layer
_NOT_EXAMINED = {"dead": None, "saturated": None, "gradient_norm": None}
_NO_KERNEL = {"spread": None, "scale": None, "moved": None}


class HealthCheck(keras.callbacks.Callback):
    """Examine every layer after epochs 1, 2, 4, 8 ..., always with the same batch, and warn of those that do not learn well.

    Before the first step it looks at the kernels alone, which costs next to nothing: the rows of epoch 0.

    Args:
        folder: The run folder; health.csv is written there.
        batch: Returns the batch, of which every worker sees all.
        losses: Returns the loss of each example, given logits and targets.
        log: Called with a warning of one line for each layer, once.
    """

    def __init__(
        self,
        folder: Path,
        batch: Callable[[], tuple[Any, Any]],
        losses: Callable[[Any, Any], Any],
        log: Callable[[str], None],
    ):
        super().__init__()
        self._table, self._batch, self._losses, self._log = Table(folder / "health.csv"), batch, losses, log
        self._warned_of: set[str] = set()  # layers
        self._starts: kernels.Starts | None = None  # {} where a run was started by a version that did not keep them

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Remember where the kernels start; a run that is resumed has that from its checkpoint."""
        if self._starts is None:
            self._starts = kernels.starts(self.model)
            measured = kernels.of_network(self.model, self._starts)
            self._table.add([{"epoch": 0, "layer": name, **_NOT_EXAMINED, **row} for name, row in measured.items()])

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Examine the layers, if it is time."""
        if epoch & (epoch + 1):
            return
        inputs, targets = self._batch()
        rows = examine(self.model, inputs, lambda logits: self._losses(logits, np.asarray(targets)))
        measured = kernels.of_network(self.model, self._starts or {})
        self._table.add([{"epoch": epoch + 1, **row, **measured.get(row["layer"], _NO_KERNEL)} for row in rows])
        for layer, complaint in complaints(rows):
            if layer not in self._warned_of:
                self._log(complaint)
                self._warned_of.add(layer)

    def state_dict(self) -> dict[str, Any]:
        """Return the rows so far, and where the kernels started."""
        return {"rows": self._table.rows, "starts": self._starts}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Write the file anew with the rows of a checkpoint; older ones have fewer columns."""
        self._table.restore([{**row, **{name: row.get(name) for name in _NO_KERNEL}} for row in state["rows"]])
        self._starts = state.get("starts", {})


def examine(network: keras.Model, inputs: Any, losses: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """Examine every layer with weights or an activation during a training step that changes nothing.

    Args:
        network: The network, built.
        inputs: A batch of its inputs.
        losses: Returns the loss of each example, given the logits.

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
    """Yield the name of each layer that does not learn as it should, and a warning with what to try."""
    largest = max((row["gradient_norm"] or 0.0 for row in rows), default=0.0)
    for row in rows:
        name, dead, saturated, norm = row["layer"], row["dead"], row["saturated"], row["gradient_norm"]
        if dead is not None and dead > MANY:
            yield (
                name,
                f"{dead:.0%} of the units of layer {name!r} are dead: a lower learning rate, a norm, or leaky_relu",
            )
        if saturated is not None and saturated > MANY:
            yield (
                name,
                f"{saturated:.0%} of the outputs of layer {name!r} are saturated: a norm, or smaller initial weights",
            )
        if norm is not None and norm < VANISHED * largest:
            yield (
                name,
                f"the gradient of layer {name!r} has vanished ({norm:.1e}): a norm, shortcuts, or another activation",
            )


def _shares(function: str, output: Any) -> tuple[float | None, float | None]:
    values = _array(output)
    if function in _CUT_OFF:
        return float(np.mean(~values.any(axis=tuple(range(values.ndim - 1))))), None
    if function in _BOUNDS:
        low, high = _BOUNDS[function]
        near = _NEAR * (high - low)
        return None, float(np.mean((values < low + near) | (values > high - near)))
    return None, None


def _layer_of(network: keras.Model, variable: Any) -> str:
    """Return the name of the layer that a variable belongs to."""
    return next(layer.name for layer in network.layers if any(variable is each for each in layer.trainable_variables))


def _array(values: Any) -> np.ndarray:
    return ops.convert_to_numpy(ops.cast(values, "float32"))
