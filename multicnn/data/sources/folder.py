"""Folders of files: a folder per class, train/val/test folders of these, metadata.csv, or labels in the file names."""

from __future__ import annotations

import os
from pathlib import Path

from multicnn.data.manifest import Manifest
from multicnn.data.sources.file_rows import manifest_of_files, modality_of
from multicnn.data.sources.files import read_all, walk
from multicnn.data.sources.naming import Named, NamePattern, pattern_of, split_named
from multicnn.data.sources.reading import read_table
from multicnn.data.sources.table import resolve_listed


def resolve_folder(source, root: Path, modality: str | None) -> Manifest:
    """Resolves a folder by its `metadata.csv`, else by its folders and the pattern of the file names.

    Raises:
        ValueError: the folder is empty, holds no image, recording or text, has no folder per class and no pattern for
            the label, or its pattern is found in no file name.
    """
    root = Path(os.path.abspath(root))
    if (root / "metadata.csv").is_file():
        return resolve_listed(source, read_table(root / "metadata.csv"), root, modality)
    files = list(walk(root))
    if not files:
        raise ValueError(f"path must be a folder that holds files. Received: path={str(root)!r} (empty)")
    pattern = pattern_of(source)
    with_splits = has_split_folders({parts[0] for parts in files if len(parts) > 1})
    said = [_said(parts, with_splits, pattern) for parts in files]
    _check_labels(source, root, files, said)
    folder, names = os.path.join(root, ""), ["/".join(parts) for parts in files]
    contents = read_all([folder + name for name in names])
    modality = modality or modality_of(root, contents)
    # A file that belongs to no class and is of another kind was never meant as an example: a script, a list of classes.
    keep = [i for i, named in enumerate(said) if isinstance(named, Named) or contents[i].kind == modality]
    return manifest_of_files(
        modality,
        root,
        [names[i] for i in keep],
        [said[i] for i in keep],
        [contents[i] for i in keep],
    )


def has_split_folders(names: set[str]) -> bool:
    """Whether these folders are train, val and test folders, and not classes one of which is called "train"."""
    splits = [name for name in names if split_named(name)]
    return bool(splits) and (len(splits) == len(names) or ("train" in map(split_named, splits) and len(splits) > 1))


def _said(parts: tuple[str, ...], with_splits: bool, pattern: NamePattern | None) -> Named | str:
    """Returns the label, group and split of the file at `parts` below the root, or the reason why it has none."""
    folders, split = parts[:-1], ""
    if with_splits:
        split = split_named(folders[0]) if folders else None
        if not split:
            return "outside the train, val and test folders"
        folders = folders[1:]
    named = pattern.read(parts[-1]) if pattern else Named("", "", "")
    if named is None:
        return "file name does not match the pattern"
    label = named.label
    if pattern is None or not pattern.has_label:
        if not folders:
            return "not in a class folder"
        label = folders[0]
    return Named(label, named.group, named.split or split)


def _check_labels(source, root: Path, files: list[tuple[str, ...]], said: list[Named | str]) -> None:
    if any(isinstance(named, Named) for named in said):
        return
    if source.pattern is not None and "file name does not match the pattern" in said:
        found = f"found in none of {len(files):,} file names such as {Path(files[0][-1]).stem!r}"
        raise ValueError(f"pattern must be found in the file names. Received: pattern={source.pattern!r} ({found})")
    expected = "a folder with one folder per class, a metadata.csv, or names that a pattern reads the label from"
    raise ValueError(f"path must be {expected}. Received: path={str(root)!r}")
