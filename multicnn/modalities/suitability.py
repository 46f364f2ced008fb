"""Defaults of a modality that depend on the examples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, Self

from multicnn.modalities.finding import Finding


class Suiting(Protocol):
    """The members of a preprocess that look at the examples before it is fitted; by default they make no difference."""

    @classmethod
    def suited(cls, sources: Iterable[object]) -> Self:
        """Return the preprocess to take for examples with these sources, as `decode` takes them, where a recipe names none."""
        return cls()

    def doubts(self, sources: Iterable[object]) -> list[Finding]:
        """Return what is to be reported of examples with these sources, which this preprocess may not be meant for."""
        return []
