"""Folders of files: a folder per class, train/val/test folders of these, metadata, or labels in the file names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from multicnn.data.manifest import Manifest
from multicnn.data.sources.boxes.folders import boxes_of_folder, resolve_boxes
from multicnn.data.sources.file_rows import manifest_of_files, modality_of
from multicnn.data.sources.files import Content, is_system, read_all, walk
from multicnn.data.sources.image_masks import resolve_image_masks
from multicnn.data.sources.layout import Layout, layout_of
from multicnn.data.sources.metadata import metadata_of, split_metadata, unlisted
from multicnn.data.sources.naming import Named, NamePattern, pattern_of
from multicnn.data.sources.reading import read_table
from multicnn.data.sources.split_tables import resolve_split_tables
from multicnn.data.sources.table import resolve_listed
from multicnn.data.sources.unused import COLUMNS, check_options
from multicnn.modalities.finding import Finding
from multicnn.modalities.sidecars import about_sidecars, are_companions, are_sidecars

if TYPE_CHECKING:
    from multicnn.recipe import DataSource

_NO_COLUMNS = "a folder without a table of metadata has no columns; it may name a group of the pattern"


def resolve_folder(source: DataSource, root: Path, modality: str | None) -> Manifest:
    """Resolve a folder by its metadata, else by its folders and the pattern of the file names.

    The metadata are `metadata.csv`, `metadata.jsonl` or `metadata.parquet` in the folder, or in each of its train, val and
    test folders.

    Raises:
        ValueError: The folder is empty, holds no image, audio or text, has no folder per class and no pattern for
            the label, its pattern matches no file name, folders look like splits and are not, or it holds tables only
            whose names are not those of splits.
    """
    root = Path(os.path.abspath(root))
    if (listed := metadata_of(root)) is not None:
        manifest = resolve_listed(source, read_table(listed), root, modality)
        return manifest.with_remarks(unlisted(manifest, root, walk(root), listed.name))
    files = list(walk(root))
    if not files:
        raise ValueError(f"path must be a folder that holds files. Received: path={str(root)!r} (empty)")
    if (boxes := boxes_of_folder(files, root)) is not None:
        return resolve_boxes(source, boxes, root, modality)
    if (tables := resolve_split_tables(source, root, files, modality)) is not None:
        return tables
    if (masked := resolve_image_masks(source, root, files)) is not None:
        return masked
    pattern = pattern_of(source)
    layout = layout_of(files, str(root), labelled=pattern is not None and pattern.has_label)
    if (table := split_metadata(root, layout)) is not None:
        manifest = resolve_listed(source, table, root, modality)
        return manifest.with_remarks([*layout.remarks, *unlisted(manifest, root, files, table.name)])
    check_options(source, _read_from_names(source, pattern), _NO_COLUMNS)
    every, files = files, [path for path in files if not layout.omits(path)]
    parsed = [_parse(path, layout, pattern) for path in files]
    _check_labels(source, root, files, parsed)
    folder, names = os.path.join(root, ""), ["/".join(path) for path in files]
    contents = read_all([folder + name for name in names])
    modality = modality or _modality(root, files, contents)
    sidecars = are_sidecars(files, [each.kind for each in contents], modality)
    # A file that belongs to no class and is of another kind is not meant as an example: a script, a list of classes.
    meant = [i for i, named in enumerate(parsed) if isinstance(named, Named) or contents[i].kind == modality]
    keep = [i for i in meant if not sidecars[i]]
    manifest = manifest_of_files(
        modality,
        root,
        [names[i] for i in keep],
        [parsed[i] for i in keep],
        [contents[i] for i in keep],
    )
    by_folder = pattern is None or not pattern.has_label
    empty = _empty_classes(root, layout, every) if by_folder else ()
    return replace(manifest, remarks=(*layout.remarks, *empty)).with_remarks(
        _left_out(manifest, files, parsed, [i for i in meant if sidecars[i]])
    )


def _read_from_names(source: DataSource, pattern: NamePattern | None) -> list[str]:
    """Return the options of reading that decide something in a folder without metadata."""
    if pattern is None:
        return []
    return ["pattern", *(option for option in COLUMNS if getattr(source, option) in pattern.groups)]


def _modality(root: Path, files: list[tuple[str, ...]], contents: list[Content]) -> str:
    """Return the modality of most of the files, where a text of the same name as an image or a sound has no vote."""
    kinds = [each.kind for each in contents]
    beside = [are_companions(files, kinds, kind) for kind in sorted({*kinds} - {""})]
    voters = [each for each, *own in zip(contents, *beside, strict=True) if not any(own)]
    return modality_of(root, voters)


def _left_out(
    manifest: Manifest, files: list[tuple[str, ...]], parsed: list[Named | str], sidecars: list[int]
) -> list[Finding]:
    """Return the remark on the sidecars, with the labels that no other file has."""
    labels = {named.label.strip() for i in sidecars if isinstance(named := parsed[i], Named)}
    lost = sorted(labels - {*manifest.table["label"], ""})
    return about_sidecars([files[i] for i in sidecars], manifest.modality, lost)


def _parse(path: tuple[str, ...], layout: Layout, pattern: NamePattern | None) -> Named | str:
    """Return the label, group and split of a file below the root, or the reason why it has none."""
    if (known := layout.read(path)) is None:
        return "outside the train, val and test folders"
    folders, split = known
    named = pattern.read(path[-1]) if pattern else Named("", "", "")
    if named is None:
        return "file name does not match the pattern"
    label = named.label
    if pattern is None or not pattern.has_label:
        if not folders:
            return "not in a class folder"
        label = folders[0]
    return Named(label, named.group, named.split or split)


def _empty_classes(root: Path, layout: Layout, files: list[tuple[str, ...]]) -> Iterator[Finding]:
    """Yield a remark on the folders beside those of the classes that hold no file."""
    parents: set[tuple[str, ...]] = {()}
    if layout.splits and not layout.classes_first:
        parents = {parent for folder in layout.splits for parent in (folder, folder[:-1])}
    holding = {path[: len(parent) + 1] for path in files for parent in parents if path[: len(parent)] == parent}
    empty = []
    for parent in sorted(parents):
        names = sorted(name for name in os.listdir(root.joinpath(*parent)) if not is_system(name))
        empty += [
            "/".join((*parent, name))
            for name in names
            if (*parent, name) not in holding and root.joinpath(*parent, name).is_dir()
        ]
    if empty:
        listed = ", ".join(map(repr, empty[:6])) + (", ..." if len(empty) > 6 else "")
        yield Finding("empty folders", f"neither classes nor splits, since they hold no file: {listed}", False)


def _check_labels(source: DataSource, root: Path, files: list[tuple[str, ...]], parsed: list[Named | str]) -> None:
    if any(isinstance(named, Named) for named in parsed):
        return
    if source.pattern is not None and "file name does not match the pattern" in parsed:
        unmatched = f"it matches none of {len(files):,} file names such as {Path(files[0][-1]).stem!r}"
        raise ValueError(f"pattern must match the file names. Received: pattern={source.pattern!r} ({unmatched})")
    expected = "a folder with one folder per class, a metadata.csv, or names that a pattern reads the label from"
    raise ValueError(f"path must be {expected}. Received: path={str(root)!r}")
