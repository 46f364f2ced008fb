"""Checkpoints: the whole state of a run in one file, written atomically; the last two are kept.

The file is an .npz archive: `head`, plain data and the number of arrays as JSON, then the arrays by name and number. The
archive holds the CRC-32 of each, so damage is detected before anything is loaded.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from multicnn.utils import archives
from multicnn.utils.files import atomic_file

_NAME = "epoch-{:05d}-step-{:07d}.npz"
FIRST = _NAME.format(0, 0)  # before the first step
_SHARE = 0.02  # of the time, at most, goes into saving


class Damaged(ValueError):
    """A file is no complete checkpoint."""


class Checkpoints:
    """The checkpoints of a run.

    Args:
        folder: A folder that holds nothing else.
        log: Called with a warning of one line for a damaged checkpoint.
        seconds: Seconds between two checkpoints within an epoch, about; more where saving would cost over 2 % of the time.
        steps: Number of steps between two checkpoints within an epoch, whatever they cost; `seconds` is then unused.
    """

    def __init__(self, folder: Path, log: Callable[[str], None], seconds: float = 60.0, steps: int | None = None):
        self.folder, self.log, self.seconds, self.steps = folder, log, seconds, steps
        self.saved: list[Path] = []  # known to be good, the newest last
        self._cost, self._saved_at = 0.0, time.perf_counter()

    def due(self, step: int) -> bool:
        """Return True if it is time to save, after so many steps of an epoch; 0 is the end of an epoch."""
        if self.steps is not None:
            return step % self.steps == 0
        waited = time.perf_counter() - self._saved_at
        return waited >= max(self._cost / _SHARE, self.seconds if step else 0.0)

    def save(self, epoch: int, step: int, plain: Mapping[str, Any], arrays: Mapping[str, Sequence[Any]]) -> None:
        """Save the state from which a run resumes with a step of an epoch, and delete all checkpoints but the last two.

        Raises:
            OSError: The file cannot be written; the last good checkpoint is left, and named.
        """
        path = self.folder / _NAME.format(epoch, step)
        if path in self.saved[-1:]:
            return
        started = time.perf_counter()
        try:
            with atomic_file(path) as part:
                write(part, plain, arrays)
        except OSError as error:
            last = f"the last good checkpoint is {self.saved[-1].name}" if self.saved else "there is no checkpoint yet"
            raise OSError(
                f"{error}; {last}. Once it can be written, resume with --resume {self.folder.parent}"
            ) from error
        self.saved = [*self.saved[-1:], path]
        for other in self._all():
            if other not in self.saved:
                other.unlink()
        self._saved_at = time.perf_counter()
        self._cost = self._saved_at - started

    def newest(self) -> tuple[dict[str, Any], dict[str, list[np.ndarray]]] | None:
        """Return the newest undamaged checkpoint, as `read` does; None where nothing was saved yet.

        Raises:
            ValueError: There are checkpoints, and all of them are damaged.
        """
        paths = self._all()
        for path in reversed(paths):
            try:
                state = read(path)
            except Damaged as error:
                self.log(f"{error}; going back to the checkpoint before it")
                continue
            self.saved = [path]
            return state
        if paths:
            raise ValueError(
                f"`resume` needs a whole checkpoint, all are damaged. Received: resume={str(self.folder.parent)!r}"
            )
        return None

    def _all(self) -> list[Path]:
        """Return the files in their order in time."""
        return sorted(self.folder.glob("epoch-*.npz"), key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)])


def write(path: Path, plain: Mapping[str, Any], arrays: Mapping[str, Sequence[Any]]) -> None:
    """Write plain data and lists of arrays (or Keras variables) by name."""
    head = {"plain": plain, "arrays": {name: len(values) for name, values in arrays.items()}}
    members: dict[str, Any] = {"head": np.frombuffer(json.dumps(head).encode(), np.uint8)}
    for name, values in arrays.items():
        members |= {f"{name}/{i:05d}": np.asarray(value) for i, value in enumerate(values)}
    with open(path, "wb") as file:
        np.savez(file, **members)


def read(path: Path) -> tuple[dict[str, Any], dict[str, list[np.ndarray]]]:
    """Return the plain data and the arrays that `write` wrote.

    Raises:
        Damaged: The file is no complete checkpoint.
    """
    try:
        members = archives.read_npz(path)  # which compares all checksums
        head = json.loads(members["head"].tobytes())
        arrays = {name: [members[f"{name}/{i:05d}"] for i in range(n)] for name, n in head["arrays"].items()}
    except Exception as error:  # a broken archive raises anything
        raise Damaged(f"{path} is damaged ({error})") from error
    return head["plain"], arrays


def assign(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    """Assign values to variables.

    Raises:
        ValueError: Their number or their shapes differ.
    """
    if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
        raise ValueError(
            f"the checkpoint holds {len(values)} arrays that do not fit the {len(variables)} of this network"
        )
    for variable, value in zip(variables, values):
        variable.assign(value)
