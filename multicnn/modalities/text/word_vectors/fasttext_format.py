"""Read fastText's own `.bin` files, mapped into memory: words, and the n-grams that make vectors for other words.

The layout is that of `FastText::saveModel` in fastText's source (versions 11 and 12, and the one before them, which has no
magic number): header, dictionary, input matrix with a row for each word and each bucket of n-grams.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

import numpy as np

from multicnn.modalities.text.word_vectors.vectors import WordVectors
from multicnn.modalities.text.word_vectors.vocabulary_filter import VocabularyFilter
from multicnn.utils import regular_files

MAGIC = 793712314
_ARGUMENTS = 12  # dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket, minn, maxn, lrUpdateRate


def read_facebook(path: Path, choice: VocabularyFilter) -> WordVectors:
    """Read the vectors of the chosen words; others are composed from n-grams on demand.

    Args:
        path: The `.bin` file.
        choice: The filter of the words to load.

    Raises:
        ValueError: The file is cut, quantised, or no fastText model.
    """
    with regular_files.opened(path) as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        dims, bucket, shortest, longest, words, start = _head(data)
    except (struct.error, ValueError) as error:
        raise ValueError(f"cut or damaged fastText file: {error}") from None
    (count, columns), start = struct.unpack_from("<qq", data, start), start + 16
    if columns != dims or count < len(words) or start + 4 * count * columns > len(data):
        raise ValueError(f"cut fastText file: {count:,} x {columns:,} numbers were announced")
    model = _Subwords(
        np.frombuffer(data, "<f4", count * columns, start).reshape(count, columns),
        len(words),
        bucket,
        shortest,
        longest,
    )
    rows: dict[str, int] = {}
    for row, word in enumerate(words):
        if choice.full:
            break
        if (name := choice.name(word)) is not None:
            rows[name] = row
    vectors = np.zeros((len(rows), dims), np.float32)
    for i, row in enumerate(rows.values()):
        vectors[i] = model.mean(words[row], row)
    return WordVectors(tuple(rows), vectors, model.compose if bucket and longest else None)


def _head(data: mmap.mmap) -> tuple[int, int, int, int, list[str], int]:
    """Return dims, buckets, shortest and longest n-gram, the words, and the offset of the matrix's shape."""
    (magic,) = struct.unpack_from("<i", data)
    new = magic == MAGIC
    at = 8 if new else 0
    arguments = struct.unpack_from(f"<{_ARGUMENTS}i", data, at)
    dims, bucket, shortest, longest = arguments[0], *arguments[8:11]
    at += 4 * _ARGUMENTS + 8
    size, count, _ = struct.unpack_from("<3i", data, at)
    if not (
        0 < dims < 2**20 and 0 <= count <= size and 0 <= bucket and 0 <= shortest <= max(longest, shortest) < 2**10
    ):
        raise ValueError("its header makes no sense")
    at += 12 + 8
    pruned = 0
    if new:
        (pruned,), at = struct.unpack_from("<q", data, at), at + 8
    words = []
    for _ in range(size):
        end = data.find(b"\0", at)
        if end < 0:
            raise ValueError("the list of words has no end")
        label = struct.unpack_from("<qb", data, end + 1)[1]
        if not label:  # a supervised model's labels follow its words
            words.append(data[at:end].decode("utf-8", "backslashreplace"))
        at = end + 1 + 9
    at += 8 * max(pruned, 0)
    if new:
        if data[at]:
            raise ValueError("quantised models (.ftz) are not read")
        at += 1
    return dims, bucket, shortest, longest, words, at


class _Subwords:
    """The input matrix of a model, and how the vector of a word comes from it."""

    def __init__(self, matrix: np.ndarray, words: int, bucket: int, shortest: int, longest: int) -> None:
        self.matrix, self.words, self.bucket = matrix, words, bucket
        self.shortest, self.longest = shortest, longest

    def _rows(self, word: str) -> list[int]:
        from gensim.models.fasttext import ft_ngram_hashes

        if not self.bucket or not self.longest:
            return []
        return [self.words + h for h in ft_ngram_hashes(word, self.shortest, self.longest, self.bucket)]

    def mean(self, word: str, row: int) -> np.ndarray:
        """Return the vector of a word of the dictionary: the mean of its own and its n-grams'."""
        return self.matrix[[row, *self._rows(word)]].mean(axis=0, dtype=np.float32)

    def compose(self, word: str) -> np.ndarray | None:
        """Return the vector of any other word: the mean of its n-grams', None if it has none."""
        rows = self._rows(word)
        return self.matrix[rows].mean(axis=0, dtype=np.float32) if rows else None
