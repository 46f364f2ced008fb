"""`multicnn demo`, `train`, `crossval` and `find-rate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from multicnn.cli import launching
from multicnn.cli.options import (
    READING,
    Data,
    DataUnlessResumed,
    FieldOption,
    Json,
    Resume,
    RunFolder,
    Settings,
    Weights,
    loads_predictors,
    reads_data,
    reads_recipes,
    recipe_or_path,
    sets_fields,
)
from multicnn.cli.printing import print_json, print_line
from multicnn.utils.outputs import check_file


def demo(
    epochs: Annotated[int | None, typer.Option(help="Epochs for each network, instead of the demo's own.")] = None,
) -> None:
    """Train a small network on each of the three built-in data sets, and show its predictions."""
    from multicnn.cli import demo as demonstration

    demonstration.run(epochs)


def _off_if_plain(given: bool | None) -> str | None:
    """Return the value of the field `baseline`."""
    return "off" if given else None


def _check_plain(settings: Sequence[str]) -> None:
    """Raise ValueError where --plain is followed by a setting of the same field that says something else."""
    values = [
        text.strip().strip('"')
        for name, _, text in (each.partition("=") for each in settings)
        if name.strip() == "baseline"
    ]
    if values[:1] == ["off"] and values[-1] != "off":
        raise ValueError(f"`baseline` saves the network alone: omit it. Received: set='baseline={values[-1]}'")


PLAIN = FieldOption(
    "baseline",
    bool,
    typer.Option("--plain", help="Save the network, whatever the linear baseline can do.", callback=_off_if_plain),
)
TRAINING = {
    "model": FieldOption("model.name", str, typer.Option(help="A name from `multicnn models`, or module:function.")),
    "test": FieldOption("data.test", str, typer.Option(help="A separate folder or table of test examples.")),
    "leave_out": FieldOption("data.leave_out", str, typer.Option(help="The group that is the test set.")),
    "start": FieldOption("start.path", str, Weights),
    "freeze_until": FieldOption(
        "start.freeze_until",
        str,
        typer.Option(metavar="STAGE", help="Freeze all layers up to and including this stage."),
    ),
    "epochs": FieldOption("epochs", int, typer.Option(help="Number of passes over the training examples.")),
    "vectors": FieldOption(
        "model.embedding.vectors",
        str,
        typer.Option(
            metavar="word2vec|fasttext|FILE",
            help="Word vectors that a network of texts starts with: learned from the training texts, or in a file.",
        ),
    ),
    "plain": PLAIN,
    "class_weights": FieldOption(
        "class_weights", bool, typer.Option("--class-weights", help="Weight classes inversely to their frequency.")
    ),
    "seed": FieldOption("seed", int, typer.Option(help="Random seed.")),
    "precision": FieldOption(
        "runtime.precision",
        str,
        typer.Option(help="auto, float32, mixed_bfloat16 or mixed_float16.", show_default="auto"),
    ),
    "xla": FieldOption(
        "runtime.jit_compile", bool, typer.Option("--xla/--no-xla", help="Compile with XLA; by default on a GPU only.")
    ),
}


@sets_fields(TRAINING | READING)
@loads_predictors
@reads_recipes
def train(
    data: DataUnlessResumed = None,
    out: RunFolder = None,
    resume: Resume = None,
    settings: Settings = None,
    workers: Annotated[
        int | None, typer.Option(help="Train with this many processes, which share each batch (on JAX).")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time that the training may take, such as 5min: sets the epochs."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Take two steps and leave nothing: shapes, memory, expected time.")
    ] = False,
) -> None:
    """Train a predictor on a folder of images or audio files, or a table of texts."""
    _check_plain(settings or [])
    if dry_run:
        if data is None or resume is not None:
            raise ValueError(f"--dry-run needs data and no run to resume. Received: resume={str(resume)!r}")
        if budget is not None:
            raise ValueError(f"--dry-run measures the time of an epoch: omit --budget. Received: budget={budget!r}")
        _dry_run(data, settings or [])
        return
    with launching.workers(workers):
        from multicnn import api
        from multicnn.cli.tables import RichReporter

        with RichReporter() as reporter:
            predictor = api.train(
                recipe_or_path(data, settings),
                out,
                resume=resume,
                budget=budget,
                reporter=reporter,
                settings=settings or [],
            )
            reporter.finished(predictor)


def _dry_run(data: str, settings: list[str]) -> None:
    from multicnn import api
    from multicnn.cli.tables import RichReporter, show_dry_run

    with RichReporter() as reporter:
        measured = api.dry_run(recipe_or_path(data, settings), reporter=reporter, settings=settings)
    show_dry_run(measured)


@sets_fields({name: option for name, option in (TRAINING | READING).items() if name not in ("test", "leave_out")})
@loads_predictors
@reads_recipes
def crossval(
    data: DataUnlessResumed = None,
    folds: Annotated[int, typer.Option(help="Number of folds.")] = 10,
    groups: Annotated[bool, typer.Option("--groups", help="Leave each group out in turn instead.")] = False,
    out: RunFolder = None,
    resume: Resume = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Train once for each fold or group left out: mean and standard deviation of the test scores."""
    _check_plain(settings or [])
    from multicnn import api
    from multicnn.cli.tables import RichReporter, show_crossval

    with RichReporter() as reporter:
        validation = api.crossval(
            recipe_or_path(data, settings),
            out,
            folds=None if groups else folds,
            resume=resume,
            reporter=reporter,
            settings=settings or [],
        )
    if as_json:
        print_json({"folds": validation.metrics, "summary": validation.summary()})
    else:
        show_crossval(validation)


@reads_data
@reads_recipes
def find_rate(
    data: Data,
    out: Annotated[Path, typer.Option(help="The plot to write.")] = Path("rates.png"),
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Find a learning rate: a few steps at rising rates, and a plot of the loss."""
    from multicnn import api
    from multicnn.cli.tables import RichReporter

    check_file(out)
    with RichReporter() as reporter:
        curve = api.find_rate(recipe_or_path(data, settings), out, reporter=reporter, settings=settings or [])
    if as_json:
        lists = {"rates": curve.rates.tolist(), "losses": curve.losses.tolist()}
        print_json({"suggestion": curve.suggestion, "limit": curve.limit, "plot": str(out), **lists})
    else:
        print_line(
            f"the loss falls fastest at a learning rate of {curve.suggestion:.1e} and stops falling at {curve.limit:.1e}: {out}"
        )
        print_line(f"use it with --set optimizer.learning_rate={curve.suggestion:.1e}")
