"""`multicnn features` and `transfer-curves`: reuse trained weights on other data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from multicnn.cli.options import (
    DataUnlessResumed,
    Json,
    Resume,
    RunFolder,
    Settings,
    Weights,
    loads_predictors,
    reads_data,
    reads_recipes,
    recipe_or_path,
)
from multicnn.cli.printing import print_json, print_line


@loads_predictors
def features(
    model: Annotated[
        str,
        typer.Argument(help="A model.keras file, or weights as for --from; with --from a name from `multicnn models`."),
    ],
    data: Annotated[str, typer.Argument(help="Labelled examples, as for train.")],
    out: Annotated[Path, typer.Option(help="The .npz file to write.")] = Path("features.npz"),
    stage: Annotated[
        str | None, typer.Option(help="A stage from `multicnn inspect`; by default the input of the last layer.")
    ] = None,
    start: Annotated[str | None, Weights] = None,
    head: Annotated[
        str | None,
        typer.Option(help="linear: also train a logistic regression on the features, saved beside them as .keras."),
    ] = None,
    settings: Settings = None,
) -> None:
    """Write the outputs of a stage of a trained network for each example; a predictor on top of it trains in seconds."""
    from multicnn import api
    from multicnn.cli.tables import RichReporter

    with RichReporter() as reporter:
        extracted, predictor = api.features(
            model, data, out, stage=stage, start=start, head=head, reporter=reporter, settings=settings or []
        )
        n, dims = extracted.values.shape
        print_line(f"{n:,} examples, {dims:,} features of {extracted.stage}: {out}")
        if predictor is not None:
            reporter.finished(predictor)
            print_line(f"a predictor on them: {out.with_suffix('.keras')}")


@reads_data
@loads_predictors
@reads_recipes
def transfer_curves(
    data: DataUnlessResumed = None,
    start: Annotated[str | None, Weights] = None,
    sizes: Annotated[
        str, typer.Option(help="Numbers of training examples, separated by commas, such as 10,30,100,300.")
    ] = "",
    seeds: Annotated[int, typer.Option(min=1, help="Number of runs of each kind and size.")] = 3,
    out: RunFolder = None,
    resume: Resume = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Compare learning curves with trained weights and from scratch, as a table and a plot."""
    from multicnn import api
    from multicnn.cli.tables import RichReporter
    from multicnn.cli.transfer_tables import show_transfer

    try:
        numbers = [int(size) for size in sizes.split(",") if size]
    except ValueError:
        raise ValueError(f"`sizes` must be whole numbers separated by commas. Received: sizes={sizes!r}") from None
    with RichReporter(quiet=as_json) as reporter:
        curves = api.transfer_curves(
            recipe_or_path(data, settings),
            start,
            out,
            sizes=numbers,
            seeds=seeds,
            resume=resume,
            reporter=reporter,
            settings=settings or [],
        )
    if as_json:
        over_time = {"epochs": curves.epochs.to_dict("records"), "claims_over_time": curves.claims_over_time()}
        print_json({"runs": curves.runs.to_dict("records"), "claims": curves.claims(), **over_time})
    else:
        show_transfer(curves)
