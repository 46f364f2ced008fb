"""Error messages that name arguments and options as they are written on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from multicnn.cli.options import READING
from multicnn.cli.training import TRAINING

_FIELDS = {name: option.field for name, option in (READING | TRAINING).items()}
_NAME = r"[A-Za-z_][\w.]*"


def in_words_of_the_command(message: str, command: Any, arguments: Sequence[str]) -> str:
    """Return an error message with the names of parameters and fields replaced by those of the command's own options.

    Names in backticks, the first word of the message, and the names after "Received:" are replaced:
    "`start.path` must exist. Received: start.path='x'" becomes "--from must exist. Received: --from='x'".

    Args:
        message: The message of the exception.
        command: The command line as a Click group (a class of Typer or of Click, which depends on the version of Typer).
        arguments: The arguments that it was called with.
    """
    for argument in arguments:
        command = getattr(command, "commands", {}).get(argument, command)
    written = _written_names(command)
    problem, received, values = message.partition("Received: ")
    if "a .keras file" in problem and "model" in written:  # a path too, beside that of the data
        written["path"] = written["model"]
    if "of word vectors" in problem:
        written["path"] = written.get("vectors", "model.embedding.vectors")
    problem = re.sub(rf"`({_NAME})`", lambda match: written.get(match[1], match[0]), problem)
    problem = re.sub(rf"^({_NAME})(?= must | needs )", lambda match: written.get(match[1], match[0]), problem)
    values = re.sub(rf"(^|, )({_NAME})=", lambda match: f"{match[1]}{written.get(match[2], match[2])}=", values)
    return problem + received + values


def _written_names(command: Any) -> dict[str, str]:
    """Return how parameters and fields of the recipe are written for a command: "--from" for "start" and "start.path"."""
    written: dict[str, str] = {}
    for parameter in command.params:
        name = parameter.name or ""
        text = max(parameter.opts, key=len) if parameter.param_type_name == "option" else name.upper()
        field = _FIELDS.get(name, name)
        written |= dict.fromkeys((name, field, field.removeprefix("data.")), text)
    # Without a recipe, the argument DATA is the path that is meant.
    return written | ({"data": "DATA", "data.path": "DATA", "path": "DATA"} if "data" in written else {})
