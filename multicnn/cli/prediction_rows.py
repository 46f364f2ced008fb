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
    from multicnn.tasks import Answer, Box

_MOST_CLASSES, _MOST_LISTED = 200, 20  # of more classes than the first number, the second is listed


def json_row(prediction: Prediction, per_window: bool) -> dict[str, Any]:
    """Return a prediction as an object of JSON."""
    if prediction.error is not None:
        return {"input": prediction.input, "error": prediction.error}
    row: dict[str, Any] = {"input": prediction.input, "label": prediction.label, "labels": prediction.labels}
    kind = "values" if prediction.values else "probabilities"
    row[kind] = prediction.values or _most_probable(prediction.probabilities)
    if prediction.segments:
        row["segments"] = [segment._asdict() for segment in prediction.segments]
    if prediction.boxes is not None:
        row["boxes"] = [{"label": box.label, "score": box.score, "box": list(box[2:])} for box in prediction.boxes]
    if prediction.remark:
        row["remark"] = prediction.remark
    if per_window:
        row["windows"] = [{"start": start, kind: _most_probable(named)} for start, named in prediction.windows]
    return row


def text_lines(predictor: Predictor, prediction: Prediction, per_window: bool) -> str:
    """Return a prediction as a line of text: input, label, probabilities; and a line for each window, or box."""
    if prediction.error is not None:
        return f"{printable(prediction.input)}\terror: {printable(prediction.error)}"
    answers: list[tuple[str, Prediction | Answer]] = [(prediction.input, prediction)]
    for start, answer in _windows(predictor, prediction) if per_window else ():
        if position := predictor.preprocess.position(start):
            answers.append((f"  {position}", answer))
    lines = [f"{printable(name)}\t{_decided(answer, predictor)}" for name, answer in answers]
    if prediction.remark:
        lines[0] += f"\t{prediction.remark}"
    lines += [f"  {printable(box.label)}\t{box.score:.3f}\t{_sides(box)}" for box in prediction.boxes or ()]
    return "\n".join(lines)


def _sides(box: Box) -> str:
    """Return the sides of a box, such as "12.5 30 64 81.2"."""
    return " ".join(f"{round(side, 1):g}" for side in box[2:])


def check_csv(path: Path) -> None:
    """Raise ValueError, before any work is done, where a CSV file cannot be written."""
    if path.suffix.lower() != ".csv":
        raise ValueError(f"`csv` must end in .csv. Received: csv={str(path)!r}")
    check_file(path, "csv")


@contextmanager
def csv_table(path: Path, predictor: Predictor, per_window: bool) -> Iterator[Callable[[Prediction], None]]:
    """Yield a function that adds a prediction to a CSV file, which replaces an old one at the end of the block.

    A column for each class, or value, follows `input`, `label`, `probability`, `error` and `remark`, of more than 200 classes
    two columns for each of the 20 most probable; with `per_window` there is a row for each window too, with its `start` in
    seconds (of texts: in tokens). Formulas are written as text.
    """
    columns = _columns(predictor)
    head = ["input", *(["start"] if per_window else []), "label", "probability", "error", "remark"]
    # A name that is not UTF-8 stays recognisable.
    with atomic_file(path) as part, part.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([harmless(name) for name in [*head, *columns]])

        def write(name: str, start: float | None, answer: Prediction | Answer, notes: list[str | None]) -> None:
            values = answer.values or answer.probabilities
            share = values.get(answer.labels[0]) if len(answer.labels) == 1 else None
            row = [name, *([start] if per_window else []), answer.label, share, *notes]
            writer.writerow([harmless(cell) for cell in [*row, *_cells(values, predictor)]])

        def add(prediction: Prediction) -> None:
            write(prediction.input, None, prediction, [prediction.error, prediction.remark])
            for start, answer in _windows(predictor, prediction) if per_window else ():
                write(prediction.input, start, answer, [None, None])

        yield add


def _windows(predictor: Predictor, prediction: Prediction) -> Iterator[tuple[float, Answer]]:
    """Yield the start of each window, and what the task answers to it alone."""
    import numpy as np

    for start, named in prediction.windows:
        yield start, predictor.task.answer(np.array([named.get(label, 0.0) for label in predictor.labels]))


def _decided(answer: Prediction | Answer, predictor: Predictor) -> str:
    """Return what was predicted and its probabilities; where the task gives only the most probable labels, all of these."""
    some = 0 < len(answer.probabilities) < len(predictor.labels)
    labels = tuple(answer.probabilities) if some else answer.labels
    shares = " ".join(f"{answer.probabilities[label]:.3f}" for label in labels)
    return f"{printable(', '.join(labels) if some else answer.label)}\t{shares}"


def _most_probable(named: dict[str, float]) -> dict[str, float]:
    """Return the probabilities of all classes, or of more than 200 those of the 20 most probable, the largest first."""
    if len(named) <= _MOST_CLASSES:
        return named
    return dict(sorted(named.items(), key=lambda item: -item[1])[:_MOST_LISTED])


def _columns(predictor: Predictor) -> list[str]:
    """Return the names of the columns of the classes in a CSV file."""
    if len(predictor.labels) > _MOST_CLASSES:
        return [f"{name} {i + 1}" for i in range(_MOST_LISTED) for name in ("label", "probability")]
    kind = "probability" if predictor.task.classes else "value"
    return [f"{kind} of {label}" for label in predictor.labels]


def _cells(values: dict[str, float], predictor: Predictor) -> list[str | float | None]:
    """Return the cells of these columns."""
    if len(predictor.labels) <= _MOST_CLASSES:
        return [values.get(label) for label in predictor.labels]
    pairs: list[str | float | None] = [cell for item in _most_probable(values).items() for cell in item]
    return (pairs + [None] * 2 * _MOST_LISTED)[: 2 * _MOST_LISTED]
