"""A recipe's model as a Block, with the recipe's initializer and regularizer."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import keras
import numpy as np

from multicnn import models
from multicnn.blocks import Block
from multicnn.blocks.cost import measure_model
from multicnn.blocks.linear_logits import with_linear_logits
from multicnn.blocks.rank import TRUE_FANS, keras_object
from multicnn.modalities.base import Stem
from multicnn.recipe import Recipe
from multicnn.tasks import Task
from multicnn.utils.constrained import FromZero
from multicnn.utils.validation import typed

_KERNELS = {"initializer": keras.initializers, "regularizer": keras.regularizers}


def network_block(recipe: Recipe, stem: Stem, classes: int, output: tuple[int | None, ...] | None = None) -> Block:
    """Return the whole network of a recipe as a Block, with what the preprocess puts in front of the model.

    Args:
        recipe: The recipe, completed.
        stem: What stands in front of the model.
        classes: The number of outputs that the model is asked for.
        output: The shape of the logits that the task needs; None is one for each class.

    Raises:
        ValueError: The model does not fit the input (the message names the stage, and the smallest input that would do), or is
            no predictor.
    """
    block, shape = stem.block(model_block(recipe, classes), classes), stem.preprocess.input_shape
    logits = measure_model(repr(recipe.model.name), block, shape).shape
    if output not in (None, (classes,)) and not _fits(logits, output):
        raise ValueError(
            f"`model.name` must give logits of shape {output} on this input; {recipe.model.name!r} gives {logits}. "
            f"Received: input_shape={shape}"
        )
    if output in (None, (classes,)) and logits != (classes,):
        raise ValueError(
            f"`model.name` must give one logit for each of the {classes} classes; {recipe.model.name!r} gives an output of "
            f"shape {logits}. Received: input_shape={shape}"
        )
    return block


def _fits(shape: tuple[int | None, ...], wanted: tuple[int | None, ...] | None) -> bool:
    """Return True for a shape that is as it is wanted, where None stands for any size."""
    return wanted is not None and len(shape) == len(wanted) and all(b in (None, a) for a, b in zip(shape, wanted))


def task_network(recipe: Recipe, stem: Stem, task: Task) -> Block:
    """Return the `network_block` whose logits are those of a task."""
    return network_block(recipe, stem, task.units, task.output_shape(stem.preprocess.input_shape))


def model_block(recipe: Recipe, classes: int) -> Block:
    """Return the recipe's model alone, with its initializer and regularizer on all kernels.

    Raises:
        ValueError: The model, a hyperparameter, the initializer or the regularizer is unknown.
    """
    assert recipe.model.name is not None  # the recipe is completed
    check_kernels(recipe)
    block = models.create(recipe.model.name, classes, **recipe.model.arguments)
    if recipe.start.staged:
        block = with_linear_logits(block)
    for name in _KERNELS:
        if (value := getattr(recipe.model, name)) is None:
            continue
        block = block.replaced(**{f"kernel_{name}": value})
        with suppress(ValueError):  # no convolution by channel is there
            block = block.replaced(**{f"depthwise_{name}": value})
    return block


def check_kernels(recipe: Recipe) -> None:
    """Raise ValueError for an initializer or a regularizer of a recipe that Keras does not know or cannot make."""
    for name, kind in _KERNELS.items():
        value = getattr(recipe.model, name)
        try:
            if value is not None:
                _try(kind, value)
        except Exception as error:  # Keras raises anything for what it cannot make
            reason = f"{type(error).__name__}: {error}".splitlines()[0].partition(" Received")[0].rstrip(".")
            known = f"one of {_names(kind)}, or one of them with its parameters"
            raise ValueError(f"`model.{name}` ({reason}) must be {known}. Received: model.{name}={value!r}") from error


def _try(kind: Any, value: Any) -> None:
    """Make an initializer or a regularizer, and weights by it: most of Keras's look at their parameters only then."""
    made = keras_object(kind, value)
    parameters = value[1] if isinstance(value, tuple) else {}
    for name in {"stddev", "scale", "gain"} & parameters.keys():
        typed(name, FromZero, parameters[name])
    weights = made((2, 2)) if kind is keras.initializers else made(keras.ops.ones((2, 2)))
    if not np.isfinite(keras.ops.convert_to_numpy(weights)).all():
        raise ValueError("it gives numbers that are not finite")


def _names(kind: Any) -> list[str]:
    """Return the names by which Keras knows its initializers or regularizers, one of each."""
    known = {kind: TRUE_FANS} if kind is keras.initializers else {}
    for name in sorted(vars(kind)):  # "he_normal" after "HeNormal", and in its place
        with suppress(Exception):  # Keras raises anything for what it cannot make
            known[type(keras_object(kind, name))] = name
    return sorted(known.values())
