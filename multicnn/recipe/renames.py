"""Fields of a recipe that once had another name, so that old recipes still load."""

from __future__ import annotations

from typing import Any

# Dotted path today: dotted path before.
RENAMED = {
    "data.modality": "data.sense",
    "preprocess.modality": "preprocess.sense",
}


def with_current_names(data: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe as nested dicts with every renamed field under its name of today; `data` is left as it is."""
    for new, old in RENAMED.items():
        popped = _pop(data, old.split("."))
        if popped is not None:
            data, value = popped
            data = _put(data, new.split("."), value)
    return data


def current_name(path: str) -> str:
    """Return the dotted path of a field under its name of today."""
    return next((new for new, old in RENAMED.items() if old == path), path)


def _pop(data: Any, path: list[str]) -> tuple[dict[str, Any], Any] | None:
    """Return a copy without the field at the path, and its value; None where there is no such field."""
    name, *rest = path
    if not isinstance(data, dict) or name not in data:
        return None
    if not rest:
        return {key: value for key, value in data.items() if key != name}, data[name]
    inner = _pop(data[name], rest)
    return inner and ({**data, name: inner[0]}, inner[1])


def _put(data: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    name, *rest = path
    return {**data, name: _put(data.get(name) or {}, rest, value) if rest else value}
