"""Which examples are alike, against every pair compared one by one."""

import itertools

import numpy as np

from multicnn.modalities import near_duplicates


def test_every_pair_of_vectors_above_the_bound(monkeypatch):
    monkeypatch.setattr(near_duplicates, "_BLOCK", 7)
    vectors = np.random.default_rng(0).standard_normal((40, 3)) * np.arange(40)[:, None]
    found = near_duplicates.alike_vectors(vectors, 0.9)
    expected = [
        (i, j)
        for i, j in itertools.combinations(range(40), 2)
        if vectors[i] @ vectors[j] >= 0.9 * np.linalg.norm(vectors[i]) * np.linalg.norm(vectors[j]) and i > 0
    ]
    assert 5 < len(expected) < 200
    assert list(map(tuple, found.tolist())) == expected


def test_sets_that_share_enough():
    rng = np.random.default_rng(0)
    sets = [set(map(str, rng.integers(0, 10_000, 40))) for _ in range(60)]
    sets += [set(sorted(one)[: 40 - cut]) for cut, one in zip(range(0, 20, 2), sets)] + [set(), set()]
    found = set(map(tuple, near_duplicates.alike_sets(sets, 0.8).tolist()))
    expected = {
        (i, j)
        for i, j in itertools.combinations(range(len(sets)), 2)
        if sets[i] and len(sets[i] & sets[j]) >= 0.8 * len(sets[i] | sets[j])
    }
    assert len(expected) == 5
    assert found == expected


def test_no_sets():
    assert near_duplicates.alike_sets([], 0.8).shape == (0, 2)
