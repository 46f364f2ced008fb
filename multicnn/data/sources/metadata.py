"""Tables beside the files that they list: metadata.csv in the folder, or in each of its train, val and test folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from multicnn.data.manifest import Manifest
from multicnn.data.sources.columns import Table, joined
from multicnn.data.sources.layout import Layout
from multicnn.data.sources.naming import composed
from multicnn.data.sources.reading import read_table
from multicnn.data.sources.split_names import split_folders
from multicnn.modalities import lookup
from multicnn.modalities.content import kind_by_name
from multicnn.modalities.finding import Finding

NAMES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")


def metadata_of(folder: Path) -> Path | None:
    """Return the path of the table that lists the files of a folder, or None.

    Raises:
        ValueError: There are two, and nothing says which is meant.
    """
    tables = [folder / name for name in NAMES if (folder / name).is_file()]
    if len(tables) > 1 and not (folder / NAMES[0]).is_file():
        raise ValueError(f"path must hold one table of metadata, not {len(tables)}. Received: path={str(folder)!r}")
    return tables[0] if tables else None


def split_metadata(root: Path, layout: Layout) -> Table | None:
    """Return the tables of the split folders as one, with names below the root and the split of each, or None without any.

    Raises:
        ValueError: Some of the split folders have a table and others have not.
    """
    if layout.classes_first:
        return None
    tables = {folder: metadata_of(root.joinpath(*folder)) for folder in sorted(layout.splits)}
    if not any(tables.values()):
        return None
    if without := ["/".join(folder) for folder, path in tables.items() if path is None]:
        beside = next(path for path in tables.values() if path is not None).relative_to(root)
        raise ValueError(
            f"path must hold a table of metadata in each split folder, as {str(beside)!r}; {', '.join(map(repr, without))} "
            f"has none. Received: path={str(root)!r}"
        )
    return joined([_below(read_table(path), folder, layout) for folder, path in tables.items() if path is not None])


def _below(table: Table, folder: tuple[str, ...], layout: Layout) -> Table:
    """Return a table with the names of its files below the root, and their split."""
    names = [f"{'/'.join(folder)}/{name}" if name.strip() else name for name in table.column("file_name", "file_name")]
    split = {} if table.known("split") else {"split": [layout.splits[folder]] * len(table)}
    return replace(table, columns=table.columns | {table.known("file_name") or "file_name": names} | split)


def folder_splits(names: Sequence[str]) -> tuple[list[str] | None, tuple[Finding, ...]]:
    """Return the split of each of the files of a table whose names begin with split folders, else None, and a remark."""
    folders = [name.partition("/")[0] if "/" in name else "" for name in names]
    splits = split_folders(set(folders) - {""})
    if len(set(splits.values())) < 2 or any(
        name.strip() and folder not in splits for name, folder in zip(names, folders)
    ):
        return None, ()
    listed = ", ".join(f"{folder!r} ({splits[folder]})" for folder in sorted(splits))
    remark = Finding("splits", f"the table names none, so they are those of the folders: {listed}", False)
    return [splits.get(folder, "") for folder in folders], (remark,)


def unlisted(manifest: Manifest, root: Path, files: Iterable[tuple[str, ...]], table: str) -> Iterator[Finding]:
    """Yield a remark on the files of the same modality below the root that no table lists."""
    listed = {composed(os.path.normpath(str(source))) for source in manifest.table["source"]}
    for offer in manifest.offers.values():  # masks, say
        listed |= {composed(os.path.normpath(cell)) for cell in offer.cells if os.path.isabs(cell)}
    if lookup(manifest.modality).inline:  # the sources are the texts
        listed = {composed(os.path.normpath(root / name)) for name in manifest.table["id"]}
    names = ["/".join(path) for path in files if kind_by_name(path[-1]) == manifest.modality]
    left = [name for name in names if composed(os.path.normpath(root / name)) not in listed and not metadata_name(name)]
    if left:
        message = f"{len(left):,} files are not listed in {table} and are left out, the first {left[0]!r}"
        yield Finding("unlisted files", message, False)


def metadata_name(path: str) -> bool:
    """Return True for the path of a table of metadata."""
    return path.rpartition("/")[2] in NAMES
