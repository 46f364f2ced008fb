"""The report of a run, report.html, and the tables it shows."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from multicnn.evaluation import figures, page
from multicnn.evaluation.headline import headline, network_alone, saved_in_words
from multicnn.evaluation.overlays import overlaid
from multicnn.tasks import Task
from multicnn.tasks.intervals import Metrics, bounds_in, with_own_interval
from multicnn.utils.files import write_text
from multicnn.utils.spreadsheets import csv_text, shown

if TYPE_CHECKING:
    import pandas

    from multicnn.data.manifest import Manifest
    from multicnn.modalities import Preprocess, Shown

LISTED_BAD_FILES = 100
LISTED_CLASSES = 200  # of more, so many of the best and of the worst are shown:
LISTED_BEST = 20
LISTED_CONFUSED = 20
SHOWN = 300  # characters of a bad text
SPLITS = {"train": "training", "val": "validation", "test": "test"}
JUDGED = {"network": "network alone", "linear_baseline": "linear baseline"}  # both on the examples that judge a run
METRICS = {
    "accuracy": "accuracy",
    "loss": "loss",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "n": "examples",
    "map50": "mAP50",
    "map75": "mAP75",
    "map": "mAP",
}
CLASSES = {"f1": "F1", "support": "examples", "ap50": "AP50", "ap75": "AP75", "ap": "AP"}
MISTAKES = {"label": "true class", "label_probability": "probability of the true class"}


def report_run(
    folder: Path, preprocess: Preprocess, manifest: Manifest, logits_of: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Write the tables, the figures and report.html of a run, on the test set if there is one.

    Args:
        folder: The run folder, with its metrics.json and what else the page shows.
        preprocess: The preprocess, which decodes the examples that are shown.
        manifest: The data, with the bad rows.
        logits_of: A function that returns the logits, float32 (n, ...), of n rows of the manifest.
    """
    split = next(s for s in ("test", "val", "train") if len(manifest.rows(s)))
    rows = manifest.rows(split)
    ids = manifest.table["id"].iloc[rows].tolist()
    logits = logits_of(rows)
    mistakes = write_evaluation(folder, manifest.task, logits, manifest.truth(rows), ids)
    shown = dict(_shown(preprocess, manifest, rows, logits, mistakes["row"].tolist()))
    write_report(folder, manifest.task, shown)


def write_evaluation(
    folder: str | Path, task: Task, logits: np.ndarray, targets: np.ndarray, ids: Sequence[str]
) -> pandas.DataFrame:
    """Write the task's tables (`per_class.csv`), `mistakes.csv` and `confusion_matrix.png` of some predictions into a folder.

    Args:
        folder: An existing folder.
        task: The task, fitted.
        logits: The logits, float (n, ...).
        targets: The targets, (n, ...), as the task makes them.
        ids: The name of each row, such as its file.

    Returns:
        The worst mistakes; `row` is the index of each in `logits`.

    Raises:
        ValueError: Lengths or shapes do not fit, or a logit is not finite.
    """
    folder = Path(folder)
    for name, table in task.tables(logits, targets).items():
        write_text(folder / f"{name}.csv", csv_text(table, index=True))
    mistakes = task.mistakes(logits, targets, ids)
    write_text(folder / "mistakes.csv", csv_text(mistakes))
    if (matrix := task.confusion(logits, targets)) is not None:
        figures.confusion_matrix(matrix, task.labels, folder / "confusion_matrix.png")
    return mistakes


def write_report(folder: str | Path, task: Task, previews: Mapping[str, Any] | None = None) -> Path:
    """Write `report.html` from the files of a run folder; a section whose file is missing is left out.

    Reads `metrics.json` (each entry with an `n` is a row of the first table, each plain number or text a fact
    above it, and `diagnoses` a list; `network` and `linear_baseline` are set against `test`, or without one against `val`;
    `saved` is a sentence above all), `history.csv` (drawn to `learning_curves.png`), `confusion_matrix.png`, `per_class.csv`,
    `mistakes.csv`, `bad_files.csv` and `recipe.json`.

    Args:
        folder: The run folder.
        task: The task of the run.
        previews: Examples by id, shown beside the worst mistakes, each as `media.embed` takes it.

    Returns:
        The path of the page.

    Raises:
        ValueError: The folder does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"folder must be an existing run folder. Received: folder={str(folder)!r}")
    metrics, recipe = _json(folder / "metrics.json"), _json(folder / "recipe.json")
    diagnoses = metrics.get("diagnoses", [])
    elsewhere = {"headline", "verdict"} if diagnoses else {"headline"}  # the verdict is the first of them
    splits = {key: value for key, value in metrics.items() if isinstance(value, dict) and "n" in value}
    history, mistakes = folder / "history.csv", folder / "mistakes.csv"
    return page.write(
        folder / "report.html",
        "report",
        title=folder.resolve().name,
        lead=" ".join(filter(None, [_saved(metrics), headline(task, metrics)])),
        facts={
            key.replace("_", " "): value
            for key, value in metrics.items()
            if isinstance(value, (int, float, str)) and key not in elsewhere
        }
        | ({"saved": network_alone(task)} if splits and not saved_in_words(metrics) else {}),
        diagnoses=diagnoses,
        columns=_columns(splits.values()),
        splits=[_row(_split_name(key, metrics), splits[key]) for key in sorted(splits, key=_order)],
        baseline=splits.get("linear_baseline", {}).get("model"),
        learning_curves=_learning_curves(history, task),
        curves_caption=_last_epoch(_rows(history), task.metric),
        confusion_matrix=_bytes(folder / "confusion_matrix.png"),
        classes=_best_and_worst(per_class := _rows(folder / "per_class.csv")),
        class_columns=_class_columns(per_class),
        confused=_rows(folder / "confused.csv")[:LISTED_CONFUSED],
        mistakes=_rows(mistakes) if mistakes.is_file() else None,
        mistake_columns=_mistake_columns(mistakes),
        previews=previews or {},
        bad_files=_rows(folder / "bad_files.csv"),
        listed=LISTED_BAD_FILES,
        shown_characters=SHOWN,
        recipe=json.dumps(recipe, indent=2, ensure_ascii=False) if recipe else "",
    )


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _rows(path: Path) -> list[dict[Hashable, str]]:
    if not path.is_file():
        return []
    import pandas

    # The module csv refuses a field that is a book.
    return pandas.read_csv(path, dtype=str, keep_default_na=False).map(shown).to_dict("records")


def _best_and_worst(classes: list[dict[Hashable, str]]) -> list[tuple[str, list[dict[Hashable, str]]]]:
    """Return the rows of all classes, or of more than 200 the best and the worst of those with examples, with captions."""
    caption = "Precision, recall (with its 95 % interval) and F1 by class"
    if classes and "f1" not in classes[0]:
        return [(f"{', '.join(_class_columns(classes).values())} by class", classes)]
    if len(classes) <= LISTED_CLASSES:
        return [(caption, classes)] if classes else []
    known = [row for row in classes if float(row["support"])]
    best = sorted(known, key=lambda row: (-float(row["f1"]), -float(row["support"])))[:LISTED_BEST]
    last = sorted(known, key=lambda row: (float(row["f1"]), -float(row["support"])))[:LISTED_BEST]
    more = f"of {len(known):,} classes with examples, {len(classes):,} in all; all are in per_class.csv"
    return [(f"{caption}: the best {more}", best), (f"{caption}: the worst {more}", last)]


def _saved(metrics: Metrics) -> str:
    """Return what was saved and why, in a sentence with its full stop."""
    return f"Saved: {line}." if (line := saved_in_words(metrics)) else ""


def _split_name(key: str, metrics: Metrics) -> str:
    if key in JUDGED:
        return f"{JUDGED[key]}, {SPLITS['test' if 'test' in metrics else 'val']}"
    return SPLITS.get(key, key.replace("_", " "))


def _row(name: str, measured: Metrics) -> Metrics:
    """Return the metrics of a split, those that have a 95 % interval with it."""
    intervals = {key: with_own_interval(key, measured) for key in measured}
    numbers = {key: f"{page.number(measured[key])}{words}" for key, words in intervals.items() if words}
    return {"split": name, **measured, **numbers}


def _order(split: str) -> int:
    order = [*SPLITS, *JUDGED]
    return order.index(split) if split in order else len(order)


def _columns(splits: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return the metrics that any split has, and what they are called on the page."""
    names = dict.fromkeys(
        name
        for split in splits
        for name in split
        if isinstance(split[name], (int, float)) and name not in bounds_in(split)
    )
    order = sorted(names, key=lambda name: list(METRICS).index(name) if name in METRICS else len(METRICS) - 1.5)
    return {name: METRICS.get(name, name.replace("_", " ")) for name in order}


def _class_columns(rows: Sequence[Mapping[Hashable, str]]) -> dict[str, str]:
    """Return the columns of per_class.csv beside the class, and what they are called on the page."""
    names = [str(name) for name in rows[0]][1:] if rows else []
    return {name: CLASSES.get(name, name.replace("_", " ")) for name in names}


def _mistake_columns(path: Path) -> dict[str, str]:
    """Return the columns of mistakes.csv that are shown beside the id, and what they are called on the page."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        names = next(csv.reader(file), [])
    return {name: MISTAKES.get(name, name.replace("_", " ")) for name in names if name not in ("id", "row")}


def _shown(
    preprocess: Preprocess, manifest: Manifest, rows: np.ndarray, logits: np.ndarray, chosen: Sequence[int]
) -> Iterator[tuple[str, Shown]]:
    """Yield ids and examples as they are shown, with what is placed in them; not of a file that has vanished since it was read.

    Args:
        preprocess: Decodes the examples.
        manifest: The data.
        rows: Rows of the manifest.
        logits: Their logits, of a placed task its records.
        chosen: The positions among the rows of those that are shown.
    """
    for position in chosen:
        row = rows[position]
        with suppress(ValueError):
            raw = preprocess.decode(manifest.raw_source(row))
            shown = preprocess.shown(raw)
            answers = manifest.task.shown_record(logits[position], preprocess.geometry(raw))
            yield manifest.table["id"][row], overlaid(shown, *answers) if answers else shown


def _learning_curves(history: Path, task: Task) -> bytes:
    if not _rows(history):
        return b""
    path = history.with_name("learning_curves.png")
    figures.learning_curves(history, path, task.metric, task.monitors.get(task.metric, "max"))
    return path.read_bytes()


def _last_epoch(history: list[dict[Hashable, str]], metric: str) -> str:
    if not history:
        return ""
    curves = ("loss", metric, "val_loss", f"val_{metric}")
    last = [f"{key.replace('_', ' ')} {page.number(history[-1][key])}" for key in curves if history[-1].get(key)]
    return f"After {len(history)} epoch{'s' * (len(history) > 1)}: {', '.join(last)}."
