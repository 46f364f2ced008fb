"""Numbers of things in words."""

import pytest

from multicnn.utils.counted import counted


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((1, "step"), "1 step"),
        ((0, "step"), "0 steps"),
        ((2000, "step"), "2,000 steps"),
        ((2, "class", "classes"), "2 classes"),
    ],
)
def test_one_is_one(given, words):
    assert counted(*given) == words
