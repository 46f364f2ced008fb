"""Resolve data in memory: arrays and lists with their labels, and mappings of these by split."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence

from multicnn.data.items import is_waveform
from multicnn.data.manifest import Manifest
from multicnn.data.sources.examples import Examples, inputs_of, manifest_of
from multicnn.data.sources.given_labels import labels_of
from multicnn.data.sources.split_names import split_named
from multicnn.recipe import DataSource, Recipe

PREFIX = "memory:"  # of the path of such data in a recipe
_FORMS = "(x, y) with a label for each input, or a list of (input, label) pairs"


def in_memory(data: object) -> Iterable[object] | None:
    """Return data that are in memory, or None for a path, a `DataSource`, a recipe or nothing.

    Raises:
        ValueError: Data of this type are not understood.
    """
    if data is None or isinstance(data, (str, os.PathLike)) or isinstance(data, (DataSource, Recipe)):
        return None
    if isinstance(data, (bytes, bytearray)) or not (isinstance(data, Iterable) or hasattr(data, "__getitem__")):
        expected = f"a path, a DataSource, a Recipe, or data in memory: {_FORMS}"
        raise ValueError(f"data must be {expected}. Received: data of {type(data).__name__}")
    return data  # type: ignore[return-value]


def path_of(manifest: Manifest) -> str:
    """Return the path by which a recipe names data in memory: the same for the same examples in any order."""
    digest = hashlib.blake2b("".join(sorted(manifest.table["hash"])).encode(), digest_size=6)
    return PREFIX + digest.hexdigest()


def resolve_memory(source: DataSource, data: Iterable[object]) -> Manifest:
    """Resolve data in memory.

    Args:
        source: How they are read: `modality`, and the names of columns.
        data: (x, y), a list of (input, label) pairs, or a mapping of these by the name of their split.

    Raises:
        ValueError: They are none of these, or inputs and labels do not fit; the message says what to pass.
    """
    if isinstance(data, Mapping) and data and all(isinstance(key, str) and split_named(key) for key in data):
        subsets = [_subset(f"x_{split_named(name)}", subset, split_named(name) or "") for name, subset in data.items()]
        return manifest_of(subsets, source.modality)
    return manifest_of([_subset("x", data, "")], source.modality)


def _subset(name: str, data: object, split: str) -> Examples:
    """Return the examples of one split."""
    if isinstance(data, tuple) and len(data) == 2 and not is_waveform(data):
        x, y = data
    elif isinstance(data, Sequence) and data and all(isinstance(pair, tuple) and len(pair) == 2 for pair in data):
        x, y = [pair[0] for pair in data], [pair[1] for pair in data]
    else:
        raise ValueError(f"data must be {_FORMS}. Received: data of {type(data).__name__}")
    inputs, rate = inputs_of(x, name)
    return Examples(name, inputs, labels_of(y, len(inputs), name.replace("x", "y", 1)), split, rate=rate)
