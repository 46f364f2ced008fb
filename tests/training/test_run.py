"""A training leaves the process that called it as it was."""

import os
import random
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.reporters import Recorder

import multicnn


def state():
    """What the calling program may rely on."""
    from tensorflow.python.framework import config  # TensorFlow 2.21: there is no public way to ask

    return {
        "environment": dict(os.environ),
        "signals": {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)},
        "policy": keras.config.dtype_policy().name,
        "deterministic": config.is_op_determinism_enabled(),
        "folder": os.getcwd(),
    }


def drawn():
    return random.random(), np.random.rand(), float(tf.random.uniform(())), float(keras.random.uniform(()))


def test_train_leaves_the_process_as_it_was(tmp_path):
    users = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    keras.utils.set_random_seed(1)
    drawn()
    before, expected = state(), drawn()
    keras.utils.set_random_seed(1)
    drawn()
    for precision in ("float32", "mixed_bfloat16"):
        multicnn.train("digits", tmp_path / precision, model="linear", epochs=1, batch_size=512, precision=precision)
    multicnn.crossval("digits", tmp_path / "folds", folds=2, model="linear", epochs=1, batch_size=512)
    multicnn.dry_run("digits", model="linear", batch_size=512)
    assert drawn() == expected
    assert state() == before
    assert users.predict(np.ones((1, 2)), verbose=0).shape == (1, 1)


def test_an_interrupted_training_does_so_too_and_says_how_to_resume_it(tmp_path):
    before, reporter = state(), Recorder(interrupts=1)
    with pytest.raises(KeyboardInterrupt):
        multicnn.train("digits", tmp_path / "run", model="linear", epochs=1, reporter=reporter)
    assert state() == before
    assert reporter.lines[-1] == f"interrupted; resume with: multicnn train --resume {tmp_path / 'run'}"
