"""Read CSV, TSV, JSON lines and Parquet into columns of strings."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from multicnn.data.sources.split_names import split_named

if TYPE_CHECKING:
    from multicnn.recipe import DataSource

_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_JSON = (ValueError, RecursionError)  # a number of thousands of digits is the one, a thousand brackets the other
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")


@dataclass(frozen=True)
class Table:
    """A table as columns of strings.

    Attributes:
        name: Name of the file.
        columns: The cells of each column, "" for no value.
        reasons: The reason why it could not be read, or "", for every row.
    """

    name: str
    columns: dict[str, list[str]]
    reasons: list[str]

    def __len__(self) -> int:
        return len(self.reasons)

    def column(self, argument: str, name: str) -> list[str]:
        """Return a column; `argument` is the setting that chose it, for the error message."""
        if name not in self.columns:
            known = ", ".join(self.columns)
            raise ValueError(f"{argument} must be a column of {self.name} ({known}). Received: {argument}={name!r}")
        return self.columns[name]

    def splits(self, source: DataSource, conventional: bool = False) -> list[str] | None:
        """Return the chosen split column, else one called `split` that holds nothing but names of splits, else None.

        With `conventional` a column called `split` is taken as if it were chosen: a misspelt split is then a bad row.
        """
        name = source.split_column or "split"
        if source.split_column or (conventional and name in self.columns):
            return self.column("split_column", name)
        column = self.columns.get(name)
        return column if column is not None and all(split_named(word) is not None for word in set(column)) else None


def read_table(path: Path) -> Table:
    """Read a table by its extension, every value as a string; a row that cannot be read stays, with a reason.

    Raises:
        ValueError: The file is not what its extension says, or is not UTF-8.
    """
    extension = path.suffix.lower()
    if extension == ".parquet":
        records, reasons = _parquet(path), None
    elif extension in (".csv", ".tsv"):
        return _delimited(path, "\t" if extension == ".tsv" else ",")
    else:
        records, reasons = _json(path)
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {name: [_string(record.get(name)) for record in records] for name in names}
    reasons = reasons or [""] * len(records)
    for cells in columns.values():
        mark_surrogates(cells, reasons)
    return Table(path.name, columns, reasons)


def joined(tables: Sequence[Table]) -> Table:
    """Return the rows of tables one behind another, with "" in the columns that one has not."""
    names = list(dict.fromkeys(name for table in tables for name in table.columns))
    columns = {
        name: [cell for table in tables for cell in table.columns.get(name, [""] * len(table))] for name in names
    }
    return Table(tables[0].name, columns, [reason for table in tables for reason in table.reasons])


def mark_surrogates(cells: list[str], reasons: list[str]) -> None:
    """Put U+FFFD for the halves of surrogate pairs, which UTF-8 cannot encode, and note it in the reasons."""
    for i, cell in enumerate(cells):
        if not cell.isascii() and _SURROGATE.search(cell):
            cells[i], reasons[i] = _SURROGATE.sub("\ufffd", cell), "not Unicode text: half of a surrogate pair"


def _string(value: Any) -> str:
    if isinstance(value, list):  # of labels
        return json.dumps(value, ensure_ascii=False)
    if value is None or value != value:  # a missing number is NaN
        return ""
    return value if isinstance(value, str) else str(value)


def _parquet(path: Path) -> list[dict]:
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.read_table(path).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        first = str(error).splitlines()[0]
        raise ValueError(f"path must be a Parquet file ({first}). Received: path={str(path)!r}") from None


def _json(path: Path) -> tuple[list[dict], list[str]]:
    text, _ = _text(path)
    if text.lstrip().startswith("["):  # one list of objects instead of one object a line
        try:
            lines = [json.dumps(value) for value in json.loads(text)]
        except _NOT_JSON as error:
            raise ValueError(f"path must be JSON lines ({error}). Received: path={str(path)!r}") from None
    else:
        # Not splitlines: a text may hold U+2028, U+0085 and their like, which end lines elsewhere.
        lines = [line for line in text.split("\n") if line.strip()]
    records, reasons = [], []
    for line in lines:
        try:
            record = json.loads(line)
        except _NOT_JSON:
            record = None
        records.append(record if isinstance(record, dict) else {})
        reasons.append("" if isinstance(record, dict) else "not a JSON object")
    return records, reasons


def _text(path: Path) -> tuple[str, bool]:
    """Return the text of a file, with U+FFFD for bytes that are not UTF-8, and whether all of it is UTF-8."""
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError(f"path must be a table in UTF-8, not UTF-16. Received: path={str(path)!r}")
    try:
        return data.decode("utf-8-sig"), True
    except UnicodeDecodeError:
        return data.decode("utf-8-sig", "replace"), False


def _delimited(path: Path, delimiter: str) -> Table:
    text, valid = _text(path)
    header = text.partition("\n")[0]
    if delimiter == "," and "," not in header and ";" in header:
        delimiter = ";"  # as spreadsheets write it where the comma is the decimal sign
    try:
        rows = _split(text, delimiter, csv.QUOTE_MINIMAL)
        if delimiter == "\t" and not _tidy(rows):
            # Many TSV files do not quote: there a stray quotation mark would swallow the lines up to the next one.
            unquoted = _split(text, delimiter, csv.QUOTE_NONE)
            rows = unquoted if _tidy(unquoted) else rows
    except csv.Error as error:
        raise ValueError(f"path must be a table ({error}). Received: path={str(path)!r}") from None
    if not rows:
        raise ValueError(f"path must be a table with a header and rows. Received: path={str(path)!r} (empty)")
    names, rows = [name.strip() for name in rows[0]], rows[1:]
    columns = {name: [row[i] if i < len(row) else "" for row in rows] for i, name in enumerate(names)}
    return Table(path.name, columns, [_row_reason(row, len(names), valid) for row in rows])


def _split(text: str, delimiter: str, quoting: Literal[0, 3]) -> list[list[str]]:
    limit = csv.field_size_limit(1 << 30)  # the default refuses a text of more than 131,072 characters
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
        return [row for row in reader if row]
    finally:
        csv.field_size_limit(limit)


def _tidy(rows: list[list[str]]) -> bool:
    return all(len(row) == len(rows[0]) and not any("\n" in cell for cell in row) for row in rows)


def _row_reason(row: list[str], fields: int, valid: bool) -> str:
    if len(row) != fields:
        return f"{len(row)} fields where the header has {fields}"
    # U+FFFD may be in a valid file by right; in one that is not UTF-8 it marks the bytes that are not.
    return "" if valid or not any("\ufffd" in cell for cell in row) else "not UTF-8"
