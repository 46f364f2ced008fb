"""The report of a run, report.html, and the tables it shows."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from multicnn.evaluation import figures, page
from multicnn.evaluation.mistakes import worst_mistakes
from multicnn.tasks.metrics import confusion, per_class

if TYPE_CHECKING:
    import pandas

LISTED_BAD_FILES = 100
SHOWN = 300  # characters of a bad text
SPLITS = {"train": "training", "val": "validation", "test": "test", "linear_baseline": "linear baseline, test"}
METRICS = {"accuracy": "accuracy", "loss": "loss", "macro_f1": "macro F1", "micro_f1": "micro F1", "n": "examples"}
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")


def write_evaluation(
    folder: str | Path, logits: np.ndarray, targets: np.ndarray, labels: Sequence[str], ids: Sequence[str]
) -> pandas.DataFrame:
    """Write `per_class.csv`, `mistakes.csv` and `confusion_matrix.png` of one set of predictions into a folder.

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
    """Write `report.html` from the files of a run folder; a section whose file is missing is left out.

    Reads `metrics.json` (each entry with an `accuracy` is a row of the first table, each plain number or text a fact
    above it; `linear_baseline` is set against `test`), `history.csv` (drawn to `learning_curves.png`),
    `confusion_matrix.png`, `per_class.csv`, `mistakes.csv`, `bad_files.csv` and `recipe.json`.

    Args:
        folder: the run folder.
        previews: Examples by id, shown beside the worst mistakes, each as `media.embed` takes it.

    Returns:
        The path of the page.

    Raises:
        ValueError: the folder does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"folder must be an existing run folder. Received: folder={str(folder)!r}")
    metrics, recipe = _json(folder / "metrics.json"), _json(folder / "recipe.json")
    splits = {key: value for key, value in metrics.items() if isinstance(value, dict) and "accuracy" in value}
    history, mistakes = folder / "history.csv", folder / "mistakes.csv"
    return page.write(
        folder / "report.html",
        "report",
        title=folder.resolve().name,
        lead=_lead(metrics),
        facts={key.replace("_", " "): value for key, value in metrics.items() if isinstance(value, (int, float, str))},
        columns={name: text for name, text in METRICS.items() if any(name in split for split in splits.values())},
        splits=[{"split": SPLITS.get(key, key.replace("_", " ")), **splits[key]} for key in sorted(splits, key=_order)],
        baseline=splits.get("linear_baseline", {}).get("model"),
        learning_curves=_learning_curves(history),
        curves_caption=_last_epoch(_rows(history)),
        confusion_matrix=_bytes(folder / "confusion_matrix.png"),
        classes=_rows(folder / "per_class.csv"),
        mistakes=_rows(mistakes) if mistakes.is_file() else None,
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
    return pandas.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")


def _order(split: str) -> int:
    return list(SPLITS).index(split) if split in SPLITS else len(SPLITS)


def _lead(metrics: dict[str, Any]) -> str:
    """Return the result in a sentence or two, with the linear baseline beside it."""
    test, linear = metrics.get("test"), metrics.get("linear_baseline")
    if not test:
        return ""
    lead = f"Test accuracy: {_percent(test['accuracy'])} on {test['n']:,} examples."
    if linear:
        gain = 100 * (test["accuracy"] - linear["accuracy"])
        side = "below" if gain > 0 else "above"
        compared = f"{abs(gain):.1f} percentage points {side} the network" if abs(gain) >= 0.05 else "as the network"
        lead += f" Linear baseline: {_percent(linear['accuracy'])} ({compared})."
    return lead


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _learning_curves(history: Path) -> bytes:
    return (
        figures.learning_curves(history, history.with_name("learning_curves.png")).read_bytes()
        if _rows(history)
        else b""
    )


def _last_epoch(history: list[dict[Hashable, str]]) -> str:
    if not history:
        return ""
    last = [f"{key.replace('_', ' ')} {page.number(history[-1][key])}" for key in CURVES if history[-1].get(key)]
    return f"After {len(history)} epoch{'s' * (len(history) > 1)}: {', '.join(last)}."
