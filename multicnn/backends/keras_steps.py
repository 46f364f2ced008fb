"""Bound the steps that Keras takes one by one where it applies a layer along time.

`TimeDistributed`, and recurrent layers with `unroll`, are copied into the graph once for each step: a network whose file says that
it has a million of them takes hours, and all memory, to trace.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator

import keras

from multicnn.utils import limits

_PATCHING = threading.RLock()
_LOOP = 50  # steps of a loop in the graph, which is not unrolled, take the time of one that is


def _distributed(layer: keras.layers.TimeDistributed, steps: int) -> int:
    return steps


def _recurrent(layer: keras.layers.RNN, steps: int) -> int:
    cells = len(getattr(layer.cell, "cells", ())) or 1  # of StackedRNNCells
    return cells * steps if layer.unroll else cells * steps // _LOOP


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Stop what this thread builds or traces in the block where it takes more steps than `layer_steps`.

    Raises:
        LimitError: It has taken them.
    """
    thread, taken = threading.get_ident(), 0
    stopped: limits.LimitError | None = None

    def counting(original: Callable, count: Callable[[keras.Layer, int], int]) -> Callable:
        @functools.wraps(original)  # Keras reads the signature of a layer that is made in the block
        def call(layer: keras.Layer, *arguments: keras.KerasTensor, **options: keras.KerasTensor) -> object:
            nonlocal taken, stopped
            shape = next(iter((*arguments, *options.values()))).shape
            steps = shape[1] if len(shape) > 1 else None
            if threading.get_ident() == thread and steps is not None:
                taken += count(layer, int(steps))
                try:
                    limits.check("layer_steps", taken, f"long: its network takes {taken:,} steps one by one")
                except limits.LimitError as error:
                    stopped = error
                    raise
            return original(layer, *arguments, **options)

        return call

    patched = ((keras.layers.TimeDistributed, _distributed), (keras.layers.RNN, _recurrent))
    with _PATCHING:
        originals = [kind.call for kind, _ in patched]
        for (kind, count), original in zip(patched, originals, strict=True):
            kind.call = counting(original, count)
        try:
            yield
        except Exception:
            if stopped is not None:  # Keras puts the layers around it
                raise stopped from None
            raise
        finally:
            for (kind, _), original in zip(patched, originals, strict=True):
                kind.call = original
