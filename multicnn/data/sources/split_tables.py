"""Folders of tables, one for each split: train.csv and test.csv, as data sets of texts are often published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multicnn.data.manifest import Manifest
from multicnn.data.sources.reading import TABLES
from multicnn.data.sources.split_names import split_folders
from multicnn.data.sources.table import resolve_table

if TYPE_CHECKING:
    from multicnn.recipe import DataSource


def resolve_split_tables(
    source: DataSource, root: Path, files: Sequence[tuple[str, ...]], modality: str | None
) -> Manifest | None:
    """Resolve a folder that holds tables and nothing else; None for any other folder.

    A table is its split, as its name says; the split column of a table goes before.

    Args:
        source: How the tables are read.
        root: The path of the folder.
        files: The paths of its files below it.
        modality: The modality of the examples, where it is known.

    Raises:
        ValueError: The names of the tables are not those of splits, or the tables are of different kinds.
    """
    names = [path[0] for path in files if len(path) == 1 and PurePath(path[0]).suffix.lower() in TABLES]
    if len(names) < len(files) or source.pattern is not None:
        return None
    stems = {name: PurePath(name).stem for name in names}
    splits = split_folders(set(stems.values()))
    if set(stems.values()) != splits.keys() or "train" not in splits.values():
        tables = ", ".join(map(repr, names[:6])) + (", ..." if len(names) > 6 else "")
        remedy = "pass one of them, and perhaps another as data.test (train --test)"
        raise ValueError(
            f"path must be one table, or a folder of train and test tables ({tables}): {remedy}. Received: path={str(root)!r}"
        )
    manifests = [(splits[stems[name]], resolve_table(source, root / name, modality)) for name in names]
    first = manifests[0][1]
    if any(manifest.modality != first.modality for _, manifest in manifests):
        kinds = ", ".join(
            f"{name!r} ({manifest.modality})" for name, (_, manifest) in zip(names, manifests, strict=True)
        )
        raise ValueError(f"path must hold tables of one kind ({kinds}). Received: path={str(root)!r}")
    frames = [
        manifest.table.assign(split=np.where(manifest.table["split"] == "", split, manifest.table["split"]))
        for split, manifest in manifests
    ]
    merged = replace(first, table=pd.concat(frames, ignore_index=True))
    return merged.with_remarks(remark for _, manifest in manifests[1:] for remark in manifest.remarks)
