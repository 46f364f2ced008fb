"""From any source to batches: manifest, sources, splits, store, pipeline.

`multicnn.data.pipeline` is not imported here: it needs TensorFlow, and a manifest does not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.sources import resolve
from multicnn.data.splits import assign, folds, leave_group_out
from multicnn.data.store import Store, load_examples

if TYPE_CHECKING:
    from multicnn.data.checks import DataReport
    from multicnn.recipe import DataSource

__all__ = [
    "Manifest",
    "Store",
    "assign",
    "content_hash",
    "examine",
    "folds",
    "leave_group_out",
    "load_examples",
    "resolve",
]


def examine(
    source: DataSource | Manifest | str | os.PathLike[str] | Iterable[object],
    progress: Callable[[int, int], None] | None = None,
) -> DataReport:
    """Examine a data set before a network is trained on it; see `multicnn.data.checks.examine`.

    Args:
        source: A `DataSource`, the path of one, data in memory, or a manifest with its splits decided.
        progress: Called with (examples done, examples in all) from time to time.

    Returns:
        The report: counts, and findings with the most important ones first.
    """
    from multicnn.data import checks  # it decodes, which needs TensorFlow
    from multicnn.recipe import DataSource

    if not isinstance(source, Manifest):
        from multicnn.data.load import load_manifest
        from multicnn.data.sources.memory import in_memory

        memory = in_memory(source)
        path = str(source) if memory is None else ""
        source = load_manifest(source if isinstance(source, DataSource) else DataSource(path=path), data=memory)
    return checks.examine(source, progress)
