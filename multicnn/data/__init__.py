"""From any source to batches: manifest, sources, splits, store, pipeline.

`multicnn.data.pipeline` is not imported here: it needs TensorFlow, and a manifest does not.
"""

from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.sources import resolve
from multicnn.data.splits import assign, folds, leave_group_out
from multicnn.data.store import Store, materialise

__all__ = ["Manifest", "Store", "assign", "content_hash", "folds", "leave_group_out", "materialise", "resolve"]
