"""Assignments of recipe fields, "a.b=1", and the error messages of fields that do not fit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pydantic

from multicnn.recipe import renames
from multicnn.recipe.fields import unknown_field
from multicnn.utils import validation


def assigned(data: dict[str, Any], settings: Sequence[str], *, recipe: bool = False) -> dict[str, Any]:
    """Carry out "a.b=1" assignments in nested dicts, which are changed, and return them; a value is JSON, or text where it is not.

    Args:
        data: The nested dicts.
        settings: The assignments.
        recipe: Read the paths as fields of a recipe, which may be called by their names of before.

    Raises:
        ValueError: An assignment has no '=', or leads through something that is no dict.
    """
    for setting in settings:
        path, separator, text = setting.partition("=")
        if not separator or not path:
            raise ValueError(f"a setting must read field=value. Received: set={setting!r}")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):  # no JSON; a number of thousands of digits; nested without end
            value = text
        field, value = renames.current(data, path.strip(), value) if recipe else (path.strip(), value)
        *parents, last = field.split(".")
        fields = data
        for parent in parents:
            inner = fields.get(parent)
            if not isinstance(inner, dict):
                raise ValueError(f"{unknown_field(path.strip())}. Received: set={setting!r}")
            fields = inner
        fields[last] = value
    return data


def in_one_line(error: pydantic.ValidationError) -> str:
    """Return an error message of one line: the fields of a recipe that do not fit, and their values."""
    return validation.in_one_line(error, unknown_field)
