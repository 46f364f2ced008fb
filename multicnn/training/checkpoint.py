"""The state of a run in a file, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


def save(path: Path, variables: Sequence[Any]) -> None:
    """Writes the values of Keras variables, in their order, to an .npz file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with open(part, "wb") as file:
        np.savez(file, **{f"{i:05d}": np.asarray(variable) for i, variable in enumerate(variables)})
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def restore(path: Path, variables: Sequence[Any]) -> None:
    """Gives Keras variables the values that `save` wrote of the same variables.

    Raises:
        ValueError: The file holds another number of values.
    """
    with np.load(path) as values:
        if len(values.files) != len(variables):
            raise ValueError(
                f"`path` holds {len(values.files)} values for {len(variables)} variables. Received: path={str(path)!r}"
            )
        for variable, name in zip(variables, sorted(values.files)):
            variable.assign(values[name])
