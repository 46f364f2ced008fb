"""`multicnn fields`: the fields of a recipe, which `--set` changes."""

from __future__ import annotations

import shutil
import textwrap
from typing import Annotated

import typer

from multicnn.cli.options import Json
from multicnn.cli.printing import print_json, print_line


def fields(
    prefix: Annotated[
        str,
        typer.Argument(metavar="[PREFIX]", help="Only the fields whose names begin so: optimizer, preprocess.n_ ..."),
    ] = "",
    as_json: Json = False,
) -> None:
    """List the fields of a recipe, which --set changes: type, default, meaning."""
    from multicnn.recipe.fields import sections, unknown_field

    found = [
        (section, chosen)
        for section in sections()
        if (chosen := [field for field in section.fields if field.name.startswith(prefix)])
    ]
    if not found:
        raise ValueError(f"{unknown_field(prefix)}. Received: prefix={prefix!r}")
    if as_json:
        listed = [{**field._asdict(), "of": section.kind} for section, chosen in found for field in chosen]
        print_json(listed)
        return
    width = min(shutil.get_terminal_size().columns, 120)
    for section, chosen in found:
        print_line(f"{section.kind}: {section.about.splitlines()[0]}")
        for field in chosen:
            print_line(f"  {field.name}: {field.type} = {field.default}")
            print(textwrap.fill(field.meaning, width, initial_indent=" " * 6, subsequent_indent=" " * 6))
