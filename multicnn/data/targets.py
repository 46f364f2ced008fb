"""The stored targets of a placed task: a store beside that of the examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.store import Store, load_examples
from multicnn.modalities import Preprocess
from multicnn.modalities.base import Loadable
from multicnn.modalities.marks import Source
from multicnn.tasks import Task


@dataclass(frozen=True)
class TargetLoader(Loadable):
    """Makes the stored targets of examples.

    Args:
        task: The task, fitted.
        preprocess: The fitted preprocess that stores the examples.
    """

    task: Task
    preprocess: Preprocess

    @property
    def fitted(self) -> bool:
        """True where the preprocess is fitted."""
        return self.preprocess.fitted

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Shape of a target."""
        return self.task.target_shape(self.preprocess.stored_shape)

    @property
    def stored_dtype(self) -> str:
        """Dtype of a target."""
        return self.task.target_dtype

    def decode(self, source: Source) -> np.ndarray:
        """Return the target of a pair (source of the example, canonical cell)."""
        example, cell = source
        return self.task.target(cell, self.preprocess.geometry_of(example), self.preprocess.stored_shape)

    def example(self, raw: np.ndarray) -> np.ndarray:
        """Return the target as it is."""
        return raw


@dataclass(frozen=True, eq=False)
class _Pairs(Manifest):
    """A manifest whose sources are pairs of a source and its cell, and whose hashes are those of both."""

    def raw_source(self, i: int) -> Source:
        return super().raw_source(i), self.table["label"].iloc[i]

    def is_file(self, i: int) -> bool:
        return False  # a mask that cannot be read now is not read again


def load_targets(
    manifest: Manifest,
    preprocess: Preprocess,
    rows: np.ndarray,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Store, dict[int, str]]:
    """Make the targets of rows of a manifest, as `load_examples` does the examples: the store, and the reasons of bad rows."""
    columns = (manifest.table[name].tolist() for name in ("hash", "label", "target"))
    hashes = [content_hash("\n".join(each)) for each in zip(*columns, strict=True)]
    fields = {name: getattr(manifest, name) for name in ("modality", "task", "arrays", "sample_rate")}
    pairs = _Pairs(table=manifest.table.assign(hash=hashes), **fields)
    return load_examples(pairs, TargetLoader(manifest.task, preprocess), rows, progress)


def with_targets(
    manifest: Manifest,
    preprocess: Preprocess,
    rows: np.ndarray,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Manifest, Mapping[int, str]]:
    """Return the manifest with the stored targets of some rows, where its task is placed, and why others of them have none."""
    if not manifest.task.placed:
        return manifest, {}
    stored, reasons = load_targets(manifest, preprocess, rows, progress)
    return replace(manifest, stored=stored), reasons


def stored_as(manifest: Manifest, preprocess: Preprocess, rows: np.ndarray) -> Preprocess:
    """Return the preprocess whose stored examples hold the originals of these rows, where the task is placed."""
    if not manifest.task.placed:
        return preprocess
    geometries = []
    for row in rows.tolist():
        try:
            geometries.append(preprocess.geometry_of(manifest.raw_source(row)))
        except ValueError:  # it is listed when everything is loaded
            continue
    return preprocess.for_geometries(geometries)
