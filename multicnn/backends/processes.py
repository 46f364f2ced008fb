"""Several processes that train one network together: what each of them does, and what they tell one another.

They are started as Keras's are, with its environment variables KERAS_DISTRIBUTION_JOB_ADDRESSES (host:port of each, or of the
first), KERAS_DISTRIBUTION_NUM_PROCESSES and KERAS_DISTRIBUTION_PROCESS_ID, under KERAS_BACKEND=jax; `multicnn train --workers`
starts some on this machine. All take the same steps with the same weights. Each decodes its share of the examples and prepares
its part of every batch; the first alone speaks and writes the run folder.

TensorFlow's `MultiWorkerMirroredStrategy` is not used: with Keras 3.15 and TensorFlow 2.21 `fit` fails in its first step
("Attempt to convert a value (PerReplica ...) with an unsupported type to a Tensor"). A loop of one's own does train under it.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from multicnn.backends import engine

_T = TypeVar("_T")


class Workers:
    """The processes of a run, seen from one of them; one alone is all of them.

    Attributes:
        index, count: Which of how many this is.
    """

    def __init__(self) -> None:
        self.index, self.count = engine.join()

    @property
    def first(self) -> bool:
        return self.index == 0

    def all_gather(self, value: _T) -> list[_T]:
        """The values that all have, in the order of the workers; all must ask."""
        return [value] if self.count == 1 else [pickle.loads(each) for each in engine.exchange(pickle.dumps(value))]

    def broadcast(self, make: Callable[[], _T]) -> _T:
        """What the first worker makes, for all; all must ask."""
        return self.all_gather(make() if self.first else None)[0]

    def any(self, value: _T | None) -> _T | None:
        """The first value that is not None, of all that the workers have."""
        return next((each for each in self.all_gather(value) if each is not None), None)

    def part(self, n: int, devices: int) -> slice:
        """This worker's part of a batch of n: all of it where all workers' devices, so many of each, cannot share it evenly."""
        if n % (self.count * devices):
            return slice(0, n)
        size = n // self.count
        return slice(self.index * size, (self.index + 1) * size)

    @contextmanager
    def folder(self, folder: Path) -> Iterator[Path]:
        """The run folder of the first worker; for the others a temporary copy, so that all begin with the same."""
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
