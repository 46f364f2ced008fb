"""`multicnn evaluate` and `predict`: measure and use a trained predictor."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from multicnn.cli.options import Json, Settings, loads_predictors

if TYPE_CHECKING:
    from multicnn.predictor import Prediction, Predictor
    from multicnn.tasks import Answer


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
        print(json.dumps(evaluation.metrics))
    else:
        show_evaluation(evaluation)


@loads_predictors
def predict(
    model: Annotated[Path, typer.Argument(help="A model.keras file.")],
    inputs: Annotated[
        list[str],
        typer.Argument(help="Files, or for a text predictor texts or their files; - reads them from standard input."),
    ],
    as_json: Json = False,
    per_window: Annotated[
        bool, typer.Option("--per-window", help="Print each window of long audio or text, and its start.")
    ] = False,
) -> None:
    """Predict the classes of images, audio files or texts; exit code 1 if one of them is bad."""
    from multicnn.predictor import load

    predictor = load(model)
    bad = False
    names: deque[str] = deque()  # of the inputs that the stream has taken

    def sources() -> Iterator[str | bytes]:
        for item in _expanded(inputs):
            names.append(item)
            yield text_or_file(item) if predictor.preprocess.inline else item

    for prediction in predictor.stream(sources()):
        prediction = dataclasses.replace(prediction, input=names.popleft())
        bad |= prediction.error is not None
        if as_json:
            print(json.dumps(_row(prediction, per_window), ensure_ascii=False))
        else:
            print(_lines(predictor, prediction, per_window))
    if bad:
        raise typer.Exit(1)


def text_or_file(item: str) -> str | bytes:
    """Return the contents of the file of this name, if there is one, else the text itself."""
    if os.path.isfile(item):
        with suppress(OSError):
            return Path(item).read_bytes()
    return item


def _expanded(inputs: Iterable[str]) -> Iterator[str]:
    """Yield the inputs, with the lines of standard input in place of "-"."""
    for item in inputs:
        if item == "-":
            yield from (line.rstrip("\r\n").removeprefix("\ufeff") for line in sys.stdin if line.strip())
        else:
            yield item


def _row(prediction: Prediction, per_window: bool) -> dict[str, Any]:
    if prediction.error is not None:
        return {"input": prediction.input, "error": prediction.error}
    row: dict[str, Any] = {"input": prediction.input, "label": prediction.label, "labels": prediction.labels}
    kind = "values" if prediction.values else "probabilities"
    row[kind] = prediction.values or prediction.probabilities
    if per_window:
        row["windows"] = [{"start": start, kind: named} for start, named in prediction.windows]
    return row


def _lines(predictor: Predictor, prediction: Prediction, per_window: bool) -> str:
    import numpy as np

    if prediction.error is not None:
        return f"{prediction.input}\terror: {prediction.error}"
    answers: list[tuple[str, Prediction | Answer]] = [(prediction.input, prediction)]
    for start, named in prediction.windows if per_window else ():
        if position := predictor.preprocess.position(start):
            answers.append((f"  {position}", predictor.task.answer(np.array(list(named.values())))))
    return "\n".join(f"{name}\t{answer.label}\t{_shares(answer)}" for name, answer in answers)


def _shares(answer: Prediction | Answer) -> str:
    """Return the probabilities of the predicted classes."""
    return " ".join(f"{answer.probabilities[label]:.3f}" for label in answer.labels)
