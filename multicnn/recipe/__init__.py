"""A recipe: everything about a run, as plain data."""

from multicnn.recipe.assignments import assigned, in_one_line
from multicnn.recipe.preprocess import preprocess_from_dict, preprocess_to_dict
from multicnn.recipe.recipe import Recipe
from multicnn.recipe.sections import DataSource, Embedding, Model, Optimizer, Precision, Runtime, Start

__all__ = [
    "DataSource",
    "Embedding",
    "Model",
    "Optimizer",
    "Precision",
    "Recipe",
    "Runtime",
    "Start",
    "assigned",
    "in_one_line",
    "preprocess_from_dict",
    "preprocess_to_dict",
]
