"""Resolve any source of data to a Manifest."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multicnn.data.builtin import BUILTIN
from multicnn.data.manifest import Manifest
from multicnn.data.sources.arrays import resolve_arrays
from multicnn.data.sources.folder import resolve_folder
from multicnn.data.sources.reading import TABLES
from multicnn.data.sources.table import resolve_table
from multicnn.data.sources.tfds import resolve_tfds

if TYPE_CHECKING:
    from multicnn.recipe import DataSource


def resolve(source: DataSource, labels: Sequence[str] | None = None) -> Manifest:
    """Resolve a data source to a manifest: hash and label every example, and mark unusable ones as bad.

    Files are read once, for their hash and their kind; `store.load_examples` finds out whether they can be decoded.

    Args:
        source: Path of the data and how its labels are read.
        labels: The classes of a trained predictor, in its order; None to take them from the data, where
            a label that only validation or test examples have is a bad row.

    Returns:
        The manifest, with the splits that the source gives and "" for the others.

    Raises:
        ValueError: There is no such source, nothing in it is usable, a column is missing, or (where `labels` is None)
            it has one class only.
    """
    manifest = _resolve_path(source, str(source.path), "path", source.modality)
    if source.test is not None:
        if (manifest.table["split"] == "test").any():
            raise ValueError(
                f"test must be None where path has test examples of its own. Received: test={source.test!r}"
            )
        manifest = _with_test(
            manifest, _resolve_path(source, str(source.test), "test", manifest.modality), str(source.test)
        )
    if source.label_separator is not None:
        manifest = _separated(manifest, source.label_separator)
    return _settled(manifest, str(source.path), labels)


def _resolve_path(source: DataSource, path: str, argument: str, modality: str | None) -> Manifest:
    local = Path(path).expanduser()
    if path.startswith("tfds:"):
        return resolve_tfds(source, path.removeprefix("tfds:"))
    if local.is_dir():
        return resolve_folder(source, local, modality)
    if local.is_file() and local.suffix.lower() == ".npz":
        return resolve_arrays(local, modality)
    if local.is_file() and local.suffix.lower() in TABLES:
        return resolve_table(source, local, modality)
    # Last, so that nothing on disk is hidden by a built-in data set of the same name.
    if path in BUILTIN:
        return importlib.import_module(f"multicnn.data.builtin.{path}").load()
    kinds = f"a folder, a table ({', '.join(TABLES)}), an .npz archive, tfds:name, or one of {', '.join(BUILTIN)}"
    missing = "" if local.exists() else " (nothing there)"
    raise ValueError(f"{argument} must be {kinds}. Received: {argument}={path!r}{missing}")


def _with_test(manifest: Manifest, test: Manifest, path: str) -> Manifest:
    """Append the examples of a separate test source, all of them in the split "test"."""
    if test.modality != manifest.modality or (manifest.arrays is None) != (test.arrays is None):
        raise ValueError(f"test must be of the same kind as path. Received: test={path!r} ({test.modality})")
    if test.sample_rate != manifest.sample_rate:
        rates = f"{test.sample_rate} Hz beside {manifest.sample_rate} Hz"
        raise ValueError(f"test must have the sample rate of path. Received: test={path!r} ({rates})")
    table = test.table.assign(id="test:" + test.table["id"], split="test")
    arrays = None
    if manifest.arrays is not None and test.arrays is not None:
        table["source"] += len(manifest.arrays)
        arrays = _appended(manifest.arrays, test.arrays)
    table = pd.concat([manifest.table, table], ignore_index=True)
    return replace(manifest, table=table, arrays=arrays)


def _appended(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    if first.dtype == second.dtype and first.shape[1:] == second.shape[1:]:
        return np.concatenate([first, second])
    ragged = np.empty(len(first) + len(second), dtype=object)
    for i, example in enumerate([*first, *second]):
        ragged[i] = example
    return ragged


def _separated(manifest: Manifest, separator: str) -> Manifest:
    """Take what stands in the place of a label for any number of labels: between separators, or in a list in JSON."""
    cells = [separator.join(_several(cell, separator)) for cell in manifest.table["label"]]
    return replace(manifest, table=manifest.table.assign(label=cells), separator=separator)


def _several(cell: str, separator: str) -> list[str]:
    try:
        names = json.loads(cell) if cell.startswith("[") else cell.split(separator)
    except ValueError:
        names = cell.split(separator)
    labels = sorted({str(name).strip() for name in names} - {""})
    if whole := [label for label in labels if separator in label]:
        raise ValueError(
            f"label_separator must be no part of a label. Received: label_separator={separator!r}, label={whole[0]!r}"
        )
    return labels


def _settled(manifest: Manifest, path: str, labels: Sequence[str] | None) -> Manifest:
    """Decide the classes, and marks the rows whose labels are not among them."""
    if manifest.separator is None:
        empty = [row for row in manifest.rows().tolist() if not manifest.label_sets[row][0].strip()]
        manifest = manifest.with_bad(dict.fromkeys(empty, "empty label"))
    good = manifest.rows()
    learned = good[manifest.table["split"].iloc[good].isin(["train", ""])]
    if labels is None:
        source = learned if len(learned) else good
        known, owner = tuple(sorted({label for row in source for label in manifest.label_sets[row]})), "training"
    else:
        known, owner = tuple(labels), "predictor's"
    if manifest.separator is None and any(label.startswith('["') for label in known):
        raise ValueError("label_separator must be given where labels are lists. Received: label_separator=None")
    among = set(known)
    reasons = {
        row: f"label {label!r} is not one of the {owner} labels"
        for row in good.tolist()
        for label in manifest.label_sets[row]
        if label not in among
    }
    manifest = replace(manifest.with_bad(reasons), labels=known)
    if not len(manifest.rows()):
        bad = manifest.bad_rows()
        first = (
            f"{len(bad):,} bad, the first {os.path.basename(bad['id'].iloc[0])}: {bad['reason'].iloc[0]}"
            if len(bad)
            else "empty"
        )
        raise ValueError(f"path must hold a usable example. Received: path={path!r} ({first})")
    if labels is None and len(known) < 2:
        raise ValueError(f"path must hold two classes or more. Received: path={path!r} (only {known[0]!r})")
    return manifest
