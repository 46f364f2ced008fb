"""The exponential moving average of the weights, where the optimizer keeps one, instead of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from multicnn.backends import keras_private


def average(network: keras.Model) -> None:
    """Load the averaged weights into the network for good, if its optimizer keeps any.

    The statistics of batch normalisation are averages of their own and stay as they are.
    """
    if _has_average(network.optimizer):
        network.optimizer.finalize_variable_values(_averaged_variables(network.optimizer))


@contextmanager
def averaged(network: keras.Model) -> Iterator[None]:
    """Load the averaged weights for the time of the block, if the optimizer keeps any; afterwards those that it trains."""
    variables = _averaged_variables(network.optimizer) if _has_average(network.optimizer) else []
    trained = [np.array(variable) for variable in variables]
    average(network)
    try:
        yield
    finally:
        for variable, value in zip(variables, trained):
            variable.assign(value)


def _averaged_variables(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """Return the variables that the optimizer was built for, of which some may still be frozen."""
    return keras_private.optimized_variables(getattr(optimizer, "inner_optimizer", optimizer))


def _has_average(optimizer: keras.optimizers.Optimizer) -> bool:
    keeps = getattr(optimizer, "inner_optimizer", optimizer).use_ema  # under float16 it is wrapped
    return keeps and int(np.array(optimizer.iterations)) > 0  # before the first update the average is 0
