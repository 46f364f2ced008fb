"""The kinds of targets that the columns of a table of files have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multicnn.data.offers import Offer
from multicnn.data.sources.boxes.tabular import by_file, has_boxes, is_labelled
from multicnn.data.sources.columns import Table

if TYPE_CHECKING:
    from multicnn.recipe import DataSource


def with_offers(source: DataSource, table: Table) -> tuple[Table, dict[str, Offer]]:
    """Return a table with a row for each file, and the cells of each kind of target; {} for one that has labels only.

    A label is offered beside boxes where a table has one for each file, which the boxes then have too.
    """
    if not has_boxes(table):
        return table, {}
    rows, boxes = by_file(source, table)
    offers = {"boxes": boxes}
    label = rows.known(source.label_column)
    if label is None:
        rows.columns[source.label_column] = [""] * len(rows)
    elif is_labelled(table, rows):
        offers["label"] = Offer(rows.columns[label], [""] * len(rows))
    return rows, offers
