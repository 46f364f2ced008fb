"""`multicnn features` and `transfer-curves`: what trained weights are good for elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from multicnn.cli.options import DataUnlessResumed, Json, Resume, Settings, reads_data, recipe_or_path


def features(
    model: Annotated[str, typer.Argument(help="A model.keras file; or with --from a name from `multicnn models`.")],
    data: Annotated[str, typer.Argument(help="Labelled examples, as for train.")],
    out: Annotated[Path, typer.Option(help="The .npz file to write.")] = Path("features.npz"),
    stage: Annotated[
        str | None, typer.Option(help="A stage from `multicnn inspect`; by default all but the last layer.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="FILE", help="Weights for the named model.")] = None,
    head: Annotated[
        str | None, typer.Option(help="linear: also train a logistic regression on them, saved beside as .keras.")
    ] = None,
    settings: Settings = None,
) -> None:
    """Write what a stage of a trained network puts out for each example; a predictor on top of it takes seconds."""
    from multicnn import api
    from multicnn.cli.tables import RichReporter

    with RichReporter() as reporter:
        found, predictor = api.features(
            model, data, out, stage=stage, start=start, head=head, reporter=reporter, settings=settings or []
        )
        n, dims = found.values.shape
        print(f"{n:,} examples, {dims:,} features of {found.stage}: {out}")
        if predictor is not None:
            reporter.finished(predictor)
            print(f"a predictor on them: {out.with_suffix('.keras')}")


@reads_data
def transfer_curves(
    data: DataUnlessResumed = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="FILE", help="The weights to begin with, as for train.")
    ] = None,
    sizes: Annotated[str, typer.Option(help="Numbers of training examples, such as 10,30,100,300.")] = "",
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each kind and size.")] = 3,
    out: Annotated[Path | None, typer.Option(help="The folder of the runs; by default a new one in runs/.")] = None,
    resume: Resume = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Show what trained weights bring: learning curves with them and from scratch, as a table and a picture."""
    from multicnn import api
    from multicnn.cli.tables import RichReporter, show_transfer

    try:
        numbers = [int(size) for size in sizes.split(",") if size]
    except ValueError:
        raise ValueError(f"--sizes must be whole numbers with commas between. Received: sizes={sizes!r}") from None
    with RichReporter(quiet=as_json) as reporter:
        what, wanted = recipe_or_path(data), {"sizes": numbers, "seeds": seeds}
        curves = api.transfer_curves(what, start, out, **wanted, resume=resume, reporter=reporter, settings=settings)
    if as_json:
        print(json.dumps({"runs": curves.runs.to_dict("records"), "claims": curves.claims()}))
    else:
        show_transfer(curves)
