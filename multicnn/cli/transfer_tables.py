"""The tables of `multicnn transfer-curves`."""

from __future__ import annotations

import pandas as pd
from rich.console import Console

from multicnn.cli.tables import show_table
from multicnn.tasks.intervals import interval_in_words
from multicnn.training.transfer_curves import Claims, TransferCurves

_COLUMNS = ["from weights", "std", "from scratch", "std", "gain", "std"]


def show_transfer(curves: TransferCurves) -> None:
    """Print accuracies by number of examples and along training, and whether transfer improves them."""
    n = int(curves.runs["n"].max()) if "n" in curves.runs else 0
    title = f"accuracy on {n:,} test examples, with 95 % intervals" if n else "test accuracy"
    show_table(title, ["examples", *_COLUMNS], _rows(curves.table(), n))
    _show_claims(curves.claims())
    if claims := curves.claims_over_time():
        size = curves.epochs["examples"].max()
        show_table(
            f"accuracy while training on {size:,} examples", ["steps", *_COLUMNS], _rows(curves.table_over_time())
        )
        _show_claims(claims)


def _rows(table: pd.DataFrame, n: int = 0) -> list[list[str]]:
    """Return the cells of a table, the accuracies of `n` examples with their intervals."""
    rows = []
    for number, row in zip(table.index, table.to_numpy()):
        cells = [f"{value:.3f}" for value in row]
        for column in (0, 2):  # the accuracies
            cells[column] += interval_in_words("accuracy", float(row[column]), n)
        rows.append([f"{number:,}", *cells])
    return rows


def _show_claims(claims: Claims) -> None:
    for name, (holds, numbers) in claims.items():
        answer = "not known" if holds is None else "yes" if holds else "no"
        Console().print(f"{name}: {answer}; {numbers}", highlight=False)
