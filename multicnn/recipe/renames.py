"""Fields of a recipe that once had another name or place, so that old recipes and short calls still work."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

# Dotted path before: dotted path today. A path inside a field moves with it ("arguments.width").
RENAMED = {
    "data.sense": "data.modality",
    "preprocess.sense": "preprocess.modality",
    "bad_limit": "data.bad_limit",
    "model": "model.name",  # only where its value is a network
    "arguments": "model.arguments",
    "initializer": "model.initializer",
    "regularizer": "model.regularizer",
    "embedding": "model.embedding",
    "embedding_dims": "model.embedding.dims",
    "precision": "runtime.precision",
    "jit_compile": "runtime.jit_compile",
    "devices": "runtime.devices",
    "checkpoint_seconds": "runtime.checkpoint_seconds",
    "checkpoint_steps": "runtime.checkpoint_steps",
    "tensorboard": "runtime.tensorboard",
}

# What a recipe that is written out whole has had from the first release on, and whoever writes one by hand has no need of.
_COMPLETE = {"batch_size", "class_weights", "epochs", "label_smoothing", "monitor", "optimizer", "patience", "seed"}
# What the fields meant that recipes saved before have not.
_BEFORE = {"baseline": "off"}


def with_current_names(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a recipe with every renamed one under its name of today; `data` is left as it is.

    One that was written out whole before there was a field gets it with the value that it meant then.

    Args:
        data: Fields by name, plain or validated. A field under its old name replaces the same one under its name of today.
    """
    data, renamed = dict(_BEFORE if _COMPLETE <= data.keys() else {}) | dict(data), {}
    for old in RENAMED:
        found = _without(data, old)
        if found is not None and (old != "model" or _is_network(found[1])):
            data, renamed[old] = found
    data = changed(data, renamed)
    if isinstance(data.get("members"), (list, tuple)):
        data["members"] = [_changes_with_current_names(changes) for changes in data["members"]]
    return data


def changed(data: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a recipe with some of them changed; `data` is left as it is.

    Args:
        data: Fields by name, plain or validated, under their names of today.
        fields: Dotted paths of today or before, and the values to put there.
    """
    order = list(RENAMED)  # a group, and only then what lies in it
    for path in sorted(fields, key=lambda path: order.index(path) if path in order else -1):
        data = _put(data, *current(data, path, fields[path]))
    return dict(data)


def current(data: Mapping[str, Any], path: str, value: Any) -> tuple[str, Any]:
    """Return the path of today of a field of a recipe, and the value to put there.

    Args:
        data: The recipe's other fields, under their names of today.
        path: Dotted, of today or before.
        value: Given under that path.
    """
    if path == "embedding" and isinstance(value, Mapping):  # it was without the size, which therefore stays
        held = _fields((_fields(data.get("model")) or {}).get("embedding")) or {}
        value = {name: held[name] for name in held if name == "dims"} | dict(value)
    return current_path(path, value), value


def current_path(path: str, value: Any) -> str:
    """Return the path of today of a field that is given a value."""
    if path == "model":
        return RENAMED[path] if _is_network(value) else path
    for old, new in RENAMED.items():
        if old != "model" and (path == old or path.startswith(f"{old}.")):
            return new + path.removeprefix(old)
    return path


def _is_network(value: Any) -> bool:
    """Return True for a value of `model.name`, as `model` itself once was: a name, a Block as a dict, or None."""
    return value is None or isinstance(value, str) or (isinstance(value, Mapping) and "type" in value)


def _changes_with_current_names(changes: Any) -> Any:
    """The changes of a member; a whole embedding stays under its old name, for `current` to complete."""
    if not isinstance(changes, Mapping):
        return changes
    return {name if name == "embedding" else current_path(name, value): value for name, value in changes.items()}


def _without(data: Mapping[str, Any], path: str) -> tuple[dict[str, Any], Any] | None:
    """A copy without the field at a path, and its value; None where there is no such field."""
    name, _, rest = path.partition(".")
    if name not in data:
        return None
    if not rest:
        return {key: value for key, value in data.items() if key != name}, data[name]
    inner = _without(data[name], rest) if isinstance(data[name], Mapping) else None
    return inner and ({**data, name: inner[0]}, inner[1])


def _put(data: Any, path: str, value: Any) -> Any:
    """A copy with a value at a path; what is no group stays as it is, and is refused when the recipe is validated."""
    fields = _fields(data)
    if fields is None:
        return data
    name, _, rest = path.partition(".")
    return {**fields, name: _put(fields.get(name, {}), rest, value) if rest else value}


def _fields(group: Any) -> Mapping[str, Any] | None:
    """The fields of a group of a recipe, as a dict or validated; None of anything else."""
    if dataclasses.is_dataclass(group) and not isinstance(group, type):
        return {field.name: getattr(group, field.name) for field in dataclasses.fields(group)}
    return group if isinstance(group, Mapping) else None
