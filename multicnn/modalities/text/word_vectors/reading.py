"""Read files of word vectors, told apart by their content: word2vec text and binary, GloVe, fastText, NumPy.

These readers stay beside gensim's because they keep only the words that are wanted (`benchmarks/word_vectors.py`: 20,000 of
GloVe's 400,000 in 31 MB) and refuse a cut file; gensim's are the oracle of their tests.
"""

from __future__ import annotations

import mmap
import pickle
import re
import struct
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from multicnn.modalities.text.word_vectors.fasttext_format import read_facebook
from multicnn.modalities.text.word_vectors.lines import Lines, opened
from multicnn.modalities.text.word_vectors.vectors import WordVectors
from multicnn.modalities.text.word_vectors.vocabulary_filter import VocabularyFilter
from multicnn.utils import parquet, regular_files

_WORD_LISTS = (".txt", ".vocab", ".parquet")
_DAMAGE = (
    *(ValueError, TypeError, EOFError, IndexError, KeyError, OverflowError, struct.error, zlib.error),
    *(pickle.UnpicklingError, AttributeError, ImportError),
)
_HEADER = re.compile(rb"(\d+) (\d+)\s*\n")


def read(
    path: str | Path,
    *,
    vocabulary: Collection[str] | None = None,
    size: int | None = None,
    normalize: Callable[[str], str | None] | None = None,
    format: Literal["gensim"] | None = None,
) -> WordVectors:
    """Read word vectors; only those of the chosen words are held in memory.

    Formats: word2vec text (`.txt`, fastText's `.vec`) and binary, GloVe text, fastText `.bin` (vectors from subwords
    included), and a NumPy matrix (`.npy`) beside a list of its words, one a line (`.txt`, `.vocab`) or in the first
    column of a `.parquet`. Texts may be compressed with gzip. Binary files are mapped into memory.

    Args:
        path: The file; its format is recognised by its content, not by its name.
        vocabulary: The words that are wanted; None wants all.
        size: The largest number of words: the first others of the file fill what room the vocabulary leaves. None adds
            no others.
        normalize: Returns what a word of the file is called in the vocabulary (in lower case, say), or None to leave
            the word out.
        format: "gensim" for KeyedVectors or a model saved by gensim, which is a pickle and runs code of whoever wrote it;
            such a file is read only if this asks for it.

    Raises:
        ValueError: There is no such file, it has none of these formats, or it is cut or damaged.
    """
    if format not in (None, "gensim"):
        raise ValueError(f"`format` must be None or 'gensim'. Received: format={format!r}")
    path, choice = Path(path), VocabularyFilter(vocabulary, size, normalize)
    try:
        vectors = _gensim(path, choice) if format else _reader(path)(path, choice)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(f"`path` must be a file of word vectors ({reason}). Received: path={str(path)!r}") from None
    except _DAMAGE as error:
        reason = str(error) or "it ends too early"
        raise ValueError(
            f"`path` must be a whole file of word vectors ({reason}). Received: path={str(path)!r}"
        ) from None
    if not len(vectors) and vocabulary is None:
        raise ValueError(f"`path` must hold at least one word vector. Received: path={str(path)!r}")
    return vectors


def _reader(path: Path) -> Callable[[Path, VocabularyFilter], WordVectors]:
    """Return the function that reads this kind of file."""
    with opened(path) as file:
        head = file.read(4096)
    if not head:
        raise ValueError("the file is empty")
    if head.startswith(b"\x93NUMPY"):
        return _numpy
    if head.startswith(b"\x80") and b"gensim" in head[:256]:
        raise ValueError(
            "gensim saved it as a pickle, which runs code when it is read: if you trust it, set the format to gensim"
        )
    header = _HEADER.match(head)
    if header:
        return _text if _is_text(head[header.end() :], int(header[2])) else _word2vec_binary
    try:
        numbers = head.split(b"\n")[0].split(b" ")[1:]
        if len(numbers) > 1 and all(np.isfinite(float(number)) for number in numbers[: len(numbers) - 1]):
            return _text
    except ValueError:
        pass
    if b"\0" in head[:64]:
        return read_facebook
    raise ValueError("it begins like none of the formats")


def _is_text(rest: bytes, dims: int) -> bool:
    """Return True if the numbers after word2vec's header are decimals."""
    numbers = rest.split(b"\n")[0].split(b" ")[1:][: max(dims - 1, 1)]
    try:
        return all(float(number) == float(number) for number in numbers[: max(len(numbers) - 1, 1)])
    except ValueError:
        return False


def _text(path: Path, choice: VocabularyFilter) -> WordVectors:
    """Read a word and its numbers a line, perhaps after a line with the number of words and of dimensions."""
    rows: dict[str, np.ndarray] = {}
    with Lines(path) as file:
        first = file.next()
        header = _HEADER.fullmatch(first if first.endswith(b"\n") else first + b"\n")
        announced, dims = (int(header[1]), int(header[2])) if header else (None, len(first.split()) - 1)
        number, line = (0, b"") if header else (1, first)
        for number, line in _lines(file, None if header else first):
            word = line[: line.find(b" ")].decode("utf-8", "replace")
            if (name := choice.name(word)) is not None:
                vector = _numbers(line, dims, number)
                if vector is not None:
                    rows[name] = vector
            if choice.full:
                break
        else:
            if line:
                _numbers(line, dims, number)  # the last line tells whether the file is whole
            if announced is not None and number < announced:
                raise ValueError(f"{number:,} vectors where its first line announces {announced:,}: is it cut?")
    vectors = np.stack(list(rows.values())) if rows else np.zeros((0, dims), np.float32)
    return WordVectors(tuple(rows), vectors)


def _lines(file: Lines, first: bytes | None) -> Iterator[tuple[int, bytes]]:
    number = 0
    if first is not None:
        number = 1
        yield number, first
    for line in file:
        if line.strip():
            number += 1
            yield number, line


def _numbers(line: bytes, dims: int, number: int) -> np.ndarray | None:
    """Return the numbers after the word; None where the word itself has spaces in it, as some of GloVe's 840B have."""
    parts = line.split()
    if len(parts) > dims + 1:
        return None
    if len(parts) < dims + 1:
        raise ValueError(f"vector {number:,} has {len(parts) - 1} numbers where {dims} are expected: is the file cut?")
    try:
        return np.array(parts[1:], dtype=np.float32)
    except ValueError:
        raise ValueError(f"vector {number:,} is not made of numbers") from None


def _word2vec_binary(path: Path, choice: VocabularyFilter) -> WordVectors:
    """Read word2vec's binary format, mapped: after the first line a word, a space and float32 numbers, again and again."""
    with regular_files.opened(path) as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    header = _HEADER.match(data)
    if header is None:
        raise ValueError("its first line is not the number of words and of dimensions")
    count, dims, at = int(header[1]), int(header[2]), header.end()
    offsets: dict[str, int] = {}
    for number in range(count):
        space = data.find(b" ", at)
        if space < 0 or space + 1 + 4 * dims > len(data):
            raise ValueError(f"{number:,} vectors where its first line announces {count:,}: is it cut?")
        name = choice.name(data[at:space].lstrip(b"\n").decode("utf-8", "replace"))
        if name is not None:
            offsets[name] = space + 1
        if choice.full:
            break
        at = space + 1 + 4 * dims
    vectors = np.zeros((len(offsets), dims), np.float32)
    for row, offset in enumerate(offsets.values()):
        vectors[row] = np.frombuffer(data, "<f4", dims, offset)
    return WordVectors(tuple(offsets), vectors)


def _numpy(path: Path, choice: VocabularyFilter) -> WordVectors:
    matrix = np.load(path, mmap_mode="r")
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiu":
        raise ValueError(f"a matrix with a row a word is expected, not {matrix.dtype} of the shape {matrix.shape}")
    words = _word_list(path, len(matrix))
    return _of_matrix(words, matrix, choice)


def _word_list(path: Path, count: int) -> list[str]:
    """Return the words of a NumPy matrix: those of the list with its name, else of the only list beside it."""
    beside = [other for other in sorted(path.parent.iterdir()) if other.suffix in _WORD_LISTS]
    own = [other for other in beside if other.stem == path.stem] or beside
    if len(own) != 1:
        what = f"{path.stem}{_WORD_LISTS[0]}"
        raise ValueError(f"the list of its words is expected beside it, as {what}; there are {len(own)} lists")
    if own[0].suffix == ".parquet":
        words = list(map(str, parquet.read_columns(own[0])[1][0]))
    else:
        words = regular_files.read_text(own[0]).split("\n")
        words = words[:-1] if words and not words[-1] else words
    if len(words) != count:
        raise ValueError(f"{own[0].name} has {len(words):,} words for {count:,} vectors")
    return words


def _of_matrix(
    words: Collection[str], matrix: np.ndarray, choice: VocabularyFilter, compose: Any = None
) -> WordVectors:
    rows: dict[str, int] = {}
    for row, word in enumerate(words):
        if choice.full:
            break
        if (name := choice.name(word)) is not None:
            rows[name] = row
    every = len(rows) == len(words)
    picked = matrix if every else matrix[np.fromiter(rows.values(), np.int64, len(rows))]
    return WordVectors(tuple(rows), picked if picked.dtype == np.float32 else picked.astype(np.float32), compose)


def _gensim(path: Path, choice: VocabularyFilter) -> WordVectors:
    from gensim.models import KeyedVectors
    from gensim.models.fasttext import FastTextKeyedVectors

    try:
        loaded = KeyedVectors.load(str(path), mmap="r")
    except struct.error as error:
        raise ValueError(str(error)) from None
    vectors = getattr(loaded, "wv", loaded)
    if not isinstance(vectors, KeyedVectors):
        raise ValueError(f"a saved {type(loaded).__name__} has no word vectors")
    from_subwords = isinstance(vectors, FastTextKeyedVectors) and vectors.bucket > 0
    compose = (lambda word: _composed(vectors, word)) if from_subwords else None
    return _of_matrix(vectors.index_to_key, vectors.vectors, choice, compose)


def _composed(vectors: Any, word: str) -> np.ndarray | None:
    try:
        return np.asarray(vectors.get_vector(word), np.float32)
    except KeyError:
        return None
