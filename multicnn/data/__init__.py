"""From any source to batches: manifest, sources, splits, store, pipeline.

`multicnn.data.pipeline` is not imported here: it needs TensorFlow, and a manifest does not.
"""

import dataclasses

from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.paths import at_home
from multicnn.data.sources import resolve
from multicnn.data.splits import assign, folds, leave_group_out
from multicnn.data.store import Store, load_examples

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


def examine(source, progress=None):
    """What is to be known of a data set before a network learns from it; see `multicnn.data.checks.examine`.

    Args:
        source: a `DataSource`, the path of one, or a manifest with its splits decided.
        progress: called with (examples done, examples in all) from time to time.
    """
    from multicnn.data import checks  # it decodes, which needs TensorFlow
    from multicnn.recipe import DataSource

    if not isinstance(source, Manifest):
        source = source if isinstance(source, DataSource) else DataSource(path=str(source))
        manifest = resolve(
            dataclasses.replace(source, path=at_home(source.path), test=source.test and at_home(source.test))
        )
        if source.leave_out is not None:
            manifest = leave_group_out(manifest, source.leave_out)
        fraction = 0.0 if source.leave_out else source.test_fraction
        source = assign(manifest, source.validation_fraction, fraction)
    return checks.examine(source, progress)
