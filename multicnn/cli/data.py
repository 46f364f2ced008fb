"""`multicnn doctor` and `preview`: look at data before training on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from multicnn.cli.options import Data, Json, Settings, reads_data, reads_recipes, recipe_or_path
from multicnn.cli.printing import print_json, print_line


@reads_data
@reads_recipes
def doctor(
    data: Data,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("doctor.html"),
    settings: Settings = None,
    groups: Annotated[
        bool,
        typer.Option(
            "--groups", help="Score the linear baseline with whole groups left out, and at random, side by side."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Examine data before training: bad, odd, duplicate, leaking and contradicting examples; exit code 1 if there are any."""
    from multicnn import api
    from multicnn.cli.tables import RichReporter, show_diagnosis

    with RichReporter(quiet=as_json) as reporter:
        diagnosis = api.doctor(
            recipe_or_path(data, settings),
            out,
            compare_splits=groups,
            reporter=reporter,
            settings=settings or [],
        )
    if as_json:
        print_json(diagnosis.to_dict())
    else:
        show_diagnosis(diagnosis)
    if not diagnosis.clean:
        raise typer.Exit(1)


@reads_data
@reads_recipes
def preview(
    data: Data,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("preview.html"),
    settings: Settings = None,
    examples: Annotated[int, typer.Option(min=1, help="Number of examples, spread over the classes.")] = 12,
    draws: Annotated[int, typer.Option(min=0, help="Number of epochs whose augmentation is shown.")] = 4,
) -> None:
    """Write a page of training examples as the network will see them, before and after augmentation."""
    from multicnn import api

    print_line(
        api.preview(recipe_or_path(data, settings), out, settings=settings or [], examples=examples, draws=draws)
    )
