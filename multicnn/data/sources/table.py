"""Resolve tables of texts and tables of file names."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.sources.boxes.tabular import has_boxes
from multicnn.data.sources.columns import Table
from multicnn.data.sources.file_rows import manifest_of_files, modality_of
from multicnn.data.sources.files import Content, read_all
from multicnn.data.sources.inside import REASON, are_inside
from multicnn.data.sources.joined import joined_columns, resolve_joined
from multicnn.data.sources.metadata import folder_splits
from multicnn.data.sources.naming import Named, NamePattern, composed, pattern_of
from multicnn.data.sources.offered_columns import with_offers
from multicnn.data.sources.reading import read_table
from multicnn.data.sources.split_names import splits_named
from multicnn.data.sources.targets import has_targets, offers_of
from multicnn.data.sources.unused import COLUMNS, UnusedOption, check_options
from multicnn.modalities import lookup
from multicnn.modalities.content import INLINE

if TYPE_CHECKING:
    from multicnn.recipe import DataSource


def resolve_table(source: DataSource, path: Path, modality: str | None) -> Manifest:
    """Resolve a table: one of texts if it has the text column, else one of the files in its column `file_name`."""
    return of_table(source, read_table(path), path.parent, modality)


def of_table(source: DataSource, table: Table, root: Path, modality: str | None) -> Manifest:
    """Resolve the columns of a table; names of files are relative to `root`."""
    if (joined := joined_columns(source, table.columns)) and len(joined) > 1:
        return resolve_joined(source, table, root, joined)
    if joined and (name := next(iter(joined))) != INLINE:  # files of one kind under another name
        source = replace(source, image_column=None, audio_column=None)
        table = replace(table, columns={**table.columns, "file_name": table.column(f"{name}_column", joined[name])})
        return resolve_listed(source, table, root, name)
    of_files = not table.known(source.text_column) and (table.known("file_name") or has_boxes(table))
    if of_files or (modality is not None and not lookup(modality).inline):
        return resolve_listed(source, table, root, modality)
    check_options(source, COLUMNS, "the labels of texts in a table are in its column label_column")
    texts = table.column("text_column", source.text_column)
    labels = [label.strip() for label in table.column("label_column", source.label_column)]
    splits = table.splits(source) or [""] * len(table)
    groups = table.column("group_column", source.group_column) if source.group_column else [""] * len(table)
    named = splits_named(set(splits))
    usable = table.reasons_for([source.text_column, source.group_column], [source.label_column])
    reasons = [
        _reason(reason, text) or ("" if named[split] is not None else f"unknown split {split!r}")
        for reason, text, split in zip(usable, texts, splits, strict=True)
    ]
    return Manifest.of(
        modality or INLINE,
        ids=[f"{table.name}:{i + 1}" for i in range(len(table))],
        sources=texts,
        labels=labels,
        splits=[named[split] or "" for split in splits],
        groups=[composed(group) for group in groups],
        hashes=[content_hash(text) for text in texts],
        reasons=reasons,
    ).with_remarks([*table.remarks, *table.doubtful_splits(source)])


def _reason(reason: str, text: str) -> str:
    return reason or ("" if text.strip() else "empty text")


def resolve_listed(source: DataSource, table: Table, root: Path, modality: str | None) -> Manifest:
    """Resolve a table with a column `file_name` (relative to `root`), a label column and perhaps split, group, fold.

    The group is the chosen group column, else `group`, else `fold`; what has no column is read by the pattern.

    Raises:
        ValueError: A column is missing, the table has no rows, or none of its files is an image, audio or text.
    """
    check_options(source, ("pattern", *COLUMNS[1:]), "the examples are the files that the column file_name names")
    table, offers = with_offers(source, table)
    root = Path(os.path.abspath(root))
    names = [_on_disk(root, name) for name in table.column("file_name", "file_name")]
    if not names:
        raise ValueError(f"path must be a table with rows. Received: path={str(root / table.name)!r} (no rows)")
    pattern, remarks = pattern_of(source), table.remarks
    splits = table.splits(source, conventional=True)
    if splits is None and not (pattern and pattern.has_split):
        splits, more = folder_splits(names)
        remarks += more
    parsed = _parse_rows(source, table, pattern, splits)
    contents = _contents(root, names, source.allow_outside)
    modality = modality or modality_of(root, contents)
    manifest = manifest_of_files(modality, root, names, parsed, contents).with_remarks(remarks)
    others = offers_of(table, root, source.label_column)
    if offers and "label" not in offers:  # its labels are those of boxes
        others.pop("label", None)
    return replace(manifest, offers=others | offers)


def _contents(root: Path, names: Sequence[str], allow_outside: bool) -> list[Content]:
    """Return the content of each file, or why it is not read: its name is empty, or leads out of the folder."""
    inside = [True] * len(names) if allow_outside else are_inside(root, names)
    unread = [
        "empty file name" if not name.strip() else "" if within else REASON for name, within in zip(names, inside)
    ]
    read = iter(read_all([root / name for name, reason in zip(names, unread) if not reason]))
    return [Content("", "", reason) if reason else next(read) for reason in unread]


def _on_disk(root: Path, name: str) -> str:
    """Return the name of a file as it is on disk, where a table may have the other form of Unicode, or Windows' separators."""
    if (name.isascii() and "\\" not in name) or os.path.exists(root / name):
        return name
    name = name.replace("\\", "/")
    forms = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    return next((form for form in forms if os.path.exists(root / form)), name)


def _parse_rows(
    source: DataSource, table: Table, pattern: NamePattern | None, splits: list[str] | None
) -> list[Named | str]:
    columns: dict[str, Sequence[str] | None] = {"split": splits}
    labelled = table.known(source.label_column) or not has_targets(table, source.label_column)
    if table.known(source.label_column) or (labelled and (pattern is None or not pattern.has_label)):
        columns["label"] = table.column("label_column", source.label_column)
    if source.group_column and not (pattern and pattern.has_group and not table.known(source.group_column)):
        columns["group"] = table.column("group_column", source.group_column)
    else:
        columns["group"] = table.optional("group") or table.optional("fold")
    if pattern and not _adds(pattern, columns):
        problem = f"the columns of {table.name} have all that it reads"
        raise UnusedOption(source, "pattern", problem)
    parsed: list[Named | str] = []
    reasons = table.reasons_for(["file_name", source.group_column], [source.label_column])
    for i, name in enumerate(table.column("file_name", "file_name")):
        named = pattern.read(name) if pattern else Named("", "", "")
        if reasons[i] or named is None:
            parsed.append(reasons[i] or "file name does not match the pattern")
            continue
        known = {key: column[i] for key, column in columns.items() if column is not None}
        parsed.append(Named(**{**named._asdict(), **known}))
    return parsed


def _adds(pattern: NamePattern, columns: Mapping[str, Sequence[str] | None]) -> bool:
    """Return True where a pattern reads something that the columns of a table do not have."""
    reads = {"label": pattern.has_label, "group": pattern.has_group, "split": pattern.has_split}
    return any(reads[name] and columns.get(name) is None for name in reads)
