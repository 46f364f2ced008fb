"""`multicnn robustness`: the accuracy of a predictor on inputs that are attacked, noisy, turned, misspelt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from multicnn.cli.options import Json, loads_predictors
from multicnn.cli.printing import print_json, print_line


@loads_predictors
def robustness(
    model: Annotated[Path, typer.Argument(help="A model.keras file.")],
    data: Annotated[str, typer.Argument(help="Labelled examples: a folder, table, .npz file or built-in data set.")],
    out: Annotated[Path | None, typer.Option(help="The HTML page to write; the numbers go beside it as .json.")] = None,
    examples: Annotated[int, typer.Option(min=1, help="Number of examples, drawn by the seed.")] = 500,
    tests: Annotated[
        list[str] | None,
        typer.Option("--test", help="Only this change, such as pgd or rotation; may be given again. By default all."),
    ] = None,
    levels: Annotated[
        list[float] | None,
        typer.Option(
            "--level", help="Size of the attacks: a share of full scale for images, dB below the signal for audio."
        ),
    ] = None,
    files: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Also write every changed file, with its prediction.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure a predictor on changed inputs: attacks beside noise as large, and what happens to real files."""
    from multicnn.api.robustness import robustness as measured
    from multicnn.cli.tables import RichReporter, show_table
    from multicnn.evaluation.robustness import RobustnessSettings

    chosen = RobustnessSettings(tuple(tests or ()), examples, tuple(levels or ()), files=files)
    with RichReporter(quiet=as_json) as reporter:
        card = measured(model, data, out, chosen=chosen, reporter=reporter)
    if as_json:
        print_json(card.to_dict())
        return
    rows = [
        [
            row.test,
            row.shown_level,
            f"{row.accuracy:.3f}",
            "{:.3f} to {:.3f}".format(*row.interval),
            "" if row.reached is None else f"{row.reached:.3f}",
        ]
        for row in card.rows
    ]
    show_table(f"{card.n:,} examples", ["change", "level", "accuracy", "95 % interval", "target reached"], rows)
    for line in (*card.failed, *card.remarks):
        print_line(line)
    if out is not None:
        print_line(out)
