"""95 % intervals of shares, against SciPy's."""

import itertools

import numpy as np
import pytest
from scipy import stats

from multicnn.tasks import intervals


@pytest.mark.parametrize(("n", "right"), [(n, k) for n in (1, 7, 40, 1000) for k in {0, 1, n // 3, n - 1, n}])
def test_the_interval_is_wilsons(n, right):
    expected = stats.binomtest(right, n).proportion_ci(0.95, "wilson")
    assert intervals.wilson(right / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_metrics_get_the_interval_of_their_accuracy_alone():
    measured = intervals.with_interval({"accuracy": 0.5, "loss": 1.0, "n": 10})
    assert (measured["accuracy_low"], measured["accuracy_high"]) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert intervals.with_interval({"mae": 0.5, "n": 10}) == {"mae": 0.5, "n": 10}
    assert intervals.interval_in_words("accuracy", 0.5, 10) == " (0.2366 to 0.7634)"
    assert [intervals.interval_in_words(*each) for each in (("loss", 0.5, 10), ("accuracy", None, 10))] == ["", ""]
    assert intervals.percent(1.0, 20) == "100.0 % (95 % interval 83.9 to 100.0 %)"


def test_the_interval_of_a_mean_is_students():
    numbers = np.random.default_rng(0).gamma(2, 3, 17)
    expected = stats.t.interval(0.95, 16, numbers.mean(), stats.sem(numbers))
    assert intervals.of_mean(numbers.sum(), (numbers**2).sum(), 17) == pytest.approx(expected)
    assert intervals.of_mean(3.0, 9.0, 1) == (3.0, 3.0)


def test_a_metric_may_bring_its_own_interval():
    measured = {"mae": 1.5, "mae_low": 1.25, "mae_high": 1.75, "rmse_low": 2.0, "loss": 1.0, "n": 10}
    assert intervals.bounds_in(measured) == {"mae_low", "mae_high"}
    assert intervals.with_own_interval("mae", measured) == " (1.25 to 1.75)"
    assert intervals.with_own_interval("loss", measured) == ""
    assert intervals.with_own_interval("accuracy", {"accuracy": 0.5, "n": 10}) == " (0.2366 to 0.7634)"


def test_more_examples_make_it_narrower():
    widths = [high - low for low, high in (intervals.wilson(0.9, n) for n in (10, 100, 1000))]
    assert all(one > 2 * other for one, other in itertools.pairwise(widths))
