"""Cells of CSV files that a spreadsheet shows and does not run."""

from __future__ import annotations

# The full-width forms count as the plain ones in some spreadsheets, and a tab or a line break is skipped before them.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(cell: object) -> object:
    """Return a cell of a table as a spreadsheet can show it: an apostrophe before a text that it would run as a formula.

    Numbers, and texts that are numbers ("-0.5"), stay as they are. A whole table is `frame.map(harmless)`, its header
    `frame.rename(columns=harmless)`.
    """
    if not isinstance(cell, str) or not (cell.startswith(_STARTS) or cell.lstrip().startswith(_STARTS)):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell
