"""Assignments of fields, "a.b=1", and what to say where one does not fit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pydantic

from multicnn.recipe.renames import current_name


def assigned(data: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Nested dicts with "a.b=1" assignments carried out; a value is JSON, or text where it is not.

    Raises:
        ValueError: An assignment has no '=', or leads through something that is no dict.
    """
    for setting in settings:
        path, separator, text = setting.partition("=")
        if not separator or not path:
            raise ValueError(f"a setting must read field=value. Received: set={setting!r}")
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = text
        *parents, last = current_name(path.strip()).split(".")
        place = data
        for parent in parents:
            place = place.get(parent)
            if not isinstance(place, dict):
                raise ValueError(f"a recipe has no field {path!r}. Received: set={setting!r}")
        place[last] = value
    return data


def in_one_line(error: pydantic.ValidationError) -> str:
    """Which fields do not fit, and what was given."""
    problems = []
    for problem in error.errors(include_url=False):
        place = ".".join(str(part) for part in problem["loc"])
        unknown = problem["type"] == "unexpected_keyword_argument"
        said = (
            f"a recipe has no field {place!r}"
            if unknown
            else f"`{place}`: {problem['msg'].removeprefix('Value error, ')}"
        )
        problems.append(said if "Received:" in said else f"{said}. Received: {place}={problem['input']!r}")
    return "; ".join(problems)
