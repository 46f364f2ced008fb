"""The operations that each Keras backend does in its own way: one module for each backend, with the same functions.

`engine` is the module of the backend in use (KERAS_BACKEND). Reading and preprocessing are TensorFlow's under both.
"""

from __future__ import annotations

import importlib
from types import ModuleType

_BACKENDS = ("jax", "tensorflow")


def __getattr__(name: str) -> ModuleType:
    """Import `engine` when it is first asked for: `blocks` needs `keras_private` where no backend's package is installed."""
    if name != "engine":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import keras

    backend = keras.backend.backend()
    if backend not in _BACKENDS:
        raise ValueError(f"KERAS_BACKEND must be one of {_BACKENDS}. Received: KERAS_BACKEND={backend!r}")
    globals()["engine"] = module = importlib.import_module(f"multicnn.backends.{backend}")
    return module
