"""Cells of CSV files that a spreadsheet shows and does not run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas

# The full-width forms count as the plain ones in some spreadsheets, and a tab or a line break is skipped before them.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def csv_text(table: pandas.DataFrame, index: bool = False) -> str:
    """Return a table as CSV in which no cell, and no name of a column or row, is a formula.

    A name of a file that is not UTF-8 stays recognisable.
    """

    def written(cell: object) -> object:
        cell = harmless(cell)
        return cell.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(cell, str) else cell

    table = table.map(written).rename(columns=written)
    return (table.rename(index=written) if index else table).to_csv(index=index)


def shown(cell: str) -> str:
    """Return what was `harmless(...)` of a cell, without the apostrophe."""
    return cell[1:] if cell.startswith("'") and harmless(cell[1:]) == cell else cell


def harmless(cell: object) -> object:
    r"""Return a cell of a table as a spreadsheet can show it: an apostrophe before a text that it would run as a formula.

    Control characters other than tabs and line breaks, which act on a terminal, are written as Python writes them ("\x1b").
    Numbers, and texts that are numbers ("-0.5"), stay as they are. A whole table is `frame.map(harmless)`, its header
    `frame.rename(columns=harmless)`.
    """
    if isinstance(cell, str) and _CONTROL.search(cell):
        cell = _CONTROL.sub(lambda match: ascii(match[0])[1:-1], cell)
    if not isinstance(cell, str) or not (cell.startswith(_STARTS) or cell.lstrip().startswith(_STARTS)):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell
