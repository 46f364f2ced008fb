"""Which weights of a run are saved."""

import numpy as np
import pytest

from multicnn.training.selection import BestEpoch, LatestWithinError


@pytest.mark.parametrize(
    ("monitor", "direction", "rows", "saved"),
    [
        ("accuracy", "max", [(0.5, 1.0), (0.7, 2.0), (0.6, 0.1)], 1),
        ("accuracy", "max", [(0.5, 1.0), (0.5, 0.9), (0.5, 0.95)], 1),  # among equals the loss
        ("accuracy", "min", [(0.5, 1.0), (0.7, 2.0), (0.4, 0.1)], 2),
        ("loss", "min", [(0.5, 1.0), (0.9, 2.0), (0.4, 0.1), (0.9, 0.2)], 2),
    ],
)
def test_the_best_epoch(monitor, direction, rows, saved):
    choice, best, found = BestEpoch(monitor, direction), None, None
    for i, (accuracy, loss) in enumerate(rows):
        row = {"val_accuracy": accuracy, "val_loss": loss}
        if choice.prefers(row, best):
            best, found = row, i
    assert found == saved


RIGHT, WRONG = 1.0, 0.0
# Of 25 examples, so many are right; of a list, these are wrong.
CANDIDATES = {
    "each better than the last": ([20, 21, 22], 2),
    "equal ones: the latest": ([20, 20, 20], 2),
    "one mistake more is within an error": ([22, 21], 1),
    "five more are not": ([22, 17], 0),
    "nor is what crept away from the best step by step": ([24, 23, 22, 21, 20, 19], 1),
    "as many mistakes, on others": ([[0, 1, 2], [3, 4, 5]], 1),
    "a few more, on others": ([[0, 1, 2], [3, 4, 5, 6]], 1),
    "a dip on the way": ([20, 10, 20], 2),
}


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_latest_within_a_standard_error_of_the_best(name):
    """By the formula: mean(d) <= std(d) / sqrt(n) of the paired differences d from the best."""
    given, expected = CANDIDATES[name]
    scores = []
    for each in given:
        values = np.full(25, RIGHT)
        values[each if isinstance(each, list) else slice(each, None)] = WRONG
        scores.append(values)
    now = []
    choice = LatestWithinError("accuracy", "max", lambda: now[-1])
    kept = None
    for i, values in enumerate(scores):
        now.append(values)
        resumed = LatestWithinError("accuracy", "max", lambda: now[-1])  # each time from a checkpoint
        resumed.state = choice.state
        choice = resumed
        if choice.prefers({}, None):
            kept = i
    assert kept == expected
    best = max(scores, key=lambda values: values.mean())
    within = [i for i, v in enumerate(scores) if (best - v).mean() <= (best - v).std(ddof=1) / 5 + 1e-9]
    assert kept in within


def test_one_example_says_nothing():
    now = [np.array([1.0]), np.array([0.0])]
    choice = LatestWithinError("accuracy", "max", lambda: now[0])
    assert choice.prefers({}, None)
    now.pop(0)
    assert choice.prefers({}, None)
