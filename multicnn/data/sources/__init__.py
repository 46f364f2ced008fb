"""Resolve any source of data to a Manifest."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from multicnn.data import indexed
from multicnn.data.builtin import BUILTIN
from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.sources.arrays import resolve_arrays
from multicnn.data.sources.boxes.coco import coco_table, is_coco
from multicnn.data.sources.boxes.folders import resolve_boxes
from multicnn.data.sources.by_content import by_content
from multicnn.data.sources.files import walk
from multicnn.data.sources.folder import resolve_folder
from multicnn.data.sources.given_labels import refuse_fractions
from multicnn.data.sources.joined_labels import joined_labels
from multicnn.data.sources.label_names import with_label_names
from multicnn.data.sources.labels import unified, without_good_rows
from multicnn.data.sources.memory import PREFIX, resolve_memory
from multicnn.data.sources.reading import TABLES
from multicnn.data.sources.table import resolve_table
from multicnn.data.sources.targets import offered, with_test_offers
from multicnn.data.sources.tfds import resolve_tfds
from multicnn.data.sources.unused import check_options, load_both
from multicnn.modalities import lookup
from multicnn.tasks import Task, choose_task
from multicnn.utils.urls import REMEDY, is_url

if TYPE_CHECKING:
    from multicnn.recipe import DataSource


def resolve(
    source: DataSource, task: Task | str | Mapping[str, object] | None = None, data: Iterable[object] | None = None
) -> Manifest:
    """Resolve a data source to a manifest: hash and label every example, and mark unusable ones as bad.

    Files are read once, for their hash and their kind; `store.load_examples` finds out whether they can be decoded.

    Args:
        source: Path of the data and how its labels are read.
        task: The task as a value, or its name and fields. That of a trained predictor has its classes; one that is not
            fitted takes them from the data, where a label that only validation or test examples have is a bad row. None is
            classification, or multilabel where the source has a `label_separator`.
        data: Data in memory, in place of the source's path.

    Returns:
        The manifest, with the splits that the source gives and "" for the others.

    Raises:
        ValueError: There is no such source, nothing in it is usable, a column is missing, or the task
            cannot be fitted to it, as with one class only.
    """

    def resolved(source: DataSource) -> Manifest:
        if data is not None:
            return resolve_memory(source, data)
        return _resolve_path(source, str(source.path), "path", source.modality)

    if source.test is None:
        manifest = resolved(source)
    else:
        manifest = _with_test(*load_both(resolved, _resolve_test, source), source.test)
    if source.modality not in (None, manifest.modality):
        expected = f"{manifest.modality!r}, that of the data, or be left out"
        raise ValueError(f"modality must be {expected}. Received: modality={source.modality!r}")
    if source.sample_rate is not None and not lookup(manifest.modality).sampled:
        expected = f"left out: {manifest.modality} has none"
        raise ValueError(f"sample_rate must be {expected}. Received: sample_rate={source.sample_rate}")
    if source.hash == "content":
        manifest = by_content(manifest)
    name, received = ("path", f"path={source.path!r}") if data is None else ("data", f"data of {type(data).__name__}")
    chosen = choose_task(task, source.label_separator, tuple(manifest.offers) or None)
    read = with_label_names(refuse_fractions(_read(offered(manifest, chosen.reads), chosen)), source)
    return _fitted(unified(read), name, received)


def _resolve_path(source: DataSource, path: str, argument: str, modality: str | None) -> Manifest:
    local = Path(path).expanduser()
    if path.startswith(PREFIX):
        raise ValueError(
            f"{argument} stands for data in memory: pass them again, as `data`. Received: {argument}={path!r}"
        )
    if path.startswith("tfds:"):
        return resolve_tfds(source, path.removeprefix("tfds:"))
    if local.is_dir() and path:  # an empty path would be the folder where we are
        return resolve_folder(source, local, modality)
    if local.is_file() and local.suffix.lower() == ".npz":
        check_options(source, (), "an .npz archive has examples and labels in arrays x and y")
        return resolve_arrays(local, modality, source.sample_rate)
    if local.suffix.lower() == ".json" and local.is_file() and is_coco(local):
        root = Path(os.path.abspath(local.parent))
        return resolve_boxes(source, coco_table([root / local.name], list(walk(root)), root), root, modality)
    if local.is_file() and local.suffix.lower() in TABLES:
        return resolve_table(source, local, modality)
    # Last, so that nothing on disk is hidden by a built-in data set of the same name.
    if path in BUILTIN:
        check_options(source, (), f"the built-in {path} have their labels")
        return importlib.import_module(f"multicnn.data.builtin.{path}").load()
    kinds = f"a folder, a table ({', '.join(TABLES)}), an .npz archive, tfds:name, or one of {', '.join(BUILTIN)}"
    missing = "" if local.exists() else f" ({REMEDY if is_url(path) else 'nothing there'})"
    raise ValueError(f"{argument} must be {kinds}. Received: {argument}={path!r}{missing}")


def _resolve_test(source: DataSource, manifest: Manifest) -> Manifest:
    """Return the manifest of the separate test source of examples that have no test set of their own."""
    if (manifest.table["split"] == "test").any():
        raise ValueError(f"test must be None where path has test examples of its own. Received: test={source.test!r}")
    test = _resolve_path(source, str(source.test), "test", manifest.modality)
    if own := sorted(set(test.table["split"]) & {"train", "val"}):
        problem = f"it names {' and '.join(own)} examples of its own: pass its test folder or table"
        raise ValueError(f"test must hold test examples only; {problem}. Received: test={source.test!r}")
    return test


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
        arrays = indexed.joined(manifest.arrays, test.arrays)
    both = pd.concat([manifest.table, table], ignore_index=True)
    offers = with_test_offers(manifest, test, path)
    return replace(manifest, table=both, arrays=arrays, offers=offers).with_remarks(test.remarks)


def _read(manifest: Manifest, task: Task) -> Manifest:
    """Return the manifest with its labels in the canonical form of the task; what it cannot read is bad."""
    cells, reasons = manifest.table["label"].tolist(), {}
    targets = [""] * len(cells)
    for row, good in enumerate((manifest.table["status"] == "good").tolist()):
        try:
            cells[row] = task.read(cells[row])
            if good and (content := task.content(cells[row])):
                targets[row] = content_hash(content)
        except ValueError as error:
            if good:
                reasons[row] = str(error)
    return replace(manifest, table=manifest.table.assign(label=cells, target=targets), task=task).with_bad(reasons)


def _fitted(manifest: Manifest, name: str, received: str) -> Manifest:
    """Return the manifest with its task fitted to the training rows, and the rows bad that it has no target for.

    Args:
        manifest: The examples.
        name: The name of the argument that they come from, for errors.
        received: The end of an error message.
    """
    given, good = manifest.task, manifest.rows()
    learned = good[manifest.table["split"].iloc[good].isin(["train", ""])]
    labels = manifest.table["label"].to_numpy(dtype=object)
    too_few = None
    if len(good):
        try:
            task = given.fitted(labels[learned if len(learned) else good].tolist())
        except ValueError as error:
            task, too_few = given, error
    if len(good) and too_few is None:
        reasons, owner = {}, "training" if task != given else "predictor's"
        for row in good.tolist():
            try:
                task.check(labels[row], owner)
            except ValueError as error:
                reasons[row] = str(error)
        manifest = replace(manifest.with_bad(reasons), task=task)
    if not len(manifest.rows()):
        bad = manifest.bad_rows()
        first = (
            f"{len(bad):,} bad, the first {os.path.basename(bad['id'].iloc[0])}: {bad['reason'].iloc[0]}"
            if len(bad)
            else "empty"
        )
        raise ValueError(f"{name} must hold a usable example. Received: {received} ({first})")
    if not given.labels:
        manifest = manifest.with_remarks([*without_good_rows(manifest), *joined_labels(manifest.task.classes)])
    if too_few is not None:
        hints = "".join(f"; {remark.message}" for remark in manifest.remarks)
        raise ValueError(f"{name} must hold {too_few}{hints}. Received: {received}") from None
    return manifest
