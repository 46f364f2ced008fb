"""Images and the boxes that a source lists for them, as a table of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from multicnn.data.sources.columns import Table
from multicnn.modalities.finding import Finding
from multicnn.tasks.boxes.cells import TrueBox, cell_of


class Listed(NamedTuple):
    """An image with its boxes.

    Attributes:
        name: The path of its file below the root.
        boxes: Its objects.
        split: "train", "val", "test" or "".
        reason: Why it cannot be used, or "".
    """

    name: str
    boxes: Sequence[TrueBox] = ()
    split: str = ""
    reason: str = ""


def table_of(name: str, listed: Sequence[Listed]) -> Table:
    """Return a table with the columns `file_name`, `label` (the canonical cell of the boxes) and, if there are any, `split`.

    Boxes that hold nothing are left out, with a remark.
    """
    columns = {
        "file_name": [each.name for each in listed],
        "label": [cell_of(box for box in each.boxes if box.proper) for each in listed],
    }
    if any(each.split for each in listed):
        columns["split"] = [each.split for each in listed]
    remarks = tuple(without_content([(each.name, each.boxes) for each in listed]))
    return Table(name, columns, [each.reason for each in listed], remarks=remarks)


def without_content(listed: Sequence[tuple[str, Sequence[TrueBox]]]) -> Iterator[Finding]:
    """Yield a remark on the boxes that hold nothing."""
    empty = [(name, box) for name, boxes in listed for box in boxes if not box.proper]
    if empty:
        name, box = empty[0]
        sides = " ".join(f"{side:g}" for side in box[1:5])
        message = f"{len(empty):,} boxes hold nothing and are left out, the first {sides} of {box.label!r} in {name!r}"
        yield Finding("empty boxes", message, False)
