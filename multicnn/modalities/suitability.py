"""Defaults of a modality that depend on the examples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, Self

from multicnn.modalities import suggestions
from multicnn.modalities.finding import Finding
from multicnn.modalities.suggestions import Suggestion


class Suiting(Protocol):
    """The members of a preprocess that look at the examples before it is fitted; by default they make no difference."""

    @property
    def modality(self) -> str:
        """Name of the modality."""

    @classmethod
    def suited(cls, sources: Iterable[object]) -> Self:
        """Return the preprocess to take for examples with these sources, as `decode` takes them, where a recipe names none."""
        return cls()

    def doubts(self, sources: Iterable[object]) -> list[Finding]:
        """Return what is to be reported of examples with these sources, which this preprocess may not be meant for."""
        return []

    def suggested(
        self, examples: Iterable[tuple[object, str]], count: int, batch_size: int | None = None
    ) -> Suggestion:
        """Return the settings of a recipe that suit the data, where nothing is asked for.

        Args:
            examples: Some decoded training examples and their labels, in random order.
            count: Number of training examples.
            batch_size: Examples a step, where that is settled.
        """
        return suggestions.suggestion(self, examples, count, batch_size)
