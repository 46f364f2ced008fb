"""A contact sheet: examples as they are, and beside each what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

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
        rows: Mappings with `id`, `label` and, for each column, a list of raw examples that `media.embed` takes.

    Returns:
        `path`.
    """
    return page.write(path, "contact_sheet", title=title, lead=lead, columns=list(columns), rows=rows)


def spectrogram_plot(features: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return a spectrogram as a grey image, time to the right and low frequencies at the bottom: uint8 (bands, time).

    Args:
        features: float, shape (time, bands) or (time, bands, 1).
        low: The value that becomes black.
        high: The value that becomes white.
    """
    bands = features.reshape(features.shape[:2]).T[::-1]
    return np.rint(255 * np.clip((bands - low) / max(high - low, 1e-9), 0, 1)).astype(np.uint8)
