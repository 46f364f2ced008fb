"""Refuse to compute in a forked process whose parent has computed: it would wait forever for threads that no fork copies."""

from __future__ import annotations

import os

from multicnn.backends import keras_private

_broken = False


def _note_fork() -> None:
    global _broken
    _broken = _broken or keras_private.runtime_started()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_note_fork)


def cannot_compute() -> bool:
    """Return whether this process was forked from one in which TensorFlow or JAX had started."""
    return _broken


def check() -> None:
    """Raise RuntimeError in a process that cannot compute; the message says what to do."""
    if cannot_compute():
        raise RuntimeError(
            "TensorFlow cannot compute in a process that was forked after its start: start workers by spawn "
            '(multiprocessing.get_context("spawn"), or joblib\'s "loky"), or load the predictor in the workers alone'
        )
