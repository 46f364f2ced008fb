"""The global state of a process that a library call leaves as it was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from multicnn.backends import keras_private, keras_settings


@contextmanager
def preserved() -> Iterator[None]:
    """Restore the random state of Python, NumPy, Keras and TensorFlow, and TensorFlow's determinism, after the block.

    Within it Keras's global settings are the standard ones.
    """
    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        with keras_private.preserved_seeds(), keras_settings.standard():
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)
