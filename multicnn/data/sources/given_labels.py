"""Labels in memory as cells of a table: strings, with a list of labels as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from multicnn.data.items import array_of
from multicnn.data.manifest import Manifest
from multicnn.modalities.finding import Finding

_FRACTIONS = "labels that are no whole numbers"


def labels_of(y: object, n: int, name: str = "y") -> list[str]:
    """Return the labels of examples as strings; "" for a missing one.

    Args:
        y: One label per example: a list, an array or a column of text, bytes (UTF-8), numbers or truth values; or of lists of
            labels.
        n: The number of examples.
        name: The name of `y`, for errors.

    Raises:
        ValueError: There are more or fewer labels than examples, or they are none.
    """
    values = y if isinstance(y, (list, tuple)) and not _is_one_hot(y) else _listed(y, name)
    if len(values) != n:
        received = f"Received: {n:,} examples, {len(values):,} labels"
        raise ValueError(f"{name} must hold one label per example. {received}")
    return [_cell(value, name) for value in values]


def fractions_in(y: object, name: str = "y") -> tuple[Finding, ...]:
    """Return a remark on the first number among labels that is no whole one, if there is one: nobody calls a class so."""
    values = array_of(y).ravel().tolist() if hasattr(y, "__array__") else y if isinstance(y, (list, tuple)) else []
    for value in values:
        if isinstance(value, (float, np.floating)) and float(value) % 1 > 0:
            return (Finding(_FRACTIONS, f"{name} with {float(value)!r}", False),)
    return ()


def refuse_fractions(manifest: Manifest) -> Manifest:
    """Return a manifest without the remark of `fractions_in`, where its task takes such numbers.

    Raises:
        ValueError: The task has classes.
    """
    for remark in (each for each in manifest.remarks if each.name == _FRACTIONS):
        if manifest.task.strata("0.5"):
            name = remark.message.split()[0]
            raise ValueError(
                f"{name} must hold labels: text or whole numbers, or any with task='regression'. Received: {remark.message}"
            )
    return replace(manifest, remarks=tuple(each for each in manifest.remarks if each.name != _FRACTIONS))


def _is_one_hot(rows: list[object] | tuple[object, ...]) -> bool:
    """Return True for arrays of zeros and ones of one length: they are no lists of labels."""
    arrays = [row for row in rows if isinstance(row, np.ndarray) and row.ndim == 1]
    same = 0 < len(arrays) == len(rows) and len({len(row) for row in arrays}) == 1
    return same and bool(np.isin(np.stack(arrays), (0, 1)).all())


def _listed(y: object, name: str) -> list[object]:
    if isinstance(y, (list, tuple)):
        return _column(np.stack(y), name)
    if not hasattr(y, "__array__"):
        if isinstance(y, (str, bytes)) or not isinstance(y, Iterable):
            raise ValueError(f"{name} must hold one label per example. Received: {name} of {type(y).__name__}")
        return list(y)
    return _column(array_of(y), name)


def _column(array: np.ndarray, name: str) -> list[object]:
    if array.ndim == 2 and array.shape[1] == 1:  # as keras.datasets.cifar10 has them
        array = array[:, 0]
    if array.ndim != 1:
        remedy = f"; of one-hot rows pass {name}.argmax(axis=1)" if array.ndim == 2 else ""
        raise ValueError(f"{name} must hold one label per example{remedy}. Received: shape={array.shape}")
    return array.tolist()


def _cell(cell: object, name: str) -> str:
    if isinstance(cell, np.generic) or (isinstance(cell, np.ndarray) and cell.ndim == 0):
        cell = cell.item()
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bytes):
        try:
            return cell.decode("utf-8").strip()
        except UnicodeDecodeError:
            raise ValueError(f"{name} must hold text in UTF-8. Received: {name} with {cell[:20]!r}") from None
    if isinstance(cell, float):
        if cell != cell:
            return ""
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, (list, tuple, set, frozenset, np.ndarray)):
        labels = [_cell(label, name) for label in cell]
        return json.dumps(sorted(labels) if isinstance(cell, (set, frozenset)) else labels, ensure_ascii=False)
    return str(cell)
