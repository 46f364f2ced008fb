"""Several processes that train one network together: their roles and how they communicate.

They are started like Keras's, with its environment variables KERAS_DISTRIBUTION_JOB_ADDRESSES (host:port of each, or of the
first), KERAS_DISTRIBUTION_NUM_PROCESSES and KERAS_DISTRIBUTION_PROCESS_ID, under KERAS_BACKEND=jax; `multicnn train --workers`
starts some on this machine. All take the same steps with the same weights. Each decodes its shard of the examples and prepares
its shard of every batch; only the first one reports and writes the run folder.

TensorFlow's `MultiWorkerMirroredStrategy` is not used: with Keras 3.15 and TensorFlow 2.21 `fit` fails in its first step
("Attempt to convert a value (PerReplica ...) with an unsupported type to a Tensor"). A custom loop does train under it.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

from multicnn.backends import engine

_T = TypeVar("_T")


class Workers:
    """The processes of a run, seen from one of them; a single process is a run of one worker.

    Attributes:
        index: Index of this worker, from 0.
        count: Number of workers.
    """

    def __init__(self) -> None:
        self.index, self.count = engine.join()

    @property
    def first(self) -> bool:
        """True for the worker that reports and writes the run folder."""
        return self.index == 0

    def all_gather(self, value: _T) -> list[_T]:
        """Return the values of all workers, in their order; all must call it."""
        return [value] if self.count == 1 else [pickle.loads(each) for each in engine.exchange(pickle.dumps(value))]

    def broadcast(self, make: Callable[[], _T]) -> _T:
        """Return the value that the first worker makes; all must call it."""
        value = make() if self.first else None
        return cast("_T", self.all_gather(value)[0])

    def any(self, value: _T | None) -> _T | None:
        """Return the first value of the workers that is not None, or None; all must call it."""
        return next((each for each in self.all_gather(value) if each is not None), None)

    def shard(self, n: int, devices: int) -> slice:
        """Return this worker's slice of a batch of n examples: all of it if n is no multiple of the number of all devices."""
        if n % (self.count * devices):
            return slice(0, n)
        size = n // self.count
        return slice(self.index * size, (self.index + 1) * size)

    @contextmanager
    def folder(self, folder: Path) -> Iterator[Path]:
        """Yield the run folder to the first worker, and a temporary copy of it to the others."""
        files = self.broadcast(lambda: _contents(folder)) if self.count > 1 else {}
        if self.first:
            yield folder
            return
        with tempfile.TemporaryDirectory(prefix="multicnn-") as copy:
            for name, contents in files.items():
                path = Path(copy) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(contents)
            yield Path(copy)


def _contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
