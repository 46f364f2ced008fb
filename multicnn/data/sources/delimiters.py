"""Rows of CSV and TSV files: which delimiter, and which quotation marks quote."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from multicnn.modalities.finding import Finding

_DELIMITERS = (",", "\t", ";", "|")
_EXCEL = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)  # a first line that tells Excel the delimiter
_SOME, _MANY = 3, 10  # lines in one cell that are all like rows of the table: from so many on it is no text


@dataclass
class Rows:
    """The rows of a file, the header first.

    Attributes:
        rows: The cells of each.
        problems: What is wrong with a row, by its index.
        stray: The rows with a quotation mark that opens a cell and is not closed, read as a character, by their index.
        doubtful: The rows with a cell that holds lines like rows of the table, by their index.
    """

    rows: list[list[str]]
    problems: dict[int, str] = field(default_factory=dict)
    stray: list[int] = field(default_factory=list)
    doubtful: list[int] = field(default_factory=list)

    def remarks(self) -> Iterator[Finding]:
        """Yield what the quotation marks may have done to the rows."""
        if self.stray:
            message = f"{len(self.stray):,} cells begin with one that is not closed, which is read as a character"
            yield Finding("quotation marks", f"{message}: row {_listed(self.stray)}", False)
        if self.doubtful:
            message = f"{len(self.doubtful):,} quoted cells hold lines that look like rows of the table"
            yield Finding("quotation marks", f"{message}: is one of them stray? row {_listed(self.doubtful)}", True)


def rows_of(text: str, own: str) -> Rows:
    """Return the rows of a text.

    Args:
        text: The contents of the file.
        own: The delimiter that the file's name promises, which is taken wherever it fits.

    Raises:
        csv.Error: It is no such file, as where it holds a NUL character.
    """
    limit = csv.field_size_limit(1 << 30)  # the default refuses a text of more than 131,072 characters
    try:
        lines = list(io.StringIO(text, newline=""))
        skipped = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
        excel = _EXCEL.fullmatch(lines[skipped]) if skipped < len(lines) else None
        skipped += excel is not None
        return _read(lines[skipped:], excel[1] if excel else _delimiter(lines[skipped:], own))
    finally:
        csv.field_size_limit(limit)


def _delimiter(lines: Sequence[str], own: str) -> str:
    """Return the delimiter of the header; of several, the one that cuts all rows alike."""
    header = lines[0] if lines else ""
    widths = {each: len(next(csv.reader([header], delimiter=each), [])) for each in (own, *_DELIMITERS)}
    candidates = [each for each, width in widths.items() if width > 1]
    if len(candidates) < 2:
        return candidates[0] if candidates else own
    likely = own if own in candidates else max(candidates, key=lambda each: widths[each])
    return next((each for each in (likely, *candidates) if _tidy(_split(lines, each))), likely)


def _read(lines: Sequence[str], delimiter: str) -> Rows:
    rows = _split(lines, delimiter)
    if _tidy(rows) or not any('"' in line for line in lines):
        return Rows(rows)
    if delimiter == "\t" and _tidy(unquoted := _split(lines, delimiter, csv.QUOTE_NONE)):
        return Rows(unquoted)  # many TSV files do not quote
    return _line_by_line(lines, delimiter)


def _split(lines: Sequence[str], delimiter: str, quoting: Literal[0, 3] = csv.QUOTE_MINIMAL) -> list[list[str]]:
    return [row for row in csv.reader(lines, delimiter=delimiter, quoting=quoting) if row]


def _tidy(rows: list[list[str]]) -> bool:
    return all(len(row) == len(rows[0]) and not any("\n" in cell for cell in row) for row in rows)


def _line_by_line(lines: Sequence[str], delimiter: str) -> Rows:
    """Read rows of which one may be quoted wrongly: its quotation mark must not swallow the rows up to the next one."""
    read, start = Rows([]), 0
    while start < len(lines):
        reader, first = csv.reader(_from(lines, start), delimiter=delimiter, strict=True), start
        try:
            for row in reader:
                if row:
                    _append(read, row, lines[start : first + reader.line_num], delimiter)
                start = first + reader.line_num
        except csv.Error as error:
            if "NUL" in str(error):
                raise
            start = _append_wrong(read, lines, start, first + reader.line_num, delimiter, "end of data" in str(error))
    return read


def _append(read: Rows, row: list[str], lines: Sequence[str], delimiter: str) -> None:
    """Append a row that is quoted as it should be, unless its lines show that two stray marks have met."""
    inner = lines[1:-1]
    if read.rows and _like_rows(inner, len(read.rows[0]), delimiter):
        if len(inner) >= _MANY:
            read.problems[len(read.rows)] = f"one cell holds {len(lines):,} lines of the file: a stray quotation mark"
        else:
            read.doubtful.append(len(read.rows))
    read.rows.append(row)


def _append_wrong(read: Rows, lines: Sequence[str], start: int, stop: int, delimiter: str, open_to_end: bool) -> int:
    """Append the row that begins at line `start`, whose quotes do not fit up to line `stop`; return the next row's line."""
    width = len(read.rows[0]) if read.rows else 0
    inner, last = lines[start + 1 : stop - 1], lines[stop - 1]
    opens_cell = stop - start > 1 and re.search(rf'(^|{re.escape(delimiter)})\s*"', last) is not None
    if open_to_end or opens_cell or (len(inner) >= _SOME and _like_rows(inner, width, delimiter)):
        unquoted = next(csv.reader([lines[start]], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
        if len(unquoted) == width:
            read.stray.append(len(read.rows))
        else:
            read.problems[len(read.rows)] = "a quotation mark that is not closed"
        read.rows.append(unquoted)
        return start + 1
    reader = csv.reader(_from(lines, start), delimiter=delimiter)  # as leniently as it is written
    read.rows += filter(None, [next(reader)])
    return start + reader.line_num


def _from(lines: Sequence[str], start: int) -> Iterator[str]:
    return (lines[i] for i in range(start, len(lines)))


def _like_rows(lines: Sequence[str], width: int, delimiter: str) -> bool:
    """Return True where nearly all lines inside a cell have as many fields as the header."""
    if width < 2 or not lines:
        return False
    alike = [len(row) == width for row in csv.reader(lines, delimiter=delimiter)]
    return sum(alike) >= 0.9 * len(alike)


def _listed(rows: Sequence[int], most: int = 5) -> str:
    return ", ".join(f"{row:,}" for row in rows[:most]) + (", ..." if len(rows) > most else "")
