"""A recipe: everything about a run, as plain data."""

from multicnn.recipe.assignments import assigned, in_one_line
from multicnn.recipe.parts import DataSource, Embedding, Optimizer, Start
from multicnn.recipe.preprocess import preprocess_from_dict, preprocess_to_dict
from multicnn.recipe.recipe import Recipe

__all__ = [
    "DataSource",
    "Embedding",
    "Optimizer",
    "Recipe",
    "Start",
    "assigned",
    "in_one_line",
    "preprocess_from_dict",
    "preprocess_to_dict",
]
