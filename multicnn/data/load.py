"""From a data source to its manifest, with every split decided."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from multicnn.data import splits
from multicnn.data.manifest import Manifest
from multicnn.data.paths import locate
from multicnn.data.sources import resolve
from multicnn.data.sources.naming import composed
from multicnn.modalities.finding import Finding
from multicnn.recipe import DataSource
from multicnn.tasks import Task

TaskLike = Task | str | Mapping[str, Any] | None


def load_manifest(source: DataSource, task: TaskLike = None, data: Iterable[object] | None = None) -> Manifest:
    """Return the manifest of a source, with every split decided.

    Args:
        source: The source of the examples, and how they are split.
        task: The task as a value, fitted as that of a predictor or not, or its name and fields; None chooses by the data.
        data: Data in memory, in place of the source's path.

    Raises:
        ValueError: The source is wrong, as in `resolve`; or there is no such group to leave out, or the source has another
            test set.
    """
    return divided(load_unsplit(source, task, data), source)


def divided(manifest: Manifest, source: DataSource) -> Manifest:
    """Return a manifest with those splits decided, as its source says, that it does not have."""
    if source.leave_out is not None:
        manifest = splits.leave_group_out(manifest, composed(source.leave_out))
    assigned = splits.assign(manifest, source.validation_fraction, 0.0 if source.leave_out else source.test_fraction)
    return assigned.with_remarks(
        [*(_without_test(manifest) if source.test_fraction else ()), *_unused(manifest, source)]
    )


def _without_test(manifest: Manifest) -> Iterator[Finding]:
    """Yield a remark where a source names training and validation examples, and no others to test on."""
    if (named := set(manifest.table["split"].iloc[manifest.rows()])) >= {"train", "val"} and "test" not in named:
        taken = "the data names its training and validation examples, so no test examples are taken from them"
        yield Finding("no test examples", f"{taken}; give some as data.test (train --test)", False)


def _unused(manifest: Manifest, source: DataSource) -> Iterator[Finding]:
    """Yield a remark for each fraction that was given and is not taken, since the source has such examples itself."""
    usual, named = DataSource(), set(manifest.table["split"].iloc[manifest.rows()])
    for split, option in (("val", "validation_fraction"), ("test", "test_fraction")):
        if split in named and getattr(source, option) not in (0, getattr(usual, option)) and source.leave_out is None:
            message = f"data.{option} is not used, since the data name their own {split} examples"
            yield Finding(f"{split} examples", message, False)


def load_unsplit(source: DataSource, task: TaskLike = None, data: Iterable[object] | None = None) -> Manifest:
    """Return the manifest of a source with the splits that the source itself names, and no others.

    A path that does not exist is looked for in MULTICNN_DATA. Arguments are those of `load_manifest`.
    """
    if source.leave_out is not None and source.test is not None:
        raise ValueError(
            "leave_out must be None where test is given: each would be the test set. "
            f"Received: leave_out={source.leave_out!r}, test={source.test!r}"
        )
    located = dataclasses.replace(source, path=locate(source.path), test=source.test and locate(source.test))
    return resolve(located, task, data)
