"""`multicnn demo`: `multicnn train` on each of the three built-in data sets."""

from __future__ import annotations

import datetime
from pathlib import Path

from rich.console import Console

from multicnn import api
from multicnn.cli.printing import printable
from multicnn.cli.tables import RichReporter, show_table
from multicnn.data.load import load_manifest
from multicnn.predictor import Predictor
from multicnn.recipe import DataSource
from multicnn.tasks.intervals import interval_in_words
from multicnn.training.setup import check_free

_ABOUT = {
    "digits": "1,797 handwritten digits of 8x8 pixels (scikit-learn)",
    "docstrings": "sentences from the docstrings of installed libraries: which library?",
    "spoken_digits": "the ten digits in synthetic voices; the test voices are not in the training set",
}
_NEXT = """[bold]What to try next[/bold]
  multicnn evaluate {folder}/digits/model.keras digits --split test
  multicnn predict {folder}/docstrings/model.keras "Return the indices that would sort an array."
  multicnn train digits --model resnet20   another network: multicnn models lists them
  multicnn train photos/                   a folder with one folder of images (or audio files) per class
  multicnn train reviews.csv               a table with the columns text and label"""


def run(epochs: int | None = None) -> None:
    """Train and evaluate on each built-in data set, as `multicnn train` does, and print the scores; the runs stay in runs/."""
    console = Console()
    folder = check_free(Path("runs") / f"demo-{datetime.datetime.now():%Y%m%d-%H%M%S}")
    settings = [] if epochs is None else [f"epochs={epochs}"]
    rows = []
    for name, about in _ABOUT.items():
        console.rule(f"{name}: {about}")
        with RichReporter() as reporter:
            predictor = api.train(name, folder / name, reporter=reporter, settings=settings)
        rows.append(_row(name, predictor))
        _show_predictions(name, predictor, console)
    columns = ["data set", "model", "parameters", "accuracy", "linear", "seconds"]
    show_table("multicnn demo", columns, rows, console)
    for name, _, _, accuracy, linear, _ in rows:
        if float(accuracy.split()[0]) < float(linear.split()[0]):
            console.print(f"On {name} the linear baseline is better, as is common with so few examples.")
    console.print(f"Each folder in {folder} has the report of its run, report.html.", highlight=False, soft_wrap=True)
    console.print(_NEXT.format(folder=folder), highlight=False, soft_wrap=True)


def _row(name: str, predictor: Predictor) -> list[str]:
    measured = predictor.metrics
    accuracies = [
        f"{accuracy:.3f}{interval_in_words('accuracy', accuracy, measured[key]['n'])}"
        for key in ("test", "linear_baseline")
        for accuracy in [measured[key]["accuracy"]]
    ]
    return [name, measured["model"], f"{measured['parameters']:,}", *accuracies, f"{measured['seconds']:.0f}"]


def _show_predictions(name: str, predictor: Predictor, console: Console) -> None:
    manifest = load_manifest(DataSource(path=name))
    rows = manifest.rows("test")
    chosen = rows[:: max(len(rows) // 3, 1)][:3]
    for row, prediction in zip(chosen, predictor.predict([manifest.raw_source(row) for row in chosen])):
        source = manifest.table["source"][row] if manifest.inline else Path(manifest.table["id"][row]).name
        true = manifest.table["label"][row]
        console.print(
            f"  {str(source)[:70]!r}: {printable(prediction.label)} ({prediction.probability:.2f}), truly {printable(true)}",
            highlight=False,
            markup=False,
        )
