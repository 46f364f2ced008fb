"""Resolve tables whose rows have several inputs: columns of image files, audio files and texts; and the same in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from multicnn.data.items import plain
from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.sources.columns import Table
from multicnn.data.sources.files import Content, read_all
from multicnn.data.sources.inside import REASON, are_inside
from multicnn.data.sources.naming import composed
from multicnn.data.sources.split_names import splits_named
from multicnn.data.sources.unused import COLUMNS, check_options
from multicnn.modalities import lookup
from multicnn.modalities.content import INLINE, mismatch
from multicnn.modalities.joined.cells import is_missing, refused, to_text
from multicnn.modalities.reasons import BAD, reason

if TYPE_CHECKING:
    from multicnn.recipe import DataSource

MODALITY = "joined"
_FILES = ("image", "audio")
_NO_INPUT = "no input"
Inputs = dict[str, object]  # of a row, by modality


def joined_columns(source: DataSource, known: Iterable[str]) -> dict[str, str]:
    """Return the column of each input that a source names, by modality; that of texts also where it has its usual name.

    A table for which neither images nor audio are asked for has none.

    Args:
        source: The names of the columns.
        known: The columns that there are.
    """
    named = {name: getattr(source, f"{name}_column") for name in _FILES}
    columns = {name: column for name, column in named.items() if column is not None}
    usual = source.text_column == type(source)().text_column
    if columns and (not usual or source.text_column in known):
        columns[INLINE] = source.text_column
    return columns


def resolve_joined(source: DataSource, table: Table, root: Path, columns: Mapping[str, str]) -> Manifest:
    """Resolve a table with the columns of several inputs; an empty cell is a missing input.

    A row without any input is bad. A file that is missing, of another kind or outside the folder is left out of its row, and
    the reason is listed; a file that cannot be decoded is found out when the examples are loaded.

    Args:
        source: The other columns, and whether files may lie elsewhere.
        table: The table.
        root: The folder that names of files are relative to.
        columns: The column of each input, by modality.

    Raises:
        ValueError: A column is missing.
    """
    root = Path(os.path.abspath(root))
    rows: list[Inputs] = [{} for _ in range(len(table))]
    hashes: list[dict[str, str]] = [{} for _ in rows]
    for modality, column in columns.items():
        cells = table.column(f"{modality}_column", column)
        given = [row for row, cell in enumerate(cells) if not is_missing(cell)]
        read: Iterable[tuple[object, str]] = [(cells[row], content_hash(cells[row])) for row in given]
        if modality in _FILES:
            read = _files(modality, root, [cells[row] for row in given], source.allow_outside)
        for row, (cell, hashed) in zip(given, read, strict=True):
            rows[row][modality], hashes[row][modality] = cell, hashed
    reasons = table.reasons_for([*columns.values(), source.group_column], [source.label_column])
    return _manifest(source, table, [to_text(row) for row in rows], rows, hashes, reasons)


def resolve_joined_values(
    source: DataSource, table: Table, values: Mapping[str, Sequence[object]], columns: Mapping[str, str]
) -> Manifest:
    """Resolve rows in memory: images and clips as arrays, files or their contents, and texts.

    Args:
        source: The other columns, and the rate of waveforms that come without one.
        table: The other columns.
        values: The values of each column.
        columns: The column of each input, by modality.

    Raises:
        ValueError: A column is missing.
    """
    rows: list[Inputs] = [{} for _ in range(len(table))]
    for modality, column in columns.items():
        if column not in values:
            known = ", ".join(map(str, values))
            raise ValueError(f"{modality}_column must be a column ({known}). Received: {modality}_column={column!r}")
        for row, value in enumerate(values[column]):
            if not is_missing(value):
                rows[row][modality] = understood(modality, value, source.sample_rate)
    hashes = [{name: _hash(name, cell) for name, cell in row.items()} for row in rows]
    arrays = np.empty(len(rows), object)
    arrays[:] = rows
    return _manifest(source, table, list(range(len(rows))), rows, hashes, list(table.reasons), arrays)


def understood(modality: str, value: object, rate: int | None = None) -> object:
    """Return an input in memory as its modality decodes it, or what stands for one that cannot be read.

    Args:
        modality: Its modality.
        value: An array, a waveform with its rate, a path, the content of a file, an image of Pillow, or a text.
        rate: The rate in Hz of waveforms without one.
    """
    preprocess = lookup(modality)
    try:
        item = plain(value)
        if isinstance(item, os.PathLike):
            item = os.fspath(item)
        if isinstance(item, (str, bytes)):
            return item
        read = preprocess.from_memory([item])[0]
    except BAD as error:
        return refused(reason(error))
    if isinstance(read, ValueError):
        return refused(str(read))
    return (read, rate) if preprocess.sampled and rate and isinstance(read, np.ndarray) else read


def _files(modality: str, root: Path, names: list[str], allow_outside: bool) -> Iterator[tuple[object, str]]:
    """Yield what stands for each file in its row, and its hash."""
    inside = [True] * len(names) if allow_outside else are_inside(root, names)
    contents = iter(read_all([root / name for name, within in zip(names, inside) if within]))
    for name, within in zip(names, inside):
        content = next(contents) if within else Content("", "", REASON)
        problem = content.reason or mismatch(content.kind, modality)
        yield refused(problem) if problem else os.path.join(root, name), content.hash


def _hash(modality: str, cell: object) -> str:
    if isinstance(cell, tuple):
        return content_hash(cell[0])
    if isinstance(cell, str) and modality != INLINE:
        return read_all([cell])[0].hash
    return content_hash(cell) if isinstance(cell, (str, bytes, np.ndarray)) else ""


def _manifest(
    source: DataSource,
    table: Table,
    sources: list[str] | list[int],
    rows: Sequence[Inputs],
    hashes: Sequence[dict[str, str]],
    reasons: Sequence[str],
    arrays: np.ndarray | None = None,
) -> Manifest:
    used = ("image_column", "audio_column", *COLUMNS)
    check_options(source, used, "the labels of a table are in its column label_column")
    labels = [label.strip() for label in table.column("label_column", source.label_column)]
    splits = table.splits(source) or [""] * len(table)
    groups = table.column("group_column", source.group_column) if source.group_column else [""] * len(table)
    named = splits_named(set(splits))
    found = [
        problem or ("" if row else _NO_INPUT) or ("" if named[split] is not None else f"unknown split {split!r}")
        for problem, row, split in zip(reasons, rows, splits, strict=True)
    ]
    return Manifest.of(
        MODALITY,
        ids=[f"{table.name}:{i + 1}" for i in range(len(table))],
        sources=sources,
        labels=labels,
        splits=[named[split] or "" for split in splits],
        groups=[composed(group) for group in groups],
        hashes=[content_hash(to_text(each)) for each in hashes],
        reasons=found,
        arrays=arrays,
    ).with_remarks([*table.remarks, *table.doubtful_splits(source)])
