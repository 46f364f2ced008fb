"""`multicnn evaluate` and `predict`: measure and use a trained predictor."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from multicnn.cli.mask_folder import MaskFolder
from multicnn.cli.options import Json, Settings, loads_predictors
from multicnn.cli.prediction_rows import check_csv, csv_table, json_row, text_lines
from multicnn.cli.printing import print_json
from multicnn.utils.urls import REMEDY, is_url


@loads_predictors
def evaluate(
    model: Annotated[Path, typer.Argument(help="A model.keras file.")],
    data: Annotated[str, typer.Argument(help="Labelled examples: a folder, table, .npz file or built-in data set.")],
    split: Annotated[
        str | None, typer.Option(help="The split to measure, of data that has splits: train, val or test.")
    ] = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Measure a predictor: metrics, a table per class, the confusion matrix (where each example has one label)."""
    from multicnn import api
    from multicnn.cli.tables import RichReporter, show_evaluation

    with RichReporter(quiet=as_json) as reporter:
        evaluation = api.evaluate(model, data, split=split, reporter=reporter, settings=settings or [])
    if as_json:
        more = {} if evaluation.by_inputs is None else {"by_inputs": evaluation.by_inputs.to_dict("index")}
        print_json(evaluation.metrics | more | ({"note": evaluation.note} if evaluation.note else {}))
    else:
        show_evaluation(evaluation)


@loads_predictors
def predict(
    model: Annotated[Path, typer.Argument(help="A model.keras file.")],
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Files or folders of them, for a text predictor texts too, or tables of several inputs; - reads lines."
        ),
    ],
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the predictions to a CSV file, a row for each input."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Also write each predicted mask, and its probabilities, as PNG into a folder."
        ),
    ] = None,
    as_json: Json = False,
    per_window: Annotated[
        bool, typer.Option("--per-window", help="Print each window of long audio or text, and its start.")
    ] = False,
) -> None:
    """Predict the classes of images, audio files or texts; exit code 1 if one of them is bad."""
    _check(inputs, csv)
    from multicnn.data.inputs import name_of
    from multicnn.predictor import load

    predictor = load(model)
    masks = None if out is None else MaskFolder(out, predictor)
    bad = False
    names: deque[str] = deque()  # of the inputs that the stream has taken

    def sources() -> Iterator[object]:
        if predictor.preprocess.input_names:
            for position, row in enumerate(predictor.inputs([Path(item) for item in inputs])):
                names.append(name_of(row, position))
                yield row
            return
        for item in expanded(inputs, csv):
            names.append(str(item))
            yield text_or_file(item) if predictor.preprocess.inline and isinstance(item, str) else item

    with csv_table(csv, predictor, per_window) if csv else nullcontext(lambda prediction: None) as add:
        for prediction in predictor.stream(sources()):
            prediction = dataclasses.replace(prediction, input=names.popleft())
            bad |= prediction.error is not None
            add(prediction)
            if masks is not None:
                masks.add(prediction)
            if as_json:
                print_json(json_row(prediction, per_window))
            else:
                print(text_lines(predictor, prediction, per_window))
    if bad:
        raise typer.Exit(1)


def text_or_file(item: str) -> str | bytes:
    """Return the contents of the file of this name, if there is one, else the text itself.

    Raises:
        ValueError: There is a pipe or a device of this name, or the file is too large.
    """
    from multicnn.utils import regular_files

    try:
        return regular_files.read_bytes(item, "text_bytes")
    except regular_files.NotRegularError as error:
        raise ValueError(f"`inputs` must be texts or files ({error.strerror}). Received: inputs={item!r}") from None
    except OSError:
        return item
    except ValueError as error:
        if "\0" in item:  # no name of a file
            return item
        raise ValueError(f"`inputs` must be within the limits ({error}). Received: inputs={item!r}") from None


def refuse_urls(inputs: Iterable[str]) -> None:
    """Raise ValueError where an input is a URL: on the command line nobody means it as a text."""
    for item in inputs:
        if is_url(item):
            raise ValueError(f"`inputs` must be on this machine ({REMEDY}). Received: inputs={item!r}")


def _check(inputs: Iterable[str], csv: Path | None) -> None:
    """Raise ValueError for what cannot be right, before the predictor is loaded."""
    refuse_urls(inputs)
    if csv is not None:
        check_csv(csv)
        if csv.exists() and any(os.path.isfile(item) and csv.samefile(item) for item in inputs):
            raise ValueError(f"`csv` must be another file than the inputs. Received: csv={str(csv)!r}")


def expanded(inputs: Iterable[str], csv: Path | None) -> Iterator[str | Path]:
    """Yield the inputs, with the paths of the files of a folder in its place, and the lines of standard input for "-".

    The table of an earlier call, which this one writes anew, is not one of the files.
    """
    from multicnn.data.listing import files_in

    for item in inputs:
        if item == "-":
            yield from (line.rstrip("\r\n").removeprefix("\ufeff") for line in sys.stdin if line.strip())
        elif os.path.isdir(item):
            files = map(Path, files_in(item))
            yield from (file for file in files if csv is None or os.path.abspath(file) != os.path.abspath(csv))
        else:
            yield Path(item) if item.lower().endswith((".csv", ".tsv")) and os.path.isfile(item) else item
