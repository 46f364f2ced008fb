"""Which examples are alike, against every pair compared one by one."""

import itertools

import numpy as np
import pytest

from multicnn.data.checks import near


def test_every_pair_of_vectors_above_the_bound(monkeypatch):
    monkeypatch.setattr(near, "_BLOCK", 7)
    vectors = np.random.default_rng(0).standard_normal((40, 3)) * np.arange(40)[:, None]
    found = near.alike_vectors(vectors, 0.9)
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
    found = set(map(tuple, near.alike_sets(sets, 0.8).tolist()))
    expected = {
        (i, j)
        for i, j in itertools.combinations(range(len(sets)), 2)
        if sets[i] and len(sets[i] & sets[j]) >= 0.8 * len(sets[i] | sets[j])
    }
    assert len(expected) == 5
    assert found == expected


def test_many_equal_sets_hang_together():
    sets = [{"a", "b", "c"}] * 300 + [{"x"}]
    groups = near.groups_of(near.alike_sets(sets, 0.8))
    assert [len(group) for group in groups] == [300]


def test_no_sets():
    assert near.alike_sets([], 0.8).shape == (0, 2)
    assert near.groups_of(near.alike_sets([], 0.8)) == []


@pytest.mark.parametrize("pairs", [[(0, 1), (1, 2), (5, 7)], [(1, 2), (7, 5), (2, 0)]])
def test_groups(pairs):
    assert [group.tolist() for group in near.groups_of(pairs)] == [[0, 1, 2], [5, 7]]
