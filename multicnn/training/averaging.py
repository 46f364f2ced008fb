"""The exponential moving average of the weights, where the optimizer keeps one, in the place of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np


def average(network: keras.Model) -> None:
    """Gives the network the averaged weights for good, if its optimizer keeps any.

    The statistics of batch normalisation are averages of their own and stay as they are.
    """
    if _is_kept(network.optimizer):
        network.optimizer.finalize_variable_values(network.trainable_variables)


@contextmanager
def averaged(network: keras.Model) -> Iterator[None]:
    """Inside, the network has the averaged weights, if its optimizer keeps any; afterwards those that it trains."""
    trained = [np.array(v) for v in network.trainable_variables] if _is_kept(network.optimizer) else []
    average(network)
    try:
        yield
    finally:
        for variable, value in zip(network.trainable_variables, trained):
            variable.assign(value)


def _is_kept(optimizer: keras.optimizers.Optimizer) -> bool:
    keeps = getattr(optimizer, "inner_optimizer", optimizer).use_ema  # under float16 it is wrapped
    return keeps and int(optimizer.iterations) > 0  # before the first update the average is 0
