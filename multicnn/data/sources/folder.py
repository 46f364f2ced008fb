"""Folders of files: a folder per class, train/val/test folders of these, metadata.csv, or labels in the file names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from multicnn.data.manifest import Manifest
from multicnn.data.sources.file_rows import manifest_of_files, modality_of
from multicnn.data.sources.files import read_all, walk
from multicnn.data.sources.naming import Named, NamePattern, pattern_of, split_named
from multicnn.data.sources.reading import read_table
from multicnn.data.sources.table import resolve_listed

if TYPE_CHECKING:
    from multicnn.recipe import DataSource


def resolve_folder(source: DataSource, root: Path, modality: str | None) -> Manifest:
    """Resolve a folder by its `metadata.csv`, else by its folders and the pattern of the file names.

    Raises:
        ValueError: The folder is empty, holds no image, audio or text, has no folder per class and no pattern for
            the label, or its pattern matches no file name.
    """
    root = Path(os.path.abspath(root))
    if (root / "metadata.csv").is_file():
        return resolve_listed(source, read_table(root / "metadata.csv"), root, modality)
    files = list(walk(root))
    if not files:
        raise ValueError(f"path must be a folder that holds files. Received: path={str(root)!r} (empty)")
    pattern = pattern_of(source)
    with_splits = has_split_folders({path[0] for path in files if len(path) > 1})
    parsed = [_parse(path, with_splits, pattern) for path in files]
    _check_labels(source, root, files, parsed)
    folder, names = os.path.join(root, ""), ["/".join(path) for path in files]
    contents = read_all([folder + name for name in names])
    modality = modality or modality_of(root, contents)
    # A file that belongs to no class and is of another kind is not meant as an example: a script, a list of classes.
    keep = [i for i, named in enumerate(parsed) if isinstance(named, Named) or contents[i].kind == modality]
    return manifest_of_files(
        modality,
        root,
        [names[i] for i in keep],
        [parsed[i] for i in keep],
        [contents[i] for i in keep],
    )


def has_split_folders(names: set[str]) -> bool:
    """Return whether these are train, val and test folders, and not classes one of which is called "train"."""
    splits = [name for name in names if split_named(name)]
    return bool(splits) and (len(splits) == len(names) or ("train" in map(split_named, splits) and len(splits) > 1))


def _parse(path: tuple[str, ...], with_splits: bool, pattern: NamePattern | None) -> Named | str:
    """Return the label, group and split of a file below the root, or the reason why it has none."""
    folders, split = path[:-1], ""
    if with_splits:
        split = (split_named(folders[0]) or "") if folders else ""
        if not split:
            return "outside the train, val and test folders"
        folders = folders[1:]
    named = pattern.read(path[-1]) if pattern else Named("", "", "")
    if named is None:
        return "file name does not match the pattern"
    label = named.label
    if pattern is None or not pattern.has_label:
        if not folders:
            return "not in a class folder"
        label = folders[0]
    return Named(label, named.group, named.split or split)


def _check_labels(source: DataSource, root: Path, files: list[tuple[str, ...]], parsed: list[Named | str]) -> None:
    if any(isinstance(named, Named) for named in parsed):
        return
    if source.pattern is not None and "file name does not match the pattern" in parsed:
        unmatched = f"it matches none of {len(files):,} file names such as {Path(files[0][-1]).stem!r}"
        raise ValueError(f"pattern must match the file names. Received: pattern={source.pattern!r} ({unmatched})")
    expected = "a folder with one folder per class, a metadata.csv, or names that a pattern reads the label from"
    raise ValueError(f"path must be {expected}. Received: path={str(root)!r}")
