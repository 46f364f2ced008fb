"""Read CSV, TSV, JSON lines and Parquet into columns of strings."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from multicnn.data.sources.columns import Table, of_values, repeated_names
from multicnn.data.sources.delimiters import rows_of
from multicnn.utils import parquet, regular_files
from multicnn.utils.files import parse_value

_NOT_UTF8 = "not UTF-8: save the table as UTF-8 (in spreadsheets: CSV UTF-8)"
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")


def read_table(path: Path) -> Table:
    """Read a table by its extension, every value as a string; a row that cannot be read stays, with a reason.

    Raises:
        ValueError: The file is not what its extension says, or is not UTF-8.
    """
    extension = path.suffix.lower()
    if extension in (".csv", ".tsv"):
        return _delimited(path, "\t" if extension == ".tsv" else ",")
    if extension == ".parquet":
        names, values = _parquet(path)
        return of_values(
            path.name, dict(zip(names, values)), [""] * (len(values[0]) if values else 0), repeated_names(names)
        )
    records, reasons, twice = _json(path)
    names = list(dict.fromkeys(name for record in records for name in record))
    table = of_values(path.name, {name: [record.get(name) for record in records] for name in names}, reasons)
    for name, row in twice:
        table.bad_cells.setdefault(name, {})[row] = f"two values of {name!r}"
    return table


def _parquet(path: Path) -> tuple[list[str], list[list[object]]]:
    """Return the names and the values of the columns, which may have a name twice."""
    try:
        return parquet.read_columns(path)
    except ValueError as error:
        raise ValueError(f"path must be a Parquet file ({error}). Received: path={str(path)!r}") from None


def _json(path: Path) -> tuple[list[dict[str, object]], list[str], list[tuple[str, int]]]:
    """Return the objects, the reason why each could not be read, and the names that one has twice, with its row."""
    text, valid = _text(path)
    if text.lstrip().startswith("["):  # one list of objects instead of one object a line
        try:
            lines = [json.dumps(value, ensure_ascii=False) for value in _list(text)]
        except ValueError as error:
            raise ValueError(f"path must be JSON lines ({error}). Received: path={str(path)!r}") from None
    else:
        # Not splitlines: a text may hold U+2028, U+0085 and their like, which end lines elsewhere.
        lines = [line for line in text.split("\n") if line.strip()]
    records: list[dict[str, object]] = []
    reasons: list[str] = []
    twice: list[tuple[str, int]] = []

    def checked(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len(names := dict(pairs)) < len(pairs):
            twice.extend((name, len(records)) for name in repeated_names(name for name, _ in pairs))
        return names

    for line in lines:
        try:
            record, wrong = parse_value(line, checked), "not a JSON object"
        except ValueError as error:  # of thousands of digits too
            record, wrong = None, str(error) if "deeply" in str(error) else "not a JSON object"
        records.append(record if isinstance(record, dict) else {})
        wrong = "" if isinstance(record, dict) else wrong
        reasons.append(_NOT_UTF8 if not valid and "\ufffd" in line else wrong)
    if all(reasons) and any("deeply" in reason for reason in reasons):
        raise ValueError(f"path must be JSON lines (line 1: {reasons[0]}). Received: path={str(path)!r}")
    return records, reasons, twice


def _list(text: str) -> list[object]:
    values = parse_value(text)
    return values if isinstance(values, list) else [values]


def _bytes(path: Path) -> bytes:
    try:
        return regular_files.read_bytes(path, "table_bytes")
    except ValueError as error:
        raise ValueError(f"path must be a table within the limits ({error}). Received: path={str(path)!r}") from None


def _text(path: Path) -> tuple[str, bool]:
    """Return the text of a file, with U+FFFD for bytes that are not UTF-8, and whether all of it is UTF-8."""
    data = _bytes(path)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError(f"path must be a table in UTF-8, not UTF-16. Received: path={str(path)!r}")
    try:
        return data.decode("utf-8-sig"), True
    except UnicodeDecodeError:
        return data.decode("utf-8-sig", "replace"), False


def _delimited(path: Path, delimiter: str) -> Table:
    text, valid = _text(path)
    try:
        read = rows_of(text, delimiter)
    except csv.Error as error:
        raise ValueError(f"path must be a table ({error}). Received: path={str(path)!r}") from None
    if not read.rows:
        raise ValueError(f"path must be a table with a header and rows. Received: path={str(path)!r} (empty)")
    names, rows = [name.strip() for name in read.rows[0]], read.rows[1:]
    columns = {name: [row[i] if i < len(row) else "" for row in rows] for i, name in enumerate(names)}
    reasons = [read.problems.get(i, "") or _row_reason(row, len(names), valid) for i, row in enumerate(rows, start=1)]
    return Table(path.name, columns, reasons, repeated=repeated_names(names), remarks=tuple(read.remarks()))


def _row_reason(row: list[str], fields: int, valid: bool) -> str:
    if len(row) != fields:
        return f"{len(row)} fields where the header has {fields}"
    # U+FFFD may be in a valid file by right; in one that is not UTF-8 it marks the bytes that are not.
    return "" if valid or not any("\ufffd" in cell for cell in row) else _NOT_UTF8
