"""Good examples of which an input cannot be read: the reasons, beside those of the bad ones."""

from __future__ import annotations

import numpy as np

from multicnn.data.manifest import Manifest
from multicnn.data.store import Store
from multicnn.modalities import Preprocess
from multicnn.modalities.marks import Mark


def noted(manifest: Manifest, examples: Store, preprocess: Preprocess) -> Manifest:
    """Return a manifest with the reason why an input is left out, for each stored example that is marked as incomplete.

    Marks say which they are also where the examples were decoded by an earlier run, or by another worker; only these are read
    again.
    """
    rows = examples.rows[np.flatnonzero(examples.marks & Mark.INCOMPLETE)].tolist()
    problems = {row: preprocess.problems(manifest.raw_source(row)) for row in rows}
    notes = {row: "; ".join(f"{name}: {why}" for name, why in each.items()) for row, each in problems.items() if each}
    return manifest.with_notes(notes) if notes else manifest
