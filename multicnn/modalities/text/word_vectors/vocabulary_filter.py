"""Which words of a file of vectors are kept."""

from __future__ import annotations

from collections.abc import Callable, Collection


class VocabularyFilter:
    """Chooses words as they come, in the order of the file.

    Args:
        vocabulary: Words that are wanted; None wants every word.
        size: Most words, those of the vocabulary counted whether the file has them or not: what room they leave, the first
            others of the file fill. None is no others, or without a vocabulary no limit.
        normalise: What a word of the file is called in the vocabulary, or None for one that can never be in it; a word
            spelt as the vocabulary spells it is preferred.
    """

    def __init__(
        self,
        vocabulary: Collection[str] | None = None,
        size: int | None = None,
        normalise: Callable[[str], str | None] | None = None,
    ):
        self.wanted = None if vocabulary is None else set(vocabulary)
        self.normalise = normalise
        if self.wanted is None:
            self.room = float("inf") if size is None else size
        else:
            self.room = 0 if size is None else max(0, size - len(self.wanted))
        self.exact: dict[str, bool] = {}  # the words kept, and whether the file spells them so

    @property
    def full(self) -> bool:
        """Whether no word that follows can be kept."""
        return self.wanted is None and self.room <= 0

    def name(self, word: str) -> str | None:
        """The name under which to keep the vector of a word, in the place of an earlier one of that name; None to skip it."""
        name = word
        if self.normalise is not None and (self.wanted is None or word not in self.wanted):
            name = self.normalise(word)
            if name is None:
                return None
        if name in self.exact:
            if self.exact[name] or name != word:
                return None
        elif self.wanted is None or name not in self.wanted:
            if self.room <= 0:
                return None
            self.room -= 1
        self.exact[name] = name == word
        return name
