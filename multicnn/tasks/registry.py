"""Tasks by name, as plain data and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from multicnn.tasks.base import Task
from multicnn.tasks.plain import with_defaults

TASKS: dict[str, type[Task]] = {}
_C = TypeVar("_C", bound=type[Task])


def register(task: _C) -> _C:
    """Make a task known by its `name`; a class decorator. What it lacks of `plain.PlainTargets` is taken from there.

    Raises:
        ValueError: Another task has the name.
    """
    known = TASKS.get(task.name)
    if known is not None and (known.__module__, known.__qualname__) != (task.__module__, task.__qualname__):
        raise ValueError(f"`name` must be a new one; {known.__qualname__} has it. Received: name={task.name!r}")
    for member, default in with_defaults({name: None for kind in task.__mro__ for name in vars(kind)}).items():
        setattr(task, member, default)
    TASKS[task.name] = task
    return task


def task_to_dict(task: Task) -> dict[str, Any]:
    """Return a task as plain data that goes through JSON unchanged."""
    fields = {field.name: getattr(task, field.name) for field in dataclasses.fields(task)}
    return {"name": task.name} | {
        name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()
    }


def task_from_dict(data: str | Mapping[str, Any]) -> Task:
    """Return the task of a name, or of what `task_to_dict` gave.

    Raises:
        ValueError: The name or a field is unknown; the message lists the known ones.
    """
    fields = {"name": data} if isinstance(data, str) else dict(data)
    name = fields.pop("name", None)
    if name not in TASKS:
        raise ValueError(f"`task` must be one of {sorted(TASKS)}, or have one as its name. Received: task={data!r}")
    known = [field.name for field in dataclasses.fields(TASKS[name])]
    if unknown := sorted(fields.keys() - set(known)):
        raise ValueError(f"the task {name!r} has the fields {known}. Received: task={data!r} (unknown: {unknown})")
    return TASKS[name](**{field: tuple(v) if isinstance(v, list) else v for field, v in fields.items()})


def choose_task(
    task: Task | str | Mapping[str, Any] | None, label_separator: str | None, kinds: Collection[str] | None = None
) -> Task:
    """Return the task of a recipe or a predictor for a data source.

    Args:
        task: A task, as a value or as `task_from_dict` takes it; None is the one that the source allows: of labels
            "multilabel" where there is a `label_separator`, else "classification".
        label_separator: The text between the labels of an example in multilabel data, else None.
        kinds: The kinds of cells that the source has (`Task.reads`); None where it is not known yet.

    Raises:
        ValueError: The task is unknown, reads what the source does not have, or takes no `label_separator`; or the source allows
            more than one.
    """
    if task is None:
        task = _usual(kinds or ("label",), label_separator)
    chosen = task_from_dict(task) if isinstance(task, (str, Mapping)) else task
    if kinds is not None and chosen.reads not in kinds:
        allowed = [name for name, known in sorted(TASKS.items()) if known.reads in kinds]
        raise ValueError(
            f"`task` must be one that the data have targets for, one of {allowed}. Received: task={chosen.name!r}"
        )
    if label_separator is None or chosen.reads != "label":
        return chosen
    if "label_separator" not in {field.name for field in dataclasses.fields(chosen)}:
        raise ValueError(
            f"`label_separator` must be None for the task {chosen.name!r}. Received: label_separator={label_separator!r}"
        )
    return dataclasses.replace(chosen, label_separator=label_separator)


def _usual(kinds: Collection[str], label_separator: str | None) -> str:
    """Return the name of the task where nobody names one."""
    usual = {known.reads: name for name, known in sorted(TASKS.items(), reverse=True) if known.reads != "label"}
    usual["label"] = "classification" if label_separator is None else "multilabel"
    names = [usual[kind] for kind in kinds if kind in usual]
    if len(names) == 1:
        return names[0]
    found = " and ".join(kinds)
    raise ValueError(
        f"`task` must be one of {sorted(names)} (--task), since the data have {found}. Received: task=None"
    )
