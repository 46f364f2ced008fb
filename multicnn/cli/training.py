"""`multicnn demo`, `train`, `crossval` and `find-rate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from multicnn.cli import launching
from multicnn.cli.options import Data, DataUnlessResumed, Json, Resume, Settings, assigned, reads_data, recipe_or_path


def demo(
    epochs: Annotated[int | None, typer.Option(help="Epochs for each network, instead of the demo's own.")] = None,
) -> None:
    """Train a small network on each of the three embedded data sets, and show what it learned."""
    from multicnn.cli import demo as demonstration

    demonstration.run(epochs)


@reads_data
def train(
    data: DataUnlessResumed = None,
    out: Annotated[Path | None, typer.Option(help="The run folder; by default a new one in runs/.")] = None,
    resume: Resume = None,
    settings: Settings = None,
    model: Annotated[str | None, typer.Option(help="A name from `multicnn models`.")] = None,
    test: Annotated[str | None, typer.Option(help="A separate folder or table of test examples.")] = None,
    leave_out: Annotated[str | None, typer.Option(help="The group that is the test set.")] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Begin with the weights of a .keras, .npz or .safetensors file, or keras.applications.",
        ),
    ] = None,
    freeze_until: Annotated[
        str | None, typer.Option(metavar="STAGE", help="The stage up to which, itself included, nothing learns.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs.")] = None,
    class_weights: Annotated[bool, typer.Option("--class-weights", help="Let each class count the same.")] = False,
    seed: Annotated[int | None, typer.Option(help="Of everything random.")] = None,
    precision: Annotated[
        str | None, typer.Option(help="auto, float32, mixed_bfloat16 or mixed_float16.", show_default="auto")
    ] = None,
    xla: Annotated[
        bool | None, typer.Option("--xla/--no-xla", help="Compile with XLA; by default on a GPU only.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Train with so many processes, which share each batch (on JAX), instead of one.", show_default=False
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Take two steps and leave nothing: shapes, memory, expected time.")
    ] = False,
) -> None:
    """Train a predictor on a folder of pictures or recordings, or a table of texts."""
    given = {
        "data.test": test, "data.leave_out": leave_out, "model": model, "epochs": epochs,
        "class_weights": class_weights or None, "seed": seed,
        "start.path": start, "start.freeze_until": freeze_until, "precision": precision, "jit_compile": xla,
    }  # fmt: skip
    assignments = assigned(given, settings)
    if dry_run:
        if data is None or resume is not None:
            raise ValueError(f"--dry-run needs data, and a run that begins. Received: resume={str(resume)!r}")
        _dry_run(data, assignments)
        return
    with launching.workers(workers):
        from multicnn import api
        from multicnn.cli.tables import RichReporter

        with RichReporter() as reporter:
            what = recipe_or_path(data)
            predictor = api.train(what, out, resume=resume, reporter=reporter, settings=assignments)
            reporter.finished(predictor)


def _dry_run(data: str, assignments: list[str]) -> None:
    from multicnn import api
    from multicnn.cli.tables import RichReporter, show_dry_run

    with RichReporter() as reporter:
        tried = api.dry_run(recipe_or_path(data), reporter=reporter, settings=assignments)
    show_dry_run(tried)


@reads_data
def crossval(
    data: DataUnlessResumed = None,
    folds: Annotated[int, typer.Option(help="How many folds.")] = 10,
    groups: Annotated[bool, typer.Option("--groups", help="Leave each group out in turn instead.")] = False,
    out: Annotated[Path | None, typer.Option(help="The folder of the runs; by default a new one in runs/.")] = None,
    resume: Resume = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Train once for each fold or group left out: mean and spread of what the test sets say."""
    from multicnn import api
    from multicnn.cli.tables import RichReporter, show_crossval

    with RichReporter() as reporter:
        what, wanted = recipe_or_path(data), None if groups else folds
        validation = api.crossval(what, out, folds=wanted, resume=resume, reporter=reporter, settings=settings)
    if as_json:
        print(json.dumps({"folds": validation.metrics, "summary": validation.summary()}, ensure_ascii=False))
    else:
        show_crossval(validation)


@reads_data
def find_rate(
    data: Data,
    out: Annotated[Path, typer.Option(help="The picture to write.")] = Path("rates.png"),
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Find a learning rate: a few steps at rising rates, and a picture of the loss."""
    from multicnn import api
    from multicnn.cli.tables import RichReporter

    with RichReporter() as reporter:
        curve = api.find_rate(recipe_or_path(data), out, reporter=reporter, settings=settings)
    if as_json:
        lists = {"rates": curve.rates.tolist(), "losses": curve.losses.tolist()}
        print(json.dumps({"suggestion": curve.suggestion, "limit": curve.limit, "picture": str(out), **lists}))
    else:
        print(
            f"the loss falls fastest at a learning rate of {curve.suggestion:.1e} and no more beyond {curve.limit:.1e}: {out}"
        )
        print(f"use it with --set optimizer.learning_rate={curve.suggestion:.1e}")
