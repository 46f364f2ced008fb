"""The linear baseline as a network of Blocks: it is saved, exported and explained like any other."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import keras
import numpy as np

from multicnn.blocks import Block, network
from multicnn.evaluation.baseline import sample_rows
from multicnn.modalities import Preprocess
from multicnn.modalities.linear_form import Inputs
from multicnn.tasks import Task
from multicnn.tasks.linear_model import LinearlyModelled

MOST_OUTPUTS = 200
MOST_BYTES = 10_000_000  # of its weights in the artefact
_OTHER_BYTES = 100_000  # of everything else that it adds to the file


@dataclasses.dataclass(frozen=True, eq=False)
class LinearNetwork:
    """A linear baseline made of Blocks.

    Attributes:
        block: The Block, on the input of the run's network; its outputs are logits.
        network: The network of the Block, built and fitted: inputs to float32 logits (n, outputs).
        description: What was trained on what, in words: "pixels, logistic regression".
    """

    block: Block
    network: keras.Model
    description: str


class LeftOut(NamedTuple):
    """There is no linear baseline.

    Attributes:
        reason: Why not, in words.
    """

    reason: str


def fit_linear(
    task: Task, preprocess: Preprocess, inputs: Inputs, targets: np.ndarray, class_weights: np.ndarray | None = None
) -> LinearNetwork | LeftOut:
    """Fit the linear baseline to examples; the same bits each time.

    From large sets only a sample is used, as for the printed baseline.

    Args:
        task: The task, fitted.
        preprocess: The fitted preprocess, which makes the inputs.
        inputs: Inputs of the run's network: indexed by int64 (rows,) they give (rows, *preprocess.input_shape), int32 ids of
            texts, else float32. An array will do, or `data.finished.FinishedRows`.
        targets: The targets, (n, ...), as the task makes them.
        class_weights: As of `Task.class_weights`; None weighs nothing.

    Returns:
        The fitted network, or why there is none.
    """
    if not isinstance(task, LinearlyModelled):
        return LeftOut(f"the task {task.name} has no linear model")
    if (outputs := len(task.labels)) > MOST_OUTPUTS:
        return LeftOut(f"there are {outputs} classes, more than {MOST_OUTPUTS}")
    rows = sample_rows(len(targets), preprocess.baseline_examples)
    try:
        form = preprocess.linear_form(inputs, rows, outputs, (MOST_BYTES - _OTHER_BYTES) // 4)
        weights = {} if class_weights is None else {"class_weights": class_weights}
        model = task.linear_model(form.features, targets[form.rows], **weights)
    except ValueError as error:
        return LeftOut(str(error))
    built = network(form.block, preprocess.input_shape, dtype="float32")
    built.set_weights(list(form.weights(model.kernel, model.bias)))
    description = f"{form.description}, {model.name}"
    if len(form.rows) < len(targets):
        description += f" (trained on {len(form.rows):,} of {len(targets):,} examples)"
    return LinearNetwork(form.block, built, description)


def scaled(linear: LinearNetwork, factor: float) -> LinearNetwork:
    """Return the baseline with its logits times a factor, that of each layer with a kernel: their outputs are added up."""
    built = network(linear.block, linear.network.input_shape[1:], dtype="float32")
    built.set_weights(linear.network.get_weights())
    for layer in built.layers:
        if layer.weights:
            for weight in (layer.kernel, layer.bias):
                weight.assign(np.asarray(weight) * np.float32(factor))
    return dataclasses.replace(linear, network=built)
