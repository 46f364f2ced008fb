"""Folders in the forms of COCO, Pascal VOC and YOLO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from multicnn.data.manifest import Manifest
from multicnn.data.offers import Offer
from multicnn.data.sources.boxes.coco import annotation_files, coco_table
from multicnn.data.sources.boxes.voc import voc_root, voc_table
from multicnn.data.sources.boxes.yolo import description_of, yolo_table
from multicnn.data.sources.columns import Table
from multicnn.data.sources.table import resolve_listed

if TYPE_CHECKING:
    from multicnn.recipe import DataSource


def boxes_of_folder(files: Sequence[tuple[str, ...]], root: Path) -> Table | None:
    """Return the images of a folder with their boxes; None where it has none of the forms."""
    if (description := description_of(root)) is not None:
        return yolo_table(description, files, root)
    if paths := annotation_files(files, root):
        return coco_table(paths, files, root)
    if (inside := voc_root(files)) is not None:
        return voc_table(inside, files, root)
    return None


def resolve_boxes(source: DataSource, table: Table, root: Path, modality: str | None) -> Manifest:
    """Resolve a table that `boxes_of_folder` or `coco_table` gave: its labels are boxes."""
    usual = replace(source, label_column="label")
    manifest = resolve_listed(usual, table, root, modality)
    return replace(manifest, offers={"boxes": Offer(manifest.table["label"].tolist(), [""] * len(manifest))})
