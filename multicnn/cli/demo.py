"""`multicnn demo`: one small network on each of the three built-in data sets."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from rich.console import Console

from multicnn import api
from multicnn.cli.printing import printable
from multicnn.cli.tables import RichReporter, show_table
from multicnn.data.load import load_manifest
from multicnn.predictor import Predictor
from multicnn.recipe import DataSource, Model, Optimizer, Recipe
from multicnn.tasks.intervals import interval_in_words

RECIPES = {
    "digits": Recipe(
        data=DataSource(path="digits"),
        model=Model(name="vgg_small"),
        augment={"shift": 1},
        epochs=8,
        optimizer=Optimizer(learning_rate=2e-3, schedule="cosine"),
    ),
    "docstrings": Recipe(
        data=DataSource(path="docstrings"),
        model=Model(name="textcnn"),
        augment={"word_dropout": 0.1},
        epochs=6,
        optimizer=Optimizer(learning_rate=1e-3, schedule="cosine"),
    ),
    "spoken_digits": Recipe(
        data=DataSource(path="spoken_digits"),
        model=Model(name="res8"),
        augment={"time_shift": 8, "time_mask": 10, "frequency_mask": 6},
        epochs=16,
        optimizer=Optimizer(learning_rate=3e-3, schedule="cosine"),
    ),
}
_ABOUT = {
    "digits": "1,797 handwritten digits of 8x8 pixels (scikit-learn)",
    "docstrings": "sentences from the docstrings of installed libraries: which library?",
    "spoken_digits": "the ten digits in synthetic voices; the test voices are not in the training set",
}
_NEXT = """[bold]What to try next[/bold]
  multicnn train photos/                 a folder with one folder of images (or audio files) per class
  multicnn train reviews.csv             a table with the columns text and label
  multicnn train digits --model resnet20 another network: multicnn models lists them
  multicnn predict runs/.../model.keras image.jpg"""


def run(epochs: int | None = None) -> None:
    """Train and evaluate on each built-in data set, and print the scores; the runs are not saved."""
    console = Console()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, recipe in RECIPES.items():
            console.rule(f"{name}: {_ABOUT[name]}")
            recipe = recipe if epochs is None else dataclasses.replace(recipe, epochs=epochs)
            out = Path(folder) / name
            with RichReporter() as reporter:
                predictor = api.train(recipe, out, reporter=reporter)
            rows.append(_row(name, predictor))
            _show_predictions(name, predictor, console)
    columns = ["data set", "model", "parameters", "accuracy", "linear", "seconds"]
    show_table("multicnn demo", columns, rows, console)
    for name, _, _, accuracy, linear, _ in rows:
        if float(accuracy.split()[0]) < float(linear.split()[0]):
            console.print(f"On {name} the linear baseline is better, as is common with so few examples.")
    console.print(_NEXT, highlight=False)


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
