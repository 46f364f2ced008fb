"""Marks of examples that lost something when they were decoded, and the findings about them."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np

from multicnn.modalities.finding import Finding, about


class Mark(enum.IntFlag):
    """Changes of an example on its way to the stored form."""

    NONE = 0
    CONSTANT = 1  # nothing is left that the network could tell from another
    CUT = 2  # it was longer than what is stored
    PADDED = 4  # it was shorter
    ARRAY = 8  # it was given as numbers in memory, not as a file
    INCOMPLETE = 16  # some of its inputs cannot be read


Source: TypeAlias = Any  # what the `decode` of a modality takes
Marked: TypeAlias = tuple[list[np.ndarray | str], list[Mark]]  # stored examples or reasons, and the mark of each


class Marking(Protocol):
    """The members of a preprocess that report what its decoding did; by default nothing."""

    length_field: ClassVar[str] = ""  # the field of a recipe that decides beyond what length an example is cut

    def examples_of(self, sources: Sequence[Source]) -> list[np.ndarray | str]:
        """Return the stored example of each source, or the reason why there is none."""

    def marked_examples_of(self, sources: Sequence[Source]) -> Marked:
        """Return `examples_of` these sources and the mark of each."""
        examples = self.examples_of(sources)
        return examples, [Mark.NONE] * len(examples)

    def marked(self, marks: np.ndarray, rows: np.ndarray) -> list[Finding]:
        """Return what is to be reported of the marks, uint8 (n,), of the examples in these rows, int64 (n,)."""
        return []

    def remark(self, raw: Source, examples: Sequence[np.ndarray]) -> str:
        """Return why the windows of one decoded input tell the network nothing, in words; "" where they do.

        Args:
            raw: What `decode` gave of it.
            examples: The stored example of each of its windows.
        """
        return ""


def constant(marks: np.ndarray, rows: np.ndarray, what: str) -> list[Finding]:
    """Return the finding that some examples became constant.

    Args:
        marks: uint8 (n,), the mark of each example.
        rows: int64 (n,), the row of each in its manifest.
        what: What they are as a predicate, the causes to look for, and what to do.
    """
    return about("constant examples", rows[(marks & Mark.CONSTANT) > 0], what, of=len(rows))


def of_arrays(examples: Sequence[np.ndarray | str], constant: np.ndarray, cut: np.ndarray | None = None) -> list[Mark]:
    """Return the mark of each example, of which `constant` and `cut`, bool (n,), say of those that are arrays what they became."""
    marks = np.where(constant, Mark.CONSTANT, Mark.NONE) | (0 if cut is None else np.where(cut, Mark.CUT, Mark.NONE))
    made = {int(value): Mark(int(value)) for value in np.unique(marks)}  # one by one they take longer than a text
    answers = iter(marks.tolist())
    return [made[next(answers)] if isinstance(example, np.ndarray) else Mark.NONE for example in examples]
