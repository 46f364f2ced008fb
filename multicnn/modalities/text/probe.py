"""Checks of texts: lengths, words that training does not know, and shingles for near duplicates."""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

import numpy as np

from multicnn.modalities.base import Examples, Probe
from multicnn.modalities.finding import Finding, about, listed, spread
from multicnn.modalities.near_duplicates import alike_sets

_SHINGLE = 5  # characters
_SAME = 0.8  # Jaccard index of the shingles
_UNKNOWN = 0.2  # share of the words of a split that training does not know
_LONG = 10  # times the median


class Tokenizing(Protocol):
    """The part of a `TextPreprocess` that the probe needs."""

    def decode(self, source: str | bytes) -> str:
        """Return the text of a source."""

    def tokens(self, raw: str) -> list[str]:
        """Return the words of a text."""


class TextProbe(Probe):
    """Lengths of each text, in place of a preprocess."""

    stored_dtype = np.dtype([("words", "i4"), ("characters", "i4")])

    def __init__(self, preprocess: Tokenizing):
        self.preprocess = preprocess

    def decode(self, source: Any) -> str:
        """Return the text.

        Raises:
            ValueError: It is not a usable text.
        """
        return self.preprocess.decode(source)

    def example(self, raw: str) -> np.ndarray:
        """Return the record of one text: `stored_dtype`, shape ()."""
        return np.array((len(self.preprocess.tokens(raw)), len(raw)), self.stored_dtype)

    def findings(self, examples: Examples, rows: np.ndarray, records: np.ndarray) -> list[Finding]:
        """Return the findings about the measurements of these rows."""
        words = records["words"]
        short = words <= 1
        long = rows[words > _LONG * max(np.median(words), 1)]
        return [
            Finding("lengths", f"{spread(words, ' words')}; {spread(records['characters'], ' characters')}", False),
            *about("short texts", rows[short], "are one token, or none", bool(short.mean() > _UNKNOWN), of=len(rows)),
            *about("long texts", long, f"are over {_LONG} times as long as the median", False, of=len(rows)),
            *self._unknown(examples, rows),
        ]

    def alike(self, examples: Examples, rows: np.ndarray, records: np.ndarray) -> np.ndarray:
        """Return pairs of indices into `rows` of texts that are nearly the same: a word more or less, other case or punctuation."""
        return alike_sets([self._shingles(self.preprocess.decode(examples.raw_source(row))) for row in rows], _SAME)

    def _shingles(self, text: str) -> set[str]:
        words = [token for token in self.preprocess.tokens(text) if any(letter.isalnum() for letter in token)]
        letters = " ".join(words)
        return {letters[i : i + _SHINGLE] for i in range(max(len(letters) - _SHINGLE + 1, bool(letters)))}

    def _unknown(self, examples: Examples, rows: np.ndarray) -> list[Finding]:
        """Return a finding for each other split: the share of its words that no training text has."""
        splits = examples.table["split"].to_numpy(dtype=object)[rows]
        counted: dict[str, Counter] = {}
        for row, split in zip(rows, splits):
            counted.setdefault(split, Counter()).update(
                self.preprocess.tokens(self.preprocess.decode(examples.raw_source(row)))
            )
        known = counted.pop("train", None)
        if known is None:
            return []
        findings = []
        for split, words in sorted(counted.items()):
            strange = Counter({word: count for word, count in words.items() if word not in known})
            share = strange.total() / max(words.total(), 1)
            message = f"{share:.1%} of the words of the {split} split are in no training text"
            message += f", such as {listed(strange.elements(), 4)}" if strange else ""
            findings.append(Finding("unknown words", message, share > _UNKNOWN))
        return findings
