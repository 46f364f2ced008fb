"""Under- and overfitting told from what was measured."""

import pytest

from multicnn.tasks import Classification
from multicnn.training.fit_diagnosis import verdict


def measured(train, val=None, linear=None, n=1000, test=None):
    numbers = {"train": train, "val": val, "linear_baseline": linear, "test": test}
    return {name: {"accuracy": value, "loss": 1.0, "n": n} for name, value in numbers.items() if value is not None}


FALLING, FLAT, RISING = [2.0, 1.5, 1.2, 1.0], [2.0, 1.0, 0.999, 0.998], [2.0, 1.0, 1.1, 1.3]


@pytest.mark.parametrize(
    ("numbers", "losses", "words"),
    [
        (measured(0.99, 0.80), RISING, "overfitting"),
        (measured(0.99, 0.80), FALLING, "overfitting"),
        (measured(0.99, 0.97), RISING, "neither"),
        (measured(0.99, 0.90, n=20), RISING, "neither"),  # two of twenty say little
        (measured(0.60, 0.60, linear=0.9), FLAT, "underfitting"),
        (measured(0.90, 0.90, linear=0.9), FLAT, "neither"),
        (measured(0.90, 0.90, linear=0.99, test=0.90), FLAT, "underfitting"),
        (measured(0.978, 1.0, linear=1.0, test=1.0, n=60), FLAT, "neither"),  # on the same examples as good
        (measured(0.90, 0.90, linear=0.99, test=0.93, n=60), FLAT, "neither"),  # within the intervals
        (measured(0.90, 0.89), FALLING, "still falling"),
        (measured(0.90, 0.89), [1.0], "neither"),
        (measured(0.996, 0.99), FALLING, "neither"),
        (measured(0.90), [], "without validation"),
    ],
)
def test_verdict(numbers, losses, words):
    said = verdict(numbers, [{"val_loss": loss} for loss in losses], Classification())
    assert words in said
    assert said.startswith(words) or words == "still falling"
    assert "\n" not in said
