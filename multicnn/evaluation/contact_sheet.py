"""A contact sheet: examples as they are, and beside each what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from multicnn.evaluation import page


def write_contact_sheet(
    path: str | Path, title: str, lead: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> Path:
    """Write a page with a row for each example, that needs no other file.

    Args:
        path: The HTML file to write.
        title: The title of the page.
        lead: A sentence or two below the title.
        columns: The names of the columns behind the example and its class, in order.
        rows: Mappings with `id`, `label` and, for each column, a list of examples that `media.embed` takes.

    Returns:
        `path`.
    """
    return page.write(path, "contact_sheet", title=title, lead=lead, columns=list(columns), rows=rows)
