"""Tables of more classes than anyone reads, on the screen."""

from __future__ import annotations

import pandas as pd

MOST_CLASSES = 200  # of more, some are shown
_SHOWN = 20  # the best, the worst, and of other tables the first


def shortened(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table; of more than 200 rows the best and the worst by `f1` of those with examples, else the first."""
    if len(table) <= MOST_CLASSES:
        return table
    if "f1" not in table:
        return table.head(_SHOWN)
    known = table[table["support"] > 0].sort_values(["f1", "support"], ascending=False, kind="stable")
    worst = known.sort_values(["f1", "support"], ascending=[True, False], kind="stable").head(_SHOWN)
    return pd.concat([known.head(_SHOWN), worst[::-1]])
