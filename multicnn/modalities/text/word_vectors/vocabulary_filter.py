"""Choose the words of a file of vectors that are loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection


class VocabularyFilter:
    """Chooses words one after the other, in the order of the file.

    Args:
        vocabulary: The words that are wanted; None wants every word.
        size: The largest number of words, those of the vocabulary counted whether the file has them or not: what room they
            leave, the first others of the file fill. None adds no others, or sets no limit without a vocabulary.
        normalize: Returns what a word of the file is called in the vocabulary, or None for one that can never be in it; a
            word spelt as the vocabulary spells it is preferred.
    """

    def __init__(
        self,
        vocabulary: Collection[str] | None = None,
        size: int | None = None,
        normalize: Callable[[str], str | None] | None = None,
    ):
        self.wanted = None if vocabulary is None else set(vocabulary)
        self.normalize = normalize
        if self.wanted is None:
            self.room: float = float("inf") if size is None else size
        else:
            self.room = 0 if size is None else max(0, size - len(self.wanted))
        self.exact: dict[str, bool] = {}  # True for a chosen word that the file spells as it is called

    @property
    def full(self) -> bool:
        """True if no further word can be chosen."""
        return self.wanted is None and self.room <= 0

    def name(self, word: str) -> str | None:
        """Return the name of a chosen word, whose vector replaces an earlier one of that name; None for a word to skip."""
        name: str | None = word
        if self.normalize is not None and (self.wanted is None or word not in self.wanted):
            name = self.normalize(word)
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
