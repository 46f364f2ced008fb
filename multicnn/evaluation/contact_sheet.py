"""A contact sheet: examples as they are, and beside each what becomes of it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from multicnn.evaluation.page import Html, page, section, table
from multicnn.evaluation.previews import preview


def write_contact_sheet(
    path: str | Path, title: str, lead: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> Path:
    """Writes a page with a row for each example, that needs no other file.

    Args:
        path: the HTML file to write.
        title: of the page.
        lead: a sentence or two below the title.
        columns: the names of the columns, in order; each is a key of every row.
        rows: a text each under the first two columns; under the others lists of raw examples, of which each is what
            `previews.preview` takes.

    Returns:
        `path`.
    """
    shown = []
    for row in rows:
        cells = {name: row[name] for name in columns[:2]}
        for name in columns[2:]:
            cells[name] = Html("".join(preview(raw, f"{row[columns[0]]}: {name}") for raw in row[name]))
        shown.append(cells)
    body = section("Examples", table(f"{len(rows)} examples", columns, shown))
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = page(title, [f'<p class="lead">{html.escape(lead)}</p>', body])
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


def spectrogram_plot(features: np.ndarray, low: float, high: float) -> np.ndarray:
    """A spectrogram as a grey picture, time to the right and low frequencies at the bottom: uint8, shape (bands, time).

    Args:
        features: float, shape (time, bands) or (time, bands, 1).
        low, high: the values that become black and white.
    """
    bands = features.reshape(features.shape[:2]).T[::-1]
    return np.rint(255 * np.clip((bands - low) / max(high - low, 1e-9), 0, 1)).astype(np.uint8)
