"""Word vectors as a value: words, a matrix, and what composes the vector of a word that has none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

SUFFIXES = (".txt", ".vec", ".bin", ".npy")  # that `WordVectors.save` knows


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words and their vectors.

    Attributes:
        words: The words in the order of the file, as a rule the most frequent first.
        vectors: float32, shape (words, dims), perhaps mapped from a file.
        compose: Returns the vector of a word that is not among `words`, from its character n-grams (fastText), or None if it has
            none of them; None for vectors that know whole words only.
    """

    words: tuple[str, ...]
    vectors: np.ndarray
    compose: Callable[[str], np.ndarray | None] | None = None

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.words) != len(self.vectors):
            shape = self.vectors.shape
            raise ValueError(
                f"vectors must be one row a word. Received: words={len(self.words)}, vectors.shape={shape}"
            )

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.index

    @property
    def dims(self) -> int:
        """Number of elements of a vector."""
        return self.vectors.shape[1]

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each word."""
        return {word: row for row, word in enumerate(self.words)}

    def vector(self, word: str) -> np.ndarray:
        """Return the vector of a word, from its subwords if it is not among the words: float32, shape (dims,).

        Args:
            word: The word, spelt as in the file.

        Raises:
            ValueError: The word has no vector.
        """
        row = self.index.get(word)
        if row is not None:
            return np.asarray(self.vectors[row])
        composed = self.compose(word) if self.compose else None
        if composed is None:
            raise ValueError(
                f"`word` must be one of the {len(self):,} words that have a vector. Received: word={word!r}"
            )
        return composed

    @cached_property
    def _units(self) -> np.ndarray:
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        return (self.vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)

    def nearest(self, word: str, count: int = 10) -> list[tuple[str, float]]:
        """Return the words whose vectors have the largest cosine with that of a word, and the cosines.

        Args:
            word: A word that has a vector.
            count: The number of words to return.
        """
        return self.analogy([word], [], count)

    def analogy(self, plus: Sequence[str], minus: Sequence[str], count: int = 10) -> list[tuple[str, float]]:
        """Return the words nearest to a sum of unit vectors: king - man + woman is `analogy(["king", "woman"], ["man"])`.

        The method is 3CosAdd of Mikolov et al. 2013; the words that were given are left out of the answer.

        Args:
            plus: The words whose vectors are added.
            minus: The words whose vectors are subtracted.
            count: The number of words to return.

        Returns:
            Words and cosines, the largest first.

        Raises:
            ValueError: A word has no vector.
        """
        given = np.stack([self.vector(word) for word in (*plus, *minus)]).astype(np.float64)
        lengths = np.linalg.norm(given, axis=1)
        signs = np.array([1.0] * len(plus) + [-1.0] * len(minus))
        target = (signs / np.where(lengths == 0, 1, lengths)) @ given
        cosines = self._units @ (target / (np.linalg.norm(target) or 1)).astype(np.float32)
        rows = np.argsort(-cosines, kind="stable")[: count + len(given)]
        answer = [(self.words[row], float(cosines[row])) for row in rows if self.words[row] not in {*plus, *minus}]
        return answer[:count]

    def save(self, path: str | Path) -> Path:
        """Write the words and vectors, without what composes vectors from subwords.

        Args:
            path: The file: `.txt` and `.vec` for word2vec's text format, `.bin` for its binary one, `.npy` for a matrix with
                the words beside it in a `.txt`, one a line.

        Returns:
            `path`.

        Raises:
            ValueError: The suffix is none of these, or a word holds a space or a line break.
        """
        path = Path(path)
        if path.suffix not in SUFFIXES:
            raise ValueError(f"`path` must end in .txt, .vec, .bin or .npy. Received: path={str(path)!r}")
        odd = [word for word in self.words if not word or any(letter.isspace() for letter in word)]
        if odd:
            raise ValueError(f"a word must have no white space in it, to be written. Received: word={odd[0]!r}")
        if path.suffix == ".npy":
            np.save(path, self.vectors)
            path.with_suffix(".txt").write_text("".join(f"{word}\n" for word in self.words), encoding="utf-8")
            return path
        with open(path, "wb") as file:
            file.write(f"{len(self)} {self.dims}\n".encode())
            for word, vector in zip(self.words, self.vectors):
                if path.suffix == ".bin":
                    file.write(word.encode() + b" " + vector.astype("<f4").tobytes() + b"\n")
                else:  # the shortest decimals that give the same float32 again
                    file.write(f"{word} {' '.join(map(str, np.asarray(vector, np.float32)))}\n".encode())
        return path


def table(vectors: WordVectors, vocabulary: Collection[str], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of an embedding: a row for padding (zeros), one for the unknown word, then one per word.

    A word without a vector gets one from its subwords, where the vectors have them; else one drawn from U[-a, a] with a
    such that its variance is that of the known ones (Kim 2014, section 3.3). So does the unknown word.

    Args:
        vectors: The vectors, as read or learned.
        vocabulary: The words of the ids from 2 on, in their order.
        seed: Seeds the vectors of unknown words; a word's depends on its index in the vocabulary.

    Returns:
        float32, shape (len(vocabulary) + 2, dims), and bool, shape (len(vocabulary),): True for a word that has a vector of
        its own or of its subwords.
    """
    rows = np.array([vectors.index.get(word, -1) for word in vocabulary], dtype=np.int64)
    known = rows >= 0
    given = np.asarray(vectors.vectors[rows[known]] if known.any() else vectors.vectors, dtype=np.float32)
    if not np.isfinite(given).all():
        words = [word for word, own in zip(vocabulary, known) if own] or list(vectors.words)
        word = words[int(np.flatnonzero(~np.isfinite(given).all(axis=1))[0])]
        raise ValueError(f"`vectors` must be finite numbers. Received: vectors with another one for {word!r}")
    a = np.sqrt(3 * given.var(dtype=np.float64)) if given.size else 0.25
    made = np.random.default_rng(seed).uniform(-a, a, (len(rows) + 2, vectors.dims)).astype(np.float32)
    made[0] = 0
    made[2:][known] = vectors.vectors[rows[known]]
    if vectors.compose is not None:
        for i, word in enumerate(vocabulary):
            if not known[i] and (composed := vectors.compose(word)) is not None:
                made[i + 2], known[i] = composed, True
    return made, known


_MOST = 20_000  # words: the time grows with their square
_AT_ONCE = 1_000


def nearest(table: np.ndarray, known: np.ndarray, k: int = 8) -> np.ndarray:
    """Return the words nearest to each, by the cosine of the angle between their vectors.

    Args:
        table: float32, shape (words + 2, dims), as `table` returns it; the first 20,000 words are compared.
        known: bool, shape (words,), True for a word that has a vector.
        k: The number of neighbors; with no more words than that, all have only themselves.

    Returns:
        int32 ids, shape (ids, k), in no order; padding, the unknown word and a word without a vector have only themselves.
    """
    ids = 2 + np.flatnonzero(known[:_MOST])
    result = np.repeat(np.arange(2 + min(len(known), _MOST), dtype=np.int32)[:, np.newaxis], k, axis=1)
    units = table[ids] / np.maximum(np.linalg.norm(table[ids], axis=1, keepdims=True), 1e-12)
    if len(ids) <= k:
        return result
    for start in range(0, len(ids), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        cosines = units[rows] @ units.T
        np.put_along_axis(
            cosines, np.arange(start, start + len(cosines))[:, np.newaxis], -2, axis=1
        )  # not the word itself
        result[ids[rows]] = ids[np.argpartition(-cosines, k - 1, axis=1)[:, :k]]
    return result
