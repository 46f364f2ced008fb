"""The inputs of `predict` where an example has several: rows of tables and frames, and dicts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from multicnn.data.sources.frame import as_frame, is_frame
from multicnn.data.sources.inside import REASON, are_inside
from multicnn.data.sources.joined import understood
from multicnn.data.sources.reading import TABLES, read_table
from multicnn.modalities.content import INLINE
from multicnn.modalities.finding import first_few
from multicnn.modalities.joined.cells import is_missing, refused
from multicnn.recipe import DataSource


@dataclass(frozen=True, eq=False)
class Row:
    """An example of several inputs.

    Attributes:
        name: What a prediction calls it.
        cells: The inputs that are given, by modality, as their modality decodes them.
    """

    name: str
    cells: Mapping[str, object]


def rows_of(given: object, inputs: Sequence[str], trained_on: DataSource) -> Iterator[Row]:
    """Yield the rows that `predict` was given.

    Args:
        given: A dict, the path of a table, a frame, or many of them. The keys of a dict and the columns of a table are those
            of the training, or the names of the modalities; others are of no matter. Files of a table are relative to its
            folder.
        inputs: The modalities.
        trained_on: The source of the training, with its columns.

    Raises:
        ValueError: It is none of these, or names none of the inputs.
    """
    usual = DataSource()
    columns = {name: getattr(trained_on, f"{name}_column") for name in inputs}
    if INLINE in columns and not any(columns[name] for name in columns if name != INLINE):
        columns[INLINE] = usual.text_column
    columns = {name: column or name for name, column in columns.items()}
    for item in _separated(given):
        if isinstance(item, (str, os.PathLike)):
            yield from _of_table(Path(item), columns, trained_on)
        elif isinstance(item, Mapping):
            yield Row("", _cells(item, columns, trained_on))
        elif is_frame(item):
            for values in as_frame(item).to_dict("records"):
                yield Row("", _cells(values, columns, trained_on))
        else:
            _refuse(f"{type(item).__name__} is no row", columns, f"inputs of {type(item).__name__}")


def _separated(given: object) -> Iterable[object]:
    one = isinstance(given, (str, bytes, os.PathLike, Mapping)) or is_frame(given) or not isinstance(given, Iterable)
    return [given] if one else given  # type: ignore[return-value]


def _of_table(path: Path, columns: Mapping[str, str], trained_on: DataSource) -> Iterator[Row]:
    if path.suffix.lower() not in TABLES or not path.is_file():
        _refuse("a string must be the path of a table", columns, f"inputs={str(path)!r}")
    table, root = read_table(path), Path(os.path.abspath(path)).parent
    known = {name: table.known(column) or table.known(name) for name, column in columns.items()}
    if not any(known.values()):
        _refuse(f"{path.name} has the columns {first_few(table.columns)}", columns, f"inputs={str(path)!r}")
    reasons = table.reasons_for(list(known.values()))
    for i, reason in enumerate(reasons):
        cells: dict[str, object] = {}
        for name, column in known.items():
            cell = table.columns[column][i] if column else ""
            if is_missing(cell):
                continue
            cells[name] = refused(reason) if reason else cell if name == INLINE else _file(root, cell, trained_on)
        yield Row(f"{path.name}:{i + 1}", cells)


def _file(root: Path, name: str, trained_on: DataSource) -> object:
    inside = trained_on.allow_outside or are_inside(root, [name])[0]
    return os.path.join(root, name) if inside else refused(REASON)


def _cells(values: Mapping[object, object], columns: Mapping[str, str], trained_on: DataSource) -> dict[str, object]:
    found = {name: values[key] for name, column in columns.items() for key in (column, name) if key in values}
    if not found:
        _refuse(f"a row has the keys {first_few(values)}", columns, "inputs of such rows")
    return {
        name: understood(name, value, trained_on.sample_rate) for name, value in found.items() if not is_missing(value)
    }


def _refuse(problem: str, columns: Mapping[str, str], received: str) -> None:
    listed = ", ".join(column if column == name else f"{column} ({name})" for name, column in columns.items())
    raise ValueError(f"`inputs` must be dicts, frames or tables with some of {listed}; {problem}. Received: {received}")
