"""Names of labels that are ids: WordNet's synsets (n02123045), OpenImages' MIDs (/m/01yrx)."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from multicnn.data.manifest import Manifest
from multicnn.modalities.finding import Finding
from multicnn.utils import regular_files

if TYPE_CHECKING:
    from multicnn.recipe import DataSource


def with_label_names(manifest: Manifest, source: DataSource) -> Manifest:
    """Return a manifest whose labels are called by the names that the table `source.label_names` has for them.

    Ids of the same name keep their id behind it: two synsets are called "crane". A label that is none of the ids stays.

    Args:
        manifest: The examples, with labels in the canonical form of the task.
        source: The source.

    Raises:
        ValueError: There is no such table, or a name has the separator of labels in it.
    """
    if source.label_names is None:
        return manifest
    names = read_names(Path(source.label_names).expanduser(), source.label_separator)
    cells = manifest.table["label"].tolist()
    again = {cell: manifest.task.renamed(cell, names) for cell in set(cells)}
    labels = {label for cell in again for label in manifest.task.strata(cell)}
    manifest = replace(manifest, table=manifest.table.assign(label=[again[cell] for cell in cells]))
    unnamed = sorted(labels - names.keys() - set(names.values()))
    if not unnamed:
        return manifest
    message = (
        f"{len(unnamed):,} of {len(labels):,} labels have no name in {source.label_names}, the first {unnamed[0]!r}"
    )
    return manifest.with_remarks([Finding("names of labels", message, False)])


def read_names(path: Path, label_separator: str | None = None) -> dict[str, str]:
    """Return the name of each id: the second column of a CSV or TSV table by the first; a header changes nothing.

    Args:
        path: The table.
        label_separator: What no name may have in it.

    Raises:
        ValueError: There is no such table, it has no two columns, or a name has the separator in it.
    """
    try:
        text = regular_files.read_bytes(path, "text_bytes").decode("utf-8-sig")
        rows = list(csv.reader(text.splitlines(), delimiter="\t" if path.suffix.lower() == ".tsv" else ","))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8, or no table"
        raise ValueError(
            f"`data.label_names` must be a table of ids and names ({reason}). Received: label_names={str(path)!r}"
        ) from None
    pairs = {row[0].strip(): row[1].strip() for row in rows if len(row) > 1 and row[0].strip() and row[1].strip()}
    if not pairs:
        raise ValueError(
            f"`data.label_names` must have two columns, ids and names. Received: label_names={str(path)!r}"
        )
    often = Counter(pairs.values())
    named = {key: name if often[name] == 1 else f"{name} ({key})" for key, name in pairs.items()}
    if label_separator and (broken := [name for name in named.values() if label_separator in name]):
        raise ValueError(
            f"`data.label_names` must hold names without {label_separator!r}, which separates labels. Received: name={broken[0]!r}"
        )
    return named
