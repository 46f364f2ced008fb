"""Resolve frames and mappings of columns, by the rules of a table on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from multicnn.data.manifest import Manifest
from multicnn.data.sources.columns import of_values
from multicnn.data.sources.examples import Examples, inputs_of, manifest_of
from multicnn.data.sources.given_labels import labels_of
from multicnn.data.sources.joined import joined_columns, resolve_joined, resolve_joined_values
from multicnn.data.sources.split_names import splits_named
from multicnn.data.sources.table import of_table
from multicnn.data.sources.unused import COLUMNS, check_options
from multicnn.modalities import lookup
from multicnn.modalities.joined.cells import is_missing
from multicnn.recipe import DataSource

_NAME = "frame"
_INPUTS = ("image", "audio")  # columns of examples that are neither texts nor names of files


def is_frame(data: object) -> bool:
    """Return True for a frame of pandas, or of a library that makes one, such as Polars or Arrow."""
    return hasattr(data, "columns") and (hasattr(data, "iloc") or hasattr(data, "to_pandas"))


def as_frame(data: object) -> pd.DataFrame:
    """Return a frame as one of pandas."""
    return data if hasattr(data, "iloc") or not hasattr(data, "to_pandas") else data.to_pandas()  # type: ignore[return-value]


def resolve_frames(source: DataSource, frames: Mapping[str, object]) -> Manifest:
    """Resolve frames with the columns of a table.

    Args:
        source: Its columns, and the modality where it is given.
        frames: A frame for each split, or one with the name "".

    Raises:
        ValueError: A column is missing.
    """
    tables = {split: as_frame(each) for split, each in frames.items()}
    if len(tables) == 1 and "" in tables:
        frame = tables[""]
    else:
        frame = pd.concat([each.assign(split=split) for split, each in tables.items()], ignore_index=True)
        source = replace(source, split_column="split")
    names = [str(name) for name in frame.columns]
    values = {name: frame.iloc[:, i].tolist() for i, name in enumerate(names)}
    repeated = frozenset(name for name in names if names.count(name) > 1)
    return resolve_columns(source, values, len(frame), repeated)


def resolve_columns(
    source: DataSource, values: Mapping[str, Sequence[object]], n: int, repeated: frozenset[str] = frozenset()
) -> Manifest:
    """Resolve columns: a table of texts or of names of files, else examples in a column "image" or "audio".

    Args:
        source: The names of the columns, and the modality where it is given.
        values: The values of each column.
        n: The number of rows.
        repeated: The names that more than one column has.

    Raises:
        ValueError: A column is missing.
    """
    joined = joined_columns(source, values)
    if len(joined) > 1:
        return _resolve_joined(source, values, n, repeated, joined)
    inputs = (source.image_column or _INPUTS[0], source.audio_column or _INPUTS[1])
    table = of_values(
        _NAME, {name: column for name, column in values.items() if name not in inputs}, [""] * n, repeated
    )
    chosen = next((name for name in inputs if name in values), None)
    inline = source.modality is not None and lookup(source.modality).inline
    of_files = table.known("file_name") or (table.known(source.text_column) and (inline or source.modality is None))
    if chosen is None or of_files:
        # The user made the frame: its names lead where the user says.
        return of_table(replace(source, allow_outside=True), table, Path(os.curdir), source.modality)
    check_options(
        source, ("image_column", "audio_column", *COLUMNS[1:]), f"the examples are those of the column {chosen}"
    )
    x, rate = inputs_of(list(values[chosen]), chosen)
    y = labels_of(table.column("label_column", source.label_column), n, source.label_column)
    groups = table.column("group_column", source.group_column) if source.group_column else None
    splits = table.splits(source) or [""] * n
    named = splits_named(set(splits))
    if unknown := sorted(split for split in named if named[split] is None):
        raise ValueError(f"split_column must hold names of splits. Received: {unknown[0]!r}")
    subset = Examples("x", x, y, [named[split] or "" for split in splits], groups, rate)
    return manifest_of([subset], source.modality or next(iter(joined), None), source.sample_rate)


def _resolve_joined(
    source: DataSource,
    values: Mapping[str, Sequence[object]],
    n: int,
    repeated: frozenset[str],
    joined: Mapping[str, str],
) -> Manifest:
    """Resolve columns of several inputs: of texts and names of files as a table on disk, else as they are."""
    cells = [cell for column in joined.values() for cell in values.get(column, ())]
    if all(isinstance(cell, str) or is_missing(cell) for cell in cells):
        table = of_values(_NAME, values, [""] * n, repeated)
        return resolve_joined(replace(source, allow_outside=True), table, Path(os.curdir), joined)
    others = {name: column for name, column in values.items() if name not in joined.values()}
    return resolve_joined_values(source, of_values(_NAME, others, [""] * n, repeated), values, joined)
