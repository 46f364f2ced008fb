"""The rows that `multicnn predict` prints, and writes as JSON and CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multicnn.cli.printing import printable
from multicnn.utils.files import atomic_file
from multicnn.utils.outputs import check_file
from multicnn.utils.spreadsheets import harmless

if TYPE_CHECKING:
    from multicnn.predictor import Prediction, Predictor
    from multicnn.tasks import Answer


def json_row(prediction: Prediction, per_window: bool) -> dict[str, Any]:
    """Return a prediction as an object of JSON."""
    if prediction.error is not None:
        return {"input": prediction.input, "error": prediction.error}
    row: dict[str, Any] = {"input": prediction.input, "label": prediction.label, "labels": prediction.labels}
    kind = "values" if prediction.values else "probabilities"
    row[kind] = prediction.values or prediction.probabilities
    if prediction.remark:
        row["remark"] = prediction.remark
    if per_window:
        row["windows"] = [{"start": start, kind: named} for start, named in prediction.windows]
    return row


def text_lines(predictor: Predictor, prediction: Prediction, per_window: bool) -> str:
    """Return a prediction as a line of text: input, label, probabilities; and a line for each window."""
    if prediction.error is not None:
        return f"{printable(prediction.input)}\terror: {printable(prediction.error)}"
    answers: list[tuple[str, Prediction | Answer]] = [(prediction.input, prediction)]
    for start, answer in _windows(predictor, prediction) if per_window else ():
        if position := predictor.preprocess.position(start):
            answers.append((f"  {position}", answer))
    lines = [f"{printable(name)}\t{printable(answer.label)}\t{_shares(answer)}" for name, answer in answers]
    if prediction.remark:
        lines[0] += f"\t{prediction.remark}"
    return "\n".join(lines)


def check_csv(path: Path) -> None:
    """Raise ValueError, before any work is done, where a CSV file cannot be written."""
    if path.suffix.lower() != ".csv":
        raise ValueError(f"`csv` must end in .csv. Received: csv={str(path)!r}")
    check_file(path, "csv")


@contextmanager
def csv_table(path: Path, predictor: Predictor, per_window: bool) -> Iterator[Callable[[Prediction], None]]:
    """Yield a function that adds a prediction to a CSV file, which replaces an old one at the end of the block.

    A column for each class, or value, follows `input`, `label`, `probability`, `error` and `remark`; with `per_window` there
    is a row for each window too, with its `start` in seconds (of texts: in tokens). Formulas are written as text.
    """
    kind = "probability" if predictor.task.classes else "value"
    head = ["input", *(["start"] if per_window else []), "label", "probability", "error", "remark"]
    # A name that is not UTF-8 stays recognisable.
    with atomic_file(path) as part, part.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([harmless(name) for name in [*head, *(f"{kind} of {label}" for label in predictor.labels)]])

        def write(name: str, start: float | None, answer: Prediction | Answer, notes: list[str | None]) -> None:
            values = answer.values or answer.probabilities
            share = values.get(answer.labels[0]) if len(answer.labels) == 1 else None
            row = [name, *([start] if per_window else []), answer.label, share, *notes]
            writer.writerow([harmless(cell) for cell in [*row, *(values.get(label) for label in predictor.labels)]])

        def add(prediction: Prediction) -> None:
            write(prediction.input, None, prediction, [prediction.error, prediction.remark])
            for start, answer in _windows(predictor, prediction) if per_window else ():
                write(prediction.input, start, answer, [None, None])

        yield add


def _windows(predictor: Predictor, prediction: Prediction) -> Iterator[tuple[float, Answer]]:
    """Yield the start of each window, and what the task answers to it alone."""
    import numpy as np

    for start, named in prediction.windows:
        yield start, predictor.task.answer(np.array(list(named.values())))


def _shares(answer: Prediction | Answer) -> str:
    """Return the probabilities of the predicted classes."""
    return " ".join(f"{answer.probabilities[label]:.3f}" for label in answer.labels)
