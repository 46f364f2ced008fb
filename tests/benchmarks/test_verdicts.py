"""benchmarks/verdicts.py: each planted fault is named, and of healthy networks nothing false is said."""

import importlib.util
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("verdicts", Path(__file__).parents[2] / "benchmarks" / "verdicts.py")
verdicts = importlib.util.module_from_spec(_SPEC)
sys.modules["verdicts"] = verdicts  # where its dataclass looks for its types
_SPEC.loader.exec_module(verdicts)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", verdicts.FAULTS)
def test_a_planted_fault_is_named(name, tmp_path):
    fault = verdicts.FAULTS[name]
    said = [row["name"] for row in verdicts.planted(fault, tmp_path).metrics["diagnoses"]]
    assert [name for name in said if name not in verdicts.OF_HEALTHY or name in fault.expected][:1] == fault.expected[
        :1
    ], said
    assert set(said) <= {*fault.expected, *verdicts.OF_HEALTHY}, said


@pytest.mark.parametrize("name", verdicts.HEALTHY)
def test_of_a_healthy_network_nothing_false_is_said(name, tmp_path):
    data, model, settings = verdicts.HEALTHY[name]
    made = verdicts.trained(data, model, settings, tmp_path / "run", seed=0)
    assert {row["name"] for row in made.metrics["diagnoses"]} <= verdicts.OF_HEALTHY
