"""Each embedded data set, loaded once for all tests."""

import importlib
from functools import cache

import pytest


@pytest.fixture(scope="session")
def embedded():
    """A function from the name of a data set to its manifest."""
    return cache(lambda name: importlib.import_module(f"multicnn.data.builtin.{name}").load())
