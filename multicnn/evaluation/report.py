"""report.html: one page per run that needs no other file, no script and no network."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from multicnn.evaluation import figures
from multicnn.evaluation.mistakes import worst_mistakes
from multicnn.evaluation.page import cell, page, section, table
from multicnn.evaluation.previews import preview
from multicnn.tasks.metrics import confusion, per_class

if TYPE_CHECKING:
    import pandas

LISTED_BAD_FILES = 100
SHOWN = 300  # characters of a bad text
SPLITS = {"train": "training", "val": "validation", "test": "test", "linear_baseline": "linear model, test"}
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")
MATRIX_TEXT = "A row per true class, a column per predicted class; the diagonal is right. Counts by class are below."


def write_evaluation(
    folder: str | Path, logits: np.ndarray, targets: np.ndarray, labels: Sequence[str], ids: Sequence[str]
) -> pandas.DataFrame:
    """Writes `per_class.csv`, `mistakes.csv` and `confusion_matrix.png` of one set of predictions into a folder.

    Args:
        folder: an existing folder.
        logits: (n, classes) float.
        targets: (n,) int, the true class of each row; or (n, classes) of several labels, which have no confusion matrix.
        labels: the name of each class, in the order of the logits.
        ids: the name of each row, such as its file.

    Returns:
        The worst mistakes, as `mistakes.worst_mistakes` gives them; `row` says which examples to preview.

    Raises:
        ValueError: as `metrics.summarise` and `mistakes.worst_mistakes`.
    """
    folder = Path(folder)
    per_class(logits, targets, labels).to_csv(folder / "per_class.csv")
    mistakes = worst_mistakes(logits, targets, labels, ids)
    mistakes.to_csv(folder / "mistakes.csv", index=False)
    if np.ndim(targets) == 1:
        figures.confusion_matrix(confusion(logits, targets, len(labels)), labels, folder / "confusion_matrix.png")
    return mistakes


def write_report(folder: str | Path, previews: Mapping[str, Any] | None = None) -> Path:
    """Writes `report.html` from what a run folder holds; a part whose file is missing is left out.

    Reads `metrics.json` (each entry with an `accuracy` is a row of the first table, each plain number or text a fact
    above it; `linear_baseline` is set against `test`), `history.csv` (drawn to `learning_curves.png`),
    `confusion_matrix.png`, `per_class.csv`, `mistakes.csv`, `bad_files.csv` and `recipe.json`.

    Args:
        folder: the run folder.
        previews: raw examples by id, shown beside the worst mistakes: what `previews.preview` takes.

    Returns:
        The path of the page.

    Raises:
        ValueError: the folder does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"folder must be an existing run folder. Received: folder={str(folder)!r}")
    metrics = _json(folder / "metrics.json")
    sections = [
        _metrics(metrics),
        _curves(folder),
        _picture(folder / "confusion_matrix.png", "Confusion matrix", MATRIX_TEXT),
        _classes(_rows(folder / "per_class.csv")),
        _mistakes(folder / "mistakes.csv", previews or {}),
        _bad_files(_rows(folder / "bad_files.csv")),
        _recipe(_json(folder / "recipe.json")),
    ]
    path = folder / "report.html"
    path.write_text(
        page(folder.resolve().name, [_lead(metrics), *sections]), encoding="utf-8", errors="backslashreplace"
    )
    return path


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    import pandas

    # The module csv refuses a field that is a book.
    return pandas.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")


def _lead(metrics: dict[str, Any]) -> str:
    """The result in a sentence or two, with the linear model beside it."""
    test, linear = metrics.get("test"), metrics.get("linear_baseline")
    if not test:
        return ""
    told = f"The network classifies {test['accuracy']:.1%} of {test['n']:,} test examples correctly."
    if linear:
        gain = 100 * (test["accuracy"] - linear["accuracy"])
        verdict = f"{abs(gain):.1f} points {'fewer' if gain > 0 else 'more'}" if abs(gain) >= 0.05 else "just as many"
        told += f" A linear model classifies {linear['accuracy']:.1%} correctly: {verdict}."
    return f'<p class="lead">{html.escape(told)}</p>'


def _metrics(metrics: dict[str, Any]) -> str:
    splits = {key: value for key, value in metrics.items() if isinstance(value, dict) and "accuracy" in value}
    facts = "".join(
        f"<div><dt>{html.escape(key.replace('_', ' '))}</dt><dd>{cell(value)}</dd></div>"
        for key, value in metrics.items()
        if isinstance(value, (int, float, str))
    )
    order = sorted(splits, key=lambda key: list(SPLITS).index(key) if key in SPLITS else len(SPLITS))
    rows = [{"split": SPLITS.get(key, key.replace("_", " ")), **splits[key]} for key in order]
    micro = ["micro_f1"] if any("micro_f1" in row for row in rows) else []
    columns = ["split", "accuracy", "loss", "macro_f1", *micro, "n"]
    note = splits.get("linear_baseline", {}).get("model", "")
    note = f'<p class="note">Linear model: {html.escape(note)}.</p>' if note else ""
    numbers = table("Accuracy, mean loss in nats and macro-averaged F1 by split", columns, rows) if rows else ""
    body = (f"<dl>{facts}</dl>" if facts else "") + numbers + note
    return section("Results", body) if body else ""


def _curves(folder: Path) -> str:
    if not _rows(folder / "history.csv"):
        return ""
    picture = figures.learning_curves(folder / "history.csv", folder / "learning_curves.png")
    return _picture(picture, "Learning curves", _curves_text(_rows(folder / "history.csv")))


def _curves_text(history: list[dict[str, str]]) -> str:
    last = {key.replace("_", " "): cell(history[-1][key]) for key in CURVES if history[-1].get(key)}
    return (
        f"After {len(history)} epoch{'s' * (len(history) > 1)}: "
        + ", ".join(f"{key} {value}" for key, value in last.items())
        + "."
    )


def _picture(path: Path, title: str, text: str) -> str:
    if not path.is_file():
        return ""
    source = base64.b64encode(path.read_bytes()).decode("ascii")
    picture = f'<img class="figure" alt="{html.escape(f"{title}. {text}")}" src="data:image/png;base64,{source}">'
    return section(title, f"<figure>{picture}<figcaption>{html.escape(text)}</figcaption></figure>")


def _classes(rows: list[dict[str, str]]) -> str:
    columns = ["class", "precision", "recall", "f1", "support"]
    named = [{"class": row["label"], **row} for row in rows]
    return section("Classes", table("Precision, recall and F1 by class", columns, named)) if rows else ""


def _mistakes(path: Path, previews: Mapping[str, Any]) -> str:
    if not path.is_file():
        return ""
    rows: list[dict[str, Any]] = _rows(path)
    if not rows:
        return section("Worst mistakes", "<p>None: every example was classified correctly.</p>")
    columns = ["id", "label", "predicted", "confidence", "label_probability"]
    shown = {row["id"]: preview(previews[row["id"]], row["id"]) for row in rows if row["id"] in previews}
    if shown:
        columns.insert(1, "preview")
    caption = "Wrong answers given with the highest probability. Are their labels right?"
    return section("Worst mistakes", table(caption, columns, rows, shown))


def _bad_files(rows: list[dict[str, str]]) -> str:
    if not rows:
        return ""
    more = len(rows) - LISTED_BAD_FILES
    listed = [{name: said[:SHOWN] for name, said in row.items()} for row in rows[:LISTED_BAD_FILES]]
    note = f'<p class="note">and {more:,} more in bad_files.csv</p>' if more > 0 else ""
    return section("Skipped inputs", table(f"{len(rows):,} skipped", list(rows[0]), listed) + note)


def _recipe(recipe: dict[str, Any]) -> str:
    if not recipe:
        return ""
    text = html.escape(json.dumps(recipe, indent=2, ensure_ascii=False))
    return section("Recipe", f"<details><summary>recipe.json</summary><pre>{text}</pre></details>")
