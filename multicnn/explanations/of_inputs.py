"""The share of each of several inputs in a decision."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from multicnn.data.decoded import batches
from multicnn.modalities import Preprocess
from multicnn.tasks import Task

LogitsOf = Callable[[np.ndarray], np.ndarray]  # of stored examples


@dataclass(frozen=True)
class InputShares:
    """The decision on an example of several inputs.

    Attributes:
        input: The name of the example.
        label: The class that is explained; None of a bad input.
        probability: Its probability.
        logit: How far its logit is above the mean of all classes.
        added: What each input that is given added to that.
        without: How far it is above the mean where no input is given.
        error: Why there is no decision.
        remark: Which inputs could not be read.
    """

    input: str
    label: str | None = None
    probability: float = math.nan
    logit: float = math.nan
    added: dict[str, float] | None = None
    without: float = 0.0
    error: str | None = None
    remark: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the attributes that say something."""
        known = {name: value for name, value in vars(self).items() if value not in (None, "")}
        return {name: value for name, value in known.items() if not (isinstance(value, float) and math.isnan(value))}


def explain(
    preprocess: Preprocess, logits_of: LogitsOf, task: Task, inputs: Iterable[object], label: str | None = None
) -> Iterator[InputShares]:
    """Yield what each input added to the decision on each example.

    Args:
        preprocess: The preprocess of a predictor of several inputs.
        logits_of: Returns the logits of stored examples.
        task: The task, with classes.
        inputs: The examples, one by one.
        label: The class to explain; None is the one predicted for each example.

    Raises:
        ValueError: There is one input, or there are no classes, or none of this name.
    """
    if not preprocess.input_names or not task.classes:
        raise ValueError(
            "`predictor` must be one of several inputs, with classes. "
            f"Received: predictor of {preprocess.modality}, {task.name}"
        )
    for batch in batches(inputs, preprocess):
        for each in batch:
            if each.error is not None:
                yield InputShares(each.name, error=each.error)
            else:
                yield shares(each.name, preprocess, logits_of, task, each.examples[0], label, each.remark)


def shares(
    name: str,
    preprocess: Preprocess,
    logits_of: LogitsOf,
    task: Task,
    example: np.ndarray,
    label: str | None = None,
    remark: str = "",
) -> InputShares:
    """Return what each input of an example added to the logit of a class.

    The shares are Shapley values (Shapley 1953): what an input adds, averaged over the orders in which the inputs may come.
    They sum up to the logit. Where the logits of the inputs are added up (late fusion), that is the input's own logit.

    Args:
        name: The name of the example.
        preprocess: The preprocess of the examples.
        logits_of: Returns the logits of stored examples.
        task: The task, with classes.
        example: A stored example, of shape `stored_shape`.
        label: The class; None is the predicted one.
        remark: Which inputs could not be read.

    Raises:
        ValueError: There is no such class.
    """
    if label is not None and label not in task.labels:
        raise ValueError(f"`label` must be one of {list(task.labels)}. Received: label={label!r}")
    batch = example[np.newaxis]
    names = [each for each, has in zip(preprocess.input_names, preprocess.given(batch)[0]) if has]
    chosen = [each for size in range(len(names) + 1) for each in itertools.combinations(names, size)]
    logits = logits_of(np.concatenate([preprocess.only(batch, each) for each in chosen]))
    outputs = task.outputs(logits[-1:])[0]
    column = int(np.argmax(outputs)) if label is None else task.labels.index(label)
    above = (logits - logits.mean(axis=1, keepdims=True))[:, column].astype(np.float64)
    values = dict(zip(map(frozenset, chosen), above.tolist(), strict=True))
    added = {each: _shapley(each, names, values) for each in names}
    return InputShares(
        name,
        task.labels[column],
        float(outputs[column]),
        values[frozenset(names)],
        added,
        values[frozenset()],
        remark=remark,
    )


def _shapley(name: str, names: Sequence[str], values: dict[frozenset[str], float]) -> float:
    others = [each for each in names if each != name]
    total = 0.0
    for size in range(len(others) + 1):
        weight = math.factorial(size) * math.factorial(len(others) - size) / math.factorial(len(names))
        for before in map(frozenset, itertools.combinations(others, size)):
            total += weight * (values[before | {name}] - values[before])
    return total
