"""The exponential moving average of the weights, where the optimizer keeps one, in the place of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from multicnn.backends import keras_private


def average(network: keras.Model) -> None:
    """Gives the network the averaged weights for good, if its optimizer keeps any.

    The statistics of batch normalisation are averages of their own and stay as they are.
    """
    if _is_kept(network.optimizer):
        network.optimizer.finalize_variable_values(_averaged_variables(network.optimizer))


@contextmanager
def averaged(network: keras.Model) -> Iterator[None]:
    """Inside, the network has the averaged weights, if its optimizer keeps any; afterwards those that it trains."""
    variables = _averaged_variables(network.optimizer) if _is_kept(network.optimizer) else []
    trained = [np.array(variable) for variable in variables]
    average(network)
    try:
        yield
    finally:
        for variable, value in zip(variables, trained):
            variable.assign(value)


def _averaged_variables(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """Those that it was built for, of which some may be frozen still; Keras does not tell them otherwise."""
    return keras_private.optimized_variables(getattr(optimizer, "inner_optimizer", optimizer))


def _is_kept(optimizer: keras.optimizers.Optimizer) -> bool:
    keeps = getattr(optimizer, "inner_optimizer", optimizer).use_ema  # under float16 it is wrapped
    return keeps and int(np.array(optimizer.iterations)) > 0  # before the first update the average is 0
