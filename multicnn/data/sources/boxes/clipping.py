"""Boxes against the images that they are of: those that reach outside are cut, and those of an image turned by EXIF are checked."""

from __future__ import annotations

import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor

from multicnn.data.manifest import Manifest
from multicnn.modalities.finding import Finding
from multicnn.modalities.image.header import upright_size
from multicnn.tasks.boxes.cells import TrueBox, boxes_of, cell_of

_SLACK = 1.0  # pixels outside that are a matter of rounding


def clipped(manifest: Manifest) -> Manifest:
    """Return the manifest with every box cut to its image, and remarks on those that reached outside.

    A box of which nothing is left is left out. An image that EXIF turns on its side is bad where its boxes fit the turned
    one not, and the one that is not turned.

    Args:
        manifest: Images in files, whose labels are cells of boxes.
    """
    rows = [row for row in manifest.rows().tolist() if manifest.is_file(row)]
    with ThreadPoolExecutor(min(8, 2 * (os.cpu_count() or 1))) as pool:
        sizes = list(pool.map(_size, (str(manifest.table["source"][row]) for row in rows)))
    cells = manifest.table["label"].tolist()
    reasons: dict[int, str] = {}
    outside, lost = [], []
    for row, size in zip(rows, sizes):
        try:
            boxes = boxes_of(cells[row])
        except ValueError as error:
            reasons[row] = str(error)
            continue
        if size is None:
            continue  # the reason is found where it is decoded
        height, width, turned = size
        if turned and not _fit(boxes, height, width) and _fit(boxes, width, height):
            reasons[row] = "its boxes fit the image only as it is before EXIF turns it"
            continue
        cut = [box.clipped(width, height) for box in boxes]
        if not _fit(boxes, height, width):
            outside.append(row)
        lost += [row] * sum(not box.proper for box in cut)
        cells[row] = cell_of(box for box in cut if box.proper)
    manifest = dataclasses.replace(manifest, table=manifest.table.assign(label=cells)).with_bad(reasons)
    remarks = []
    for name, found, what in (
        ("boxes outside", outside, "have boxes that reach outside of them, which are cut"),
        ("lost boxes", lost, "have boxes that are all outside of them, which are left out"),
    ):
        if found:
            first = manifest.table["id"][found[0]]
            remarks.append(Finding(name, f"{len(set(found)):,} images {what}, the first {first!r}", False))
    return manifest.with_remarks(remarks)


def _size(path: str) -> tuple[int, int, bool] | None:
    try:
        return upright_size(path)
    except ValueError:
        return None


def _fit(boxes: list[TrueBox], height: int, width: int) -> bool:
    """Return True where all boxes are inside an image of this size, but for rounding."""
    return all(
        min(box.x0, box.y0) >= -_SLACK and box.x1 <= width + _SLACK and box.y1 <= height + _SLACK for box in boxes
    )
