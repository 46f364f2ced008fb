"""The global random state of a process, which a library call leaves as it was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from multicnn.backends import keras_private


@contextmanager
def preserved() -> Iterator[None]:
    """Restore the random state of Python, NumPy, Keras and TensorFlow, and TensorFlow's determinism, after the block."""
    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        with keras_private.preserved_seeds():
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)
