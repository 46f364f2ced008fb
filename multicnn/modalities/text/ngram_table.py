"""The n-grams of training texts as the table of a `tf_idf` Block, and the features that the Block makes of these texts."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from multicnn.blocks import tf_idf
from multicnn.modalities.linear_form import Inputs, LinearForm

if TYPE_CHECKING:
    from scipy import sparse

_TOGETHER = 1024  # texts whose n-grams are counted at once
_WORDS, _CHARACTERS = 2, 5  # the most of them in a run: five characters know of words what words know of themselves
_RUNS = 20_000_000  # in the texts together
_FIRST = 2  # id of the first token: padding and unknown ones are in no n-gram


def linear_form(level: str, inputs: Inputs, rows: np.ndarray, outputs: int, most_numbers: int) -> LinearForm:
    """Return the linear model of the TF-IDF of runs of tokens; of too many runs, those that most texts have.

    Args:
        level: The tokens: "characters", in runs of up to five, or else words, in pairs.
        inputs: Ids, int32 (n, time), or (n, time, m) of which the first is the token's.
        rows: int64 (n,), the indices of the texts to use; of very long ones only some are used.
        outputs: The number of outputs.
        most_numbers: The most numbers of all weights.

    Raises:
        ValueError: There is no token, or no room for one; the message is a short reason.
    """
    most = (most_numbers - outputs - 1) // (outputs + 3)
    if most < 1:
        raise ValueError(f"its weights are more than {most_numbers:,}")
    n = _CHARACTERS if level == "characters" else _WORDS
    texts, ids = _ids(inputs, rows, n)
    counted = _count(ids, n)
    if not len(counted.keys):
        raise ValueError("the texts have no known token")
    table, features = _tabled(counted, most)
    given = [table.tokens, table.children, table.idf]
    branching = int(np.diff(table.children, prepend=0).max())
    block = tf_idf(counted.n, len(table.idf), outputs, branching=branching)
    name = f"runs of up to {counted.n} characters" if level == "characters" else "words and word pairs"
    return LinearForm(texts, features, f"TF-IDF of {name}", block, lambda kernel, bias: [kernel, bias, *given])


@dataclasses.dataclass(frozen=True, eq=False)
class _Counted:
    """The n-grams of texts: `keys` int64, distinct and sorted, and for each text and n-gram in it a text, an index, a count."""

    keys: np.ndarray
    base: int
    n: int
    texts: np.ndarray
    ngrams: np.ndarray
    counts: np.ndarray
    size: int


@dataclasses.dataclass(frozen=True, eq=False)
class _Table:
    """The weights of `layers.TfIdf` beside kernel and bias, float32."""

    tokens: np.ndarray
    children: np.ndarray
    idf: np.ndarray


def _ids(inputs: Inputs, rows: np.ndarray, n: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the rows of the texts to use, and their ids in batches: int32 (texts, time)."""
    batches = []
    for i in range(0, len(rows), _TOGETHER):
        ids = np.asarray(inputs[rows[i : i + _TOGETHER]])
        batches.append(ids[..., 0] if ids.ndim == 3 else ids)
    runs = n * np.concatenate([(ids >= _FIRST).sum(axis=1) for ids in batches])
    if runs.sum() <= _RUNS:
        return rows, batches
    order = np.random.default_rng(0).permutation(len(rows))
    used = np.sort(order[: max(1, np.searchsorted(np.cumsum(runs[order]), _RUNS))])
    return rows[used], [ids[used[used // _TOGETHER == i] % _TOGETHER] for i, ids in enumerate(batches)]


def _count(batches: list[np.ndarray], n: int) -> _Counted:
    """Count the n-grams of each text. The key of one has its ids as digits, and zeros behind them."""
    base = 1 + max(int(ids.max(initial=0)) for ids in batches)
    while base**n >= 2**63:
        n -= 1
    keys, texts, ngrams, counts = [], [], [], []
    known = size = 0
    for ids in batches:
        text, key = _keys(ids, base, n)
        distinct, index = np.unique(key, return_inverse=True)
        both, count = np.unique(text * max(len(distinct), 1) + index, return_counts=True)
        keys.append(distinct)
        texts.append((both // max(len(distinct), 1) + size).astype(np.int32))
        ngrams.append((both % max(len(distinct), 1) + known).astype(np.int32))
        counts.append(count.astype(np.int32))
        known, size = known + len(distinct), size + len(ids)
    distinct, index = np.unique(np.concatenate(keys), return_inverse=True)
    merged = index.astype(np.int32)[np.concatenate(ngrams)]
    return _Counted(distinct, base, n, np.concatenate(texts), merged, np.concatenate(counts), size)


def _keys(ids: np.ndarray, base: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the text and the key of every run of up to `n` known tokens: int64, one element for each time that it occurs."""
    texts, keys = [], []
    run, real = np.zeros(ids.shape, np.int64), np.ones(ids.shape, bool)
    for length in range(1, n + 1):
        tokens = np.pad(ids[:, length - 1 :], ((0, 0), (0, min(length - 1, ids.shape[1]))))
        real &= tokens >= _FIRST
        run += tokens.astype(np.int64) * base ** (n - length)
        text, step = np.nonzero(real)
        texts.append(text)
        keys.append(run[text, step])
    return np.concatenate(texts), np.concatenate(keys)


def _tabled(counted: _Counted, most: int) -> tuple[_Table, sparse.csr_matrix]:
    """Return the table of the `most` n-grams that occur in most texts, and the TF-IDF of the texts by it."""
    frequency = np.bincount(counted.ngrams, minlength=len(counted.keys))
    lengths, tokens, prefixes = _digits(counted)
    # One that begins another is in no fewer texts and shorter: it is never left out alone.
    chosen = np.lexsort((counted.keys, lengths, -frequency))[:most]
    chosen = chosen[np.lexsort((counted.keys[chosen], lengths[chosen]))]  # level by level
    idf = (np.log((1 + counted.size) / (1 + frequency[chosen])) + 1).astype(np.float32)
    children = np.full(len(chosen) + 1, len(chosen))
    for length in range(1, counted.n):
        level, next_level = (np.flatnonzero(lengths[chosen] == size) for size in (length, length + 1))
        if len(next_level):
            begun = np.searchsorted(prefixes[chosen[next_level]], counted.keys[chosen[level]])
            children[level] = next_level[0] + begun
    table = _Table(tokens[chosen].astype(np.float32), children.astype(np.float32), idf)
    return table, _matrix(counted, chosen, idf)


def _digits(counted: _Counted) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of each n-gram the number of its tokens, the last one, and the key of what stands before that: int64 all."""
    lengths, last = np.zeros(len(counted.keys), np.int64), np.zeros(len(counted.keys), np.int64)
    prefixes = np.zeros(len(counted.keys), np.int64)
    for length in range(1, counted.n + 1):
        unit = counted.base ** (counted.n - length)
        digit = counted.keys // unit % counted.base
        longer = digit > 0
        lengths[longer], last[longer] = length, digit[longer]
        prefixes[longer] = (counted.keys - counted.keys % (unit * counted.base))[longer]
    return lengths, last, prefixes


def _matrix(counted: _Counted, chosen: np.ndarray, idf: np.ndarray) -> sparse.csr_matrix:
    """Return float32 (texts, chosen n-grams): sublinear counts times the inverse document frequency, each row of length 1."""
    from scipy import sparse

    row_of = np.full(len(counted.keys), -1, np.int32)
    row_of[chosen] = np.arange(len(chosen), dtype=np.int32)
    columns = row_of[counted.ngrams]
    used = columns >= 0
    texts, columns, counts = counted.texts[used], columns[used], counted.counts[used]
    values = (1 + np.log(counts)) * idf[columns]
    length = np.sqrt(np.bincount(texts, values**2, minlength=counted.size))
    values = (values / length[texts]).astype(np.float32)
    return sparse.csr_matrix((values, (texts, columns)), shape=(counted.size, len(chosen)))
