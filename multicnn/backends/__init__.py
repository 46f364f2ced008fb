"""What each backend of Keras does in its own way: a module for each, with the same functions.

`engine` is the module of the backend in use (KERAS_BACKEND). Reading and preprocessing are TensorFlow's under both.
"""

import importlib

import keras

_BACKENDS = ("jax", "tensorflow")
if keras.backend.backend() not in _BACKENDS:
    raise ValueError(f"KERAS_BACKEND must be one of {_BACKENDS}. Received: KERAS_BACKEND={keras.backend.backend()!r}")
engine = importlib.import_module(f"multicnn.backends.{keras.backend.backend()}")
