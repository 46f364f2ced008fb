"""Resolve data sets of Hugging Face's `datasets`, recognised by their members; the library is not imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol, Self, runtime_checkable

from multicnn.data.manifest import Manifest
from multicnn.data.sources.frame import resolve_columns
from multicnn.modalities import lookup
from multicnn.recipe import DataSource

_ENCODED = {"Image": "image", "Audio": "audio"}  # features that are files: their names, and the columns they become


@runtime_checkable
class HuggingFaceDataset(Protocol):
    """The members of `datasets.Dataset` that are used here."""

    features: Mapping[str, object]
    column_names: Sequence[str]

    def cast_column(self, column: str, feature: object) -> Self:
        """Return the data set with a column of another feature."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def __getitem__(self, column: str) -> Sequence[object]:
        """Return the values of a column."""


def resolve_huggingface(source: DataSource, subsets: Mapping[str, HuggingFaceDataset]) -> Manifest:
    """Resolve data sets of texts, images or audio; files stay as they are, to the byte.

    Args:
        source: The names of the columns, and the modality where it is given.
        subsets: A data set for each split, or one with the name "".

    Raises:
        ValueError: There is no column of inputs or of labels, or several could be; the message lists the columns.
    """
    first = next(iter(subsets.values()))
    inline = source.modality is None or lookup(source.modality).inline
    column, label = input_column(first, source.text_column if inline else ""), _label_column(first, source.label_column)
    asked = (label, source.group_column or "", "" if "" not in subsets else source.split_column or "split")
    wanted = [name for name in asked if name in first.column_names]
    values: dict[str, list[object]] = {name: [] for name in wanted}
    name = _ENCODED.get(type(first.features[column]).__name__, source.text_column)
    values[name] = []
    for split, data in subsets.items():
        for each in wanted:
            values[each] += _names(data.features[each], data[each])
        values[name] += inputs_of_column(data, column)
        if split:
            values.setdefault("split", []).extend([split] * len(data))
    source = replace(source, label_column=label, split_column="split" if "" not in subsets else source.split_column)
    if name in _ENCODED.values():  # the column of the files, which has another name from here on
        source = replace(source, text_column=DataSource().text_column)
    return resolve_columns(source, values, sum(map(len, subsets.values())))


def input_column(data: HuggingFaceDataset, text_column: str) -> str:
    """Return the column of the inputs: the text column, else the only one of images or audio, else the only one of strings.

    Raises:
        ValueError: There is none, or more than one; the message lists the columns.
    """
    if text_column in data.column_names:
        return text_column
    files = [name for name, feature in data.features.items() if type(feature).__name__ in _ENCODED]
    strings = [name for name, feature in data.features.items() if getattr(feature, "dtype", None) == "string"]
    for found in (files, [] if files else strings):
        if len(found) == 1:
            return found[0]
    raise ValueError(f"text_column must name the inputs ({', '.join(data.column_names)}). Received: {text_column!r}")


def inputs_of_column(data: HuggingFaceDataset, column: str) -> list[object]:
    """Return the inputs of a column: strings, or the bytes or paths of files, not decoded."""
    feature = data.features[column]
    if type(feature).__name__ in _ENCODED:
        data = data.cast_column(column, type(feature)(decode=False))  # type: ignore[call-arg]
    return list(data[column])


def _label_column(data: HuggingFaceDataset, label_column: str) -> str:
    classes = [name for name, feature in data.features.items() if hasattr(feature, "int2str")]
    if label_column in data.column_names:
        return label_column
    if len(classes) == 1:
        return classes[0]
    raise ValueError(f"label_column must be one of {', '.join(data.column_names)}. Received: {label_column!r}")


def _names(feature: object, values: Sequence[object]) -> list[object]:
    """Return values with the names of classes in place of their numbers; -1 is a missing one."""
    if not hasattr(feature, "int2str"):
        return list(values)
    return [None if value is None or value == -1 else feature.int2str(value) for value in values]
