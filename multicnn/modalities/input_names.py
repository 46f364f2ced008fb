"""The part of a modality that knows of several inputs in one example."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np


class NamedInputs(Protocol):
    """The members of a preprocess whose examples have several named inputs, some of them missing; by default there is one."""

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs of an example; none where it is one input."""
        return ()

    def only(self, examples: np.ndarray, names: Iterable[str]) -> np.ndarray:
        """Return stored examples (n, ...) in which no other inputs than these are given."""
        return examples

    def given(self, examples: np.ndarray) -> np.ndarray:
        """Return which inputs stored examples (n, ...) have: bool (n, inputs)."""
        return np.ones((len(examples), 1), bool)

    def problems(self, source: object) -> Mapping[str, str]:
        """Return which inputs of a source that can be decoded cannot be read, and why."""
        return {}
