"""Perturbations of texts: typing errors, words swapped, words that nobody knows, another casing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from multicnn.modalities.perturbations import Perturbations, Sweep

if TYPE_CHECKING:
    from multicnn.modalities.text.preprocess import TextPreprocess

_CONSONANTS = list("bcdfghjklmnpqrstvwxz")
_LETTERS = list("abcdefghijklmnopqrstuvwxyz")
_CASES = {"lower": str.lower, "upper": str.upper, "title": str.title}
_SPACE = re.compile(r"(\s+)")


class TextPerturbations(Perturbations):
    """Perturbations of texts.

    Args:
        preprocess: The fitted preprocess.
    """

    not_attacked: ClassVar[str] = "the network reads token ids, which have no gradient"

    def __init__(self, preprocess: TextPreprocess):
        super().__init__(preprocess)
        self._preprocess = preprocess

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """Typos, swapped words, unknown words, casing."""
        return (
            Sweep("typos", "", (0, 1, 2, 4), with_typos),
            Sweep("swapped words", "pairs", (1, 2, 4), with_swapped_words),
            Sweep("unknown words", "", (1, 2, 4), self._with_unknown_words),
            Sweep("casing", "", tuple(_CASES), lambda text, case, rng: _CASES[case](text)),
        )

    def file(self, raw: str) -> tuple[str, bytes]:
        """Return UTF-8."""
        return ".txt", raw.encode()

    def _with_unknown_words(self, text: str, count: float, rng: np.random.Generator) -> str:
        """Return a text in which so many words are others, which are not in the vocabulary."""
        known = set(self._preprocess.vocabulary)
        words = _SPACE.split(text)
        for i in _some([i for i in range(0, len(words), 2) if words[i]], count, rng):
            words[i] = _invented(rng)
            while words[i] in known:
                words[i] = _invented(rng)
        return "".join(words)


def with_typos(text: str, count: float, rng: np.random.Generator) -> str:
    """Return a text with so many typing errors inside words: a letter doubled, left out, replaced, or swapped with the next."""
    characters = list(text)
    inside = [i for i in range(len(text) - 1) if text[i].isalpha() and text[i + 1].isalpha()]
    for i in sorted(_some(inside, count, rng), reverse=True):
        change = rng.integers(4)
        if change == 0:
            characters[i : i + 1] = [characters[i], characters[i]]
        elif change == 1:
            del characters[i]
        elif change == 2:
            characters[i] = rng.choice([letter for letter in _LETTERS if letter != characters[i].lower()])
        else:
            characters[i], characters[i + 1] = characters[i + 1], characters[i]
    return "".join(characters)


def with_swapped_words(text: str, pairs: float, rng: np.random.Generator) -> str:
    """Return a text in which so many words have changed places with the next."""
    words = _SPACE.split(text)
    for i in _some([i for i in range(0, len(words) - 2, 2) if words[i] and words[i + 2]], pairs, rng):
        words[i], words[i + 2] = words[i + 2], words[i]
    return "".join(words)


def _some(positions: list[int], count: float, rng: np.random.Generator) -> list[int]:
    return [int(i) for i in rng.permutation(positions)[: int(count)]]


def _invented(rng: np.random.Generator) -> str:
    return "".join(rng.choice(_CONSONANTS, 8))
