"""Logits and metrics of a network on the loaded examples of a run."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np

from multicnn.backends.processes import Workers
from multicnn.data.manifest import Manifest
from multicnn.data.store import Store
from multicnn.predictor import Predictor, recorded

_CHUNK = 512  # examples in memory at once


class Evaluator:
    """Evaluates a network on stored examples, during training and afterwards; workers share the examples.

    Args:
        predictor: The predictor, with the preprocess of the store.
        store: The examples.
        manifest: The manifest of the examples.
        workers: The processes that train together.
    """

    def __init__(self, predictor: Predictor, store: Store, manifest: Manifest, workers: Workers):
        self._predictor, self._store, self._manifest, self._workers = predictor, store, manifest, workers

    def of(self, output: keras.KerasTensor) -> Evaluator:
        """Return an evaluator whose logits are another tensor inside the network, float32 (batch, ...)."""
        network = keras.Model(self._predictor.network.input, output)
        predictor = dataclasses.replace(self._predictor, network=network)
        return Evaluator(predictor, self._store, self._manifest, self._workers)

    def metrics(self, split: str) -> dict[str, Any]:
        """Return the metrics of the task on a split."""
        rows, task = self._manifest.rows(split), self._manifest.task
        return task.summary(task.counts(self.logits(rows), self._manifest.truth(rows)))

    @property
    def predictor(self) -> Predictor:
        """The predictor, with the preprocess of the store."""
        return self._predictor

    def inputs(self, rows: np.ndarray) -> np.ndarray:
        """Return the network's inputs of these rows of the manifest, (n, *input_shape)."""
        return np.asarray(self._predictor.preprocess.finish(self._store.gather(rows)))

    def logits(self, rows: np.ndarray) -> np.ndarray:
        """Return float32 (n, classes) for these rows, or the records of a task that has them; every worker gets all of them."""
        own = self._own_logits(np.array_split(rows, self._workers.count)[self._workers.index])
        return np.concatenate(self._workers.all_gather(own))

    def _own_logits(self, rows: np.ndarray) -> np.ndarray:
        if self._manifest.task.recorded:
            return recorded(self._predictor, self._store, self._manifest, rows)
        chunks = np.array_split(rows, -(-len(rows) // _CHUNK) or 1)
        return np.concatenate([self._predictor.logits(self._store.gather(chunk)) for chunk in chunks])
