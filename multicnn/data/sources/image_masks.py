"""Folders of images beside folders of masks: image/7.png and mask/7.png, with or without folders of splits."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from multicnn.data.manifest import Manifest
from multicnn.data.offers import Offer
from multicnn.data.sources.file_rows import manifest_of_files
from multicnn.data.sources.files import read_all
from multicnn.data.sources.naming import Named
from multicnn.data.sources.split_names import split_named
from multicnn.data.sources.unused import check_options
from multicnn.modalities.content import kind_by_name
from multicnn.modalities.finding import Finding

if TYPE_CHECKING:
    from multicnn.recipe import DataSource

_IMAGES, _MASKS = ("image", "images", "img", "imgs"), ("mask", "masks", "label", "labels")
Path_ = tuple[str, ...]


def resolve_image_masks(source: DataSource, root: Path, files: Sequence[Path_]) -> Manifest | None:
    """Resolve a folder that holds images and masks in folders beside each other, of the same names; None for another one.

    Raises:
        ValueError: An option of reading is given that decides nothing here.
    """
    files = [path for path in files if kind_by_name(path[-1]) == "image"]
    images = [(path, at) for path in files if (at := _at(path, _IMAGES)) is not None]
    masks = {_key(path, at): path for path in files if (at := _at(path, _MASKS)) is not None}
    sides = {_key(path, at)[0][:at] for path, at in images} & {key[0][: key[1]] for key in masks}
    if not sides:
        return None
    check_options(source, (), "a folder of images and masks has neither columns nor names with labels")
    cells, reasons, parsed = [], [], []
    for path, at in images:
        mask = masks.pop(_key(path, at), None)
        cells.append("" if mask is None else os.path.join(root, *mask))
        reasons.append("no mask of its name" if mask is None else "")
        parsed.append(Named("", "", _split(path[:-1])))
    if len({named.split for named in parsed}) == 1:  # one folder of all: it divides nothing
        parsed = [named._replace(split="") for named in parsed]
    names = ["/".join(path) for path, _ in images]
    contents = read_all([root / name for name in names])
    manifest = manifest_of_files("image", root, names, list(parsed), contents)
    return replace(manifest, offers={"mask": Offer(cells, reasons)}).with_remarks(
        _without_image(sorted(masks.values()))
    )


def _at(path: Path_, names: Sequence[str]) -> int | None:
    """Return the position of the innermost folder of a path that has one of these names."""
    return next((at for at in range(len(path) - 2, -1, -1) if path[at].lower() in names), None)


def _key(path: Path_, at: int) -> tuple[Path_, int, str]:
    """Return what an image and its mask have in common: the other folders, and the name without its extension."""
    return (*path[:at], *path[at + 1 : -1]), at, Path(path[-1]).stem


def _split(folders: Path_) -> str:
    return next((split for name in folders if (split := split_named(name))), "")


def _without_image(masks: Sequence[Path_]) -> Iterator[Finding]:
    if masks:
        message = f"{len(masks):,} masks have no image of their name and are left out, the first {'/'.join(masks[0])!r}"
        yield Finding("masks without image", message, False)
