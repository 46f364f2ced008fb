"""Schedules at their edges; their curves are tested in tests/training/test_optimizers.py."""

import numpy as np
import pytest

from multicnn.training.optimizers import OneCycle, Warmup


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_one_cycle_of_a_few_steps_stays_between_its_ends(steps):
    rates = np.array([float(OneCycle(1.0, steps)(step)) for step in range(steps + 3)])
    assert np.isfinite(rates).all() and (rates <= 1).all() and (rates >= 1 / 25e4 * 0.99).all()
    np.testing.assert_allclose(rates[steps:], 1 / 25e4, rtol=1e-2)


@pytest.mark.parametrize(
    ("kind", "arguments"), [(OneCycle, {"peak": 1.0, "steps": 9, "rise": 1.0}), (Warmup, {"after": 1.0, "steps": 0})]
)
def test_what_cannot_be_is_named(kind, arguments):
    with pytest.raises(ValueError, match="Received"):
        kind(**arguments)
