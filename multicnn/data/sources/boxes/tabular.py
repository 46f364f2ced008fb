"""Boxes in a table: a column `objects`, a column `box`, or a row for each box with a column for each side."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from multicnn.data.offers import Offer
from multicnn.data.sources.boxes.listed import without_content
from multicnn.data.sources.columns import Table
from multicnn.modalities.finding import Finding
from multicnn.tasks.boxes.cells import TrueBox, cell_of, numbers_of

if TYPE_CHECKING:
    from multicnn.recipe import DataSource

_C = TypeVar("_C")
SIDES = (
    ("x0", "y0", "x1", "y1"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("left", "top", "right", "bottom"),
    ("x1", "y1", "x2", "y2"),
)
_FILES = ("file_name", "filename", "image", "image_path", "path")
_LABELS = ("label", "class", "class_name", "category")
_BETWEEN = str.maketrans(dict.fromkeys(',"[]()', " "))  # the numbers of a box, which may be a list in JSON
_ONE_CLASS = "object"


def has_boxes(table: Table) -> bool:
    """Return True for a table that lists boxes."""
    return _file_column(table) is not None and (
        table.known("objects") is not None or table.known("box") is not None or _sides(table) is not None
    )


def by_file(source: DataSource, table: Table) -> tuple[Table, Offer]:
    """Return a table with a row for each file, and the cells of the boxes of each.

    Args:
        source: The source, which may name the column of the labels of boxes.
        table: One that `has_boxes`.
    """
    files = table.columns[_file_column(table) or "file_name"]
    boxes: list[list[TrueBox]] = []
    wrong: list[str] = []
    read = _reader(source, table)
    for row in range(len(table)):
        try:
            boxes.append(read(row))
            wrong.append("")
        except ValueError as error:
            boxes.append([])
            wrong.append(str(error))
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(files):
        rows.setdefault(name, []).append(row)
    owned = list(rows.values())
    remarks = without_content([(name, [box for row in own for box in boxes[row]]) for name, own in rows.items()])
    return _first_rows(table, rows, tuple(remarks)), Offer(
        [cell_of(box for row in own for box in boxes[row] if box.proper) for own in owned],
        [next((wrong[row] for row in own if wrong[row]), "") for own in owned],
    )


def _first_rows(table: Table, rows: dict[str, list[int]], remarks: tuple[Finding, ...]) -> Table:
    """Return the first row of each file, and why a file cannot be used."""
    first = {own[0]: i for i, own in enumerate(rows.values())}

    def of_first(cells: Mapping[int, _C]) -> dict[int, _C]:
        return {first[row]: cell for row, cell in cells.items() if row in first}

    unused = "objects"  # whose cells are no text, and need not be
    return replace(
        table,
        columns={name: [cells[row] for row in first] for name, cells in table.columns.items()}
        | {"file_name": list(rows)},
        reasons=[
            next((table.reasons[row] for row in own if table.reasons[row]), "") or _differs(table, own)
            for own in rows.values()
        ],
        bad_cells={name: of_first(cells) for name, cells in table.bad_cells.items() if name != unused},
        lists={name: {first[row] for row in own if row in first} for name, own in table.lists.items()},
        remarks=(*table.remarks, *remarks),
        nested={},
    )


def is_labelled(table: Table, rows: Table) -> bool:
    """Return True where the labels of a table can be those of its files, not of several boxes in each.

    Args:
        table: The table.
        rows: Its first row of each file.
    """
    return table.known("objects") is None and len(table) == len(rows)


def object_of(value: object) -> TrueBox:
    """Return the box of an object: {"label": ..., "box": [x0, y0, x1, y1]}, or COCO's "bbox", [x, y, width, height].

    Raises:
        ValueError: It is none; the message is a short reason.
    """
    if not isinstance(value, dict):
        raise ValueError(f"an object must have a label and a box, not be {str(value)[:60]}")
    label = next((value[name] for name in (*_LABELS, "category_id") if name in value), _ONE_CLASS)
    if "box" in value:
        sides = numbers_of(_list(value["box"]))
    elif "bbox" in value:
        x, y, width, height = numbers_of(_list(value["bbox"]))
        sides = x, y, x + width, y + height
    else:
        raise ValueError("an object without `box` (x0 y0 x1 y1) or `bbox` (x y width height)")
    flag = "crowd" if value.get("iscrowd") else "difficult" if value.get("difficult") else ""
    return TrueBox(str(label).strip() or _ONE_CLASS, *sides, flag)


def _reader(source: DataSource, table: Table) -> Callable[[int], list[TrueBox]]:
    """Return a function that gives the boxes of a row."""
    if (objects := table.known("objects")) is not None:
        nested, texts = table.nested.get(objects, {}), table.columns[objects]
        return lambda row: _objects(nested.get(row) or texts[row])
    names = (source.label_column, *_LABELS)
    label = next((known for name in names if (known := table.known(name)) is not None), None)
    labels = table.columns[label] if label else [_ONE_CLASS] * len(table)
    flags = {flag: table.optional(name) for flag, name in (("crowd", "iscrowd"), ("difficult", "difficult"))}

    def flag_of(row: int) -> str:
        given = (
            flag for flag, cells in flags.items() if cells and cells[row].strip().lower() not in ("", "0", "false")
        )
        return next(given, "")

    def of_row(row: int, cells: Sequence[str]) -> list[TrueBox]:
        if not any(cell.strip() for cell in cells):
            return []  # an image without objects
        if not labels[row].strip():
            raise ValueError("a box without a label")
        return [TrueBox(labels[row].strip(), *numbers_of(cells), flag_of(row))]

    sides = _sides(table)
    if sides is not None:
        return lambda row: of_row(row, [table.columns[side][row] for side in sides])
    column = table.known("box") or "box"
    return lambda row: of_row(row, table.columns[column][row].translate(_BETWEEN).split())


def _objects(text: str) -> list[TrueBox]:
    """Return the boxes of a cell of objects: a list of them, or a dict of lists as Hugging Face writes it."""
    if not text.strip():
        return []
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("objects must be a list in JSON") from None
    if isinstance(value, dict):
        names = {"bbox": "bbox", "box": "box", "categories": "category", "category": "category", "label": "label"}
        lists = {names[name]: cells for name, cells in value.items() if name in names and isinstance(cells, list)}
        if len({len(cells) for cells in lists.values()}) > 1:
            raise ValueError("objects must have as many boxes as categories")
        value = [dict(zip(lists, cells)) for cells in zip(*lists.values())]
    if not isinstance(value, list):
        raise ValueError("objects must be a list in JSON")
    return [object_of(each) for each in value]


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else str(value).replace(",", " ").split()


def _file_column(table: Table) -> str | None:
    return next((known for name in _FILES if (known := table.known(name)) is not None), None)


def _sides(table: Table) -> list[str] | None:
    for names in SIDES:
        known = [table.known(name) for name in names]
        if all(known):
            return [name for name in known if name]
    return None


def _differs(table: Table, rows: Sequence[int]) -> str:
    """Return that the rows of a file name several splits or groups, or ""."""
    for name in ("split", "group", "fold"):
        cells = table.optional(name)
        if cells is not None and len({cells[row] for row in rows}) > 1:
            return f"its boxes have several {name}s"
    return ""
