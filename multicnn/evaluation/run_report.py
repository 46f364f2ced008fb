"""The tables and pictures that a finished run leaves in its folder, and the page with all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from multicnn.data.manifest import Manifest
from multicnn.evaluation import report as page
from multicnn.modalities import Preprocess, Shown


def report(
    folder: Path, preprocess: Preprocess, manifest: Manifest, logits_of: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Writes per_class.csv, mistakes.csv, confusion_matrix.png and report.html, of the test set if there is one.

    Args:
        folder: The run folder, with its metrics.json and what else the page shows.
        preprocess: Decodes the examples that are shown.
        manifest: With the bad rows.
        logits_of: Gives the logits, float32 (n, classes), of n rows of the manifest.
    """
    split = next(s for s in ("test", "val", "train") if len(manifest.rows(s)))
    rows = manifest.rows(split)
    ids = manifest.table["id"].iloc[rows].tolist()
    mistakes = page.write_evaluation(folder, logits_of(rows), manifest.targets(rows), manifest.labels, ids)
    page.write_report(folder, dict(_shown(preprocess, manifest, rows[mistakes["row"]])))


def _shown(preprocess: Preprocess, manifest: Manifest, rows: np.ndarray) -> Iterator[tuple[str, Shown]]:
    """Ids and examples as they are shown; not of a file that has vanished since it was read."""
    for row in rows:
        with suppress(ValueError):
            raw = preprocess.decode(manifest.raw_source(row))
            yield manifest.table["id"][row], preprocess.shown(raw)
