"""Which pairs hang together."""

import pytest

from multicnn.data.checks.near import groups_of
from multicnn.modalities.near_duplicates import alike_sets


def test_many_equal_sets_hang_together():
    sets = [{"a", "b", "c"}] * 300 + [{"x"}]
    groups = groups_of(alike_sets(sets, 0.8))
    assert [len(group) for group in groups] == [300]


def test_no_pairs():
    assert groups_of(alike_sets([], 0.8)) == []


@pytest.mark.parametrize("pairs", [[(0, 1), (1, 2), (5, 7)], [(1, 2), (7, 5), (2, 0)]])
def test_groups(pairs):
    assert [group.tolist() for group in groups_of(pairs)] == [[0, 1, 2], [5, 7]]
