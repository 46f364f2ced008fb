"""Resolve data in memory: arrays, lists, frames and data sets of other libraries, with their labels."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from multicnn.data.items import array_of, is_waveform
from multicnn.data.manifest import Manifest
from multicnn.data.sources.arrays import examples_of_archive
from multicnn.data.sources.examples import Examples, inputs_of, manifest_of
from multicnn.data.sources.frame import is_frame, resolve_columns, resolve_frames
from multicnn.data.sources.given_labels import fractions_in, labels_of
from multicnn.data.sources.huggingface import HuggingFaceDataset, resolve_huggingface
from multicnn.data.sources.split_names import splits_named
from multicnn.data.sources.tf_data import TensorDataset, read
from multicnn.data.sources.unused import check_options
from multicnn.modalities.finding import Finding, first_few
from multicnn.recipe import DataSource, Recipe

PREFIX = "memory:"  # of the path of such data in a recipe
_LABELS = "label"
_FORMS = "(x, y) with a label for each input, a frame, a data set, or a list of (input, label) pairs"
_BESIDE = "these data in memory have no columns; their labels are given beside the inputs"


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


def in_order_of(now: Manifest, saved: Manifest) -> Manifest:
    """Return examples in the order in which a run has had them; as they are where they are not the same examples."""
    orders = []
    for table in (saved.table, now.table):
        orders.append(np.argsort((table["hash"] + table["label"]).to_numpy(dtype=str), kind="stable"))
    if len(now) != len(saved) or (now.table["id"] != saved.table["id"]).any():
        return now
    then, order = orders[0], np.empty(len(now), dtype=np.int64)
    order[then] = orders[1]
    table = now.table.iloc[order].reset_index(drop=True).assign(id=saved.table["id"])
    return replace(now, table=table) if table["hash"].equals(saved.table["hash"]) else now


def resolve_memory(source: DataSource, data: Iterable[object]) -> Manifest:
    """Resolve data in memory.

    Args:
        source: How they are read: `modality`, and the names of columns.
        data: (x, y), where x may be a mapping of the inputs of each example by modality; a list of (input, label) pairs; a
            frame, or a mapping of columns; a finite tf.data.Dataset; a data set of Hugging Face; a mapping with the names of
            an .npz archive; or a mapping of any of these by the name of their split.

    Raises:
        ValueError: They are none of these, or inputs and labels do not fit; the message says what to pass.
    """
    if isinstance(data, tuple) and len(data) == 2 and isinstance(data[0], Mapping):
        return _of_named_inputs(source, data[0], data[1])
    subsets, remarks = _by_split(data)
    if all(isinstance(each, HuggingFaceDataset) for each in subsets.values()):
        made = resolve_huggingface(source, subsets)  # type: ignore[arg-type]
    elif all(is_frame(each) for each in subsets.values()):
        made = resolve_frames(source, subsets)
    elif isinstance(data, Mapping) and any(name == "x" or str(name).startswith("x_") for name in data):
        check_options(source, (), _BESIDE)
        made = manifest_of(
            examples_of_archive(data, "Received: data of " + type(data).__name__), source.modality, source.sample_rate
        )
    elif isinstance(data, Mapping) and "" in subsets:
        made = resolve_frames(source, {"": _frame(data)})
    else:
        check_options(source, (), _BESIDE)
        examples = [_subset(f"x_{split}" if split else "x", each, split) for split, each in subsets.items()]
        made = manifest_of(examples, source.modality, source.sample_rate)
    return made.with_remarks(remarks)


def _of_named_inputs(source: DataSource, x: Mapping[str, Iterable[object]], y: object) -> Manifest:
    """Resolve ({"image": ..., "text": ...}, labels), as Keras takes inputs: each is a column of the name of its modality."""
    columns: dict[str, list[object]] = {str(name): list(column) for name, column in x.items()}
    n = len(next(iter(columns.values()), []))
    if unequal := {name: len(column) for name, column in columns.items() if len(column) != n}:
        raise ValueError(f"all inputs must have {n:,} rows, as the first has. Received: rows={unequal}")
    labels = labels_of(y, n, "y")
    named = {f"{name}_column": name for name in ("image", "audio", "text") if name in columns}
    return resolve_columns(replace(source, **named, label_column=_LABELS), {**columns, _LABELS: labels}, n)  # type: ignore[arg-type]


def _by_split(data: Iterable[object]) -> tuple[dict[str, object], list[Finding]]:
    """Return the data of each split, or all with the name "", and which of them are left out."""
    if not isinstance(data, Mapping) or not data:
        return {"": data}, []
    named = splits_named([str(key) for key in data])
    others = [key for key in data if not named[str(key)]]
    if len(others) == len(named) or (
        others and not all(isinstance(each, HuggingFaceDataset) for each in data.values())
    ):
        return {"": data}, []
    remark = Finding("splits", f"left out: {', '.join(map(str, others))}", False)
    return {named[str(key)] or "": data[key] for key in data if key not in others}, [remark] if others else []


def _frame(columns: Mapping[str, object]) -> pd.DataFrame:
    try:
        return pd.DataFrame({name: list(column) for name, column in columns.items()})  # type: ignore[call-overload]
    except (TypeError, ValueError):
        raise ValueError(
            f"data must be {_FORMS}, or a mapping of columns. Received: data with the keys {first_few(columns)}"
        ) from None


def _subset(name: str, data: object, split: str) -> Examples:
    """Return the examples of one split."""
    if isinstance(data, TensorDataset):
        x, y = read(data)
    elif isinstance(data, tuple) and len(data) == 2 and not is_waveform(data):
        x, y = data
    else:
        x, y = _pairs(data)
    inputs, rate = inputs_of(x, name)
    named = name.replace("x", "y", 1)
    return Examples(name, inputs, labels_of(y, len(inputs), named), split, rate=rate, remarks=fractions_in(y, named))


def _pairs(data: object) -> tuple[list[object], list[object]]:
    """Return the inputs and labels of a list of pairs, or of a data set with the methods of one."""
    if hasattr(data, "features") and not hasattr(data, "__len__"):
        raise ValueError(
            "data must not be streamed: load them without `streaming=True`. Received: data without a length"
        )
    items = data if isinstance(data, (list, tuple)) else _indexed(data)
    pairs = [item for item in items if isinstance(item, tuple) and len(item) == 2]
    if not pairs or len(pairs) < len(items):
        raise ValueError(f"data must be {_FORMS}. Received: data of {type(data).__name__}")
    if all(is_waveform(pair) and array_of(pair[0]).ndim == 1 for pair in pairs):
        raise ValueError(
            "data must be (x, y): pairs of a waveform and its rate have no labels. Received: data of such pairs"
        )
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _indexed(data: object) -> list[object]:
    """Return the items of a data set of PyTorch's or Keras's kind, or nothing."""
    if isinstance(data, (np.ndarray, Mapping)) or not (hasattr(data, "__len__") and hasattr(data, "__getitem__")):
        return []
    if hasattr(data, "__array__") or is_frame(data):
        return []
    return [data[i] for i in range(len(data))]
