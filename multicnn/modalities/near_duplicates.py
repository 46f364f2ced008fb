"""Find near duplicates among many examples by their fingerprints."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

_BLOCK = 1024  # examples compared with all others at once
_HASHES, _BANDS = 64, 16  # of MinHash: texts that share 80 % of their shingles share a band of 4 with certainty .9998
_PRIME = (1 << 31) - 1
_FACTORS, _OFFSETS = np.random.default_rng(0).integers(1, _PRIME, (2, _HASHES))


def alike_vectors(vectors: np.ndarray, similarity: float) -> np.ndarray:
    """Return every pair of rows whose cosine is at least `similarity`: int64, shape (pairs, 2).

    Args:
        vectors: float, shape (n, dims); a row of zeros is in no pair.
        similarity: The least cosine, from 0 to 1.
    """
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.where(length > 0, length, 1)).astype(np.float32)
    pairs = [np.zeros((0, 2), np.int64)]
    for start in range(0, len(unit), _BLOCK):
        cosines = unit[start : start + _BLOCK] @ unit[start:].T
        one, other = np.nonzero(np.triu(cosines >= similarity, k=1))
        pairs.append(np.stack([one + start, other + start], axis=1))
    return np.concatenate(pairs)


def alike_sets(sets: Sequence[set[str]], similarity: float) -> np.ndarray:
    """Return the pairs of sets whose Jaccard index is at least `similarity`: int64, shape (pairs, 2).

    The candidates come from MinHash (Broder 1997) with bands, so of pairs near the bound a few may be missed.

    Args:
        sets: The sets, such as the shingles of texts; an empty one is in no pair.
        similarity: The least Jaccard index, from 0 to 1.
    """
    signatures = np.stack([_signature(words) for words in sets]) if sets else np.zeros((0, _HASHES), np.int64)
    candidates: set[tuple[int, int]] = set()
    for band in np.split(signatures, _BANDS, axis=1):
        keys = [row.tobytes() for row in np.ascontiguousarray(band)]
        bucket: dict[bytes, list[int]] = {}
        for i, key in enumerate(keys):
            if sets[i]:
                bucket.setdefault(key, []).append(i)
        for members in bucket.values():
            # In a large bucket with its neighbours only: those that are alike meet in other bands too.
            near = members if len(members) <= 50 else None
            for place, one in enumerate(members):
                candidates.update((one, other) for other in (near or members[: place + 5])[place + 1 :])
    pairs = [pair for pair in sorted(candidates) if _jaccard(sets[pair[0]], sets[pair[1]]) >= similarity]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _jaccard(one: set[str], other: set[str]) -> float:
    both = len(one & other)
    return both / max(len(one) + len(other) - both, 1)


def _signature(words: set[str]) -> np.ndarray:
    if not words:
        return np.zeros(_HASHES, np.int64)
    numbers = np.array([zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words], dtype=np.int64) % _PRIME
    return ((numbers[:, None] * _FACTORS + _OFFSETS) % _PRIME).min(axis=0)
