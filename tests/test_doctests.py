"""The examples in the docstrings of the vocabulary and the models do what they show."""

import doctest
import importlib
import pkgutil

import pytest

import multicnn.blocks
import multicnn.models

NAMES = [
    name
    for package in (multicnn.blocks, multicnn.models)
    for name in (
        package.__name__,
        *(module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")),
    )
]


def examples(name):
    return [test for test in doctest.DocTestFinder().find(importlib.import_module(name)) if test.examples]


@pytest.mark.parametrize("name", NAMES)
def test_examples(name):
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in examples(name):
        runner.run(test)
    assert runner.failures == 0


def test_there_are_examples_of_the_vocabulary_the_models_and_their_cost():
    assert all(examples(name) for name in ("multicnn.blocks", "multicnn.blocks.cost", "multicnn.models"))
