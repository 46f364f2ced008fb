"""Resolve data sets of TensorFlow Datasets by name. Their examples are read by index, when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import NamedTuple, cast

import numpy as np

from multicnn.data.indexed import Example, Joined
from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.sources.cells import text_of
from multicnn.data.sources.split_names import plain_split
from multicnn.data.sources.tfds_builder import Builder, Feature, Info, Record, prepared, records
from multicnn.data.sources.tfds_names import PREFIX
from multicnn.data.sources.unused import check_options
from multicnn.modalities import lookup
from multicnn.modalities.finding import Finding
from multicnn.modalities.tfds_features import FEATURES, example, is_encoded, modality_of
from multicnn.recipe import DataSource
from multicnn.utils import quiet

_USUAL = DataSource()
_SHOWN = 200  # characters of what is wrong with a record


@dataclass(frozen=True, eq=False)
class _Inputs:
    """The inputs of the records of a split, none of which is in memory."""

    records: Sequence[Record]
    key: str
    modality: str

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int, /) -> Example:
        return self.of(self.records[index])

    def of(self, record: Record) -> Example:
        return example(self.modality, cast("bytes | np.ndarray", record[self.key]))


class _Row(NamedTuple):
    """A record in the manifest: its text only where the modality is inline."""

    label: str = ""
    group: str = ""
    hash: str = ""
    text: str = ""
    reason: str = ""


@quiet.absl()
def resolve_tfds(source: DataSource, name: str) -> Manifest:
    """Resolve a name as `tfds_names.parsed` reads it; download and prepare the data set if that was not done.

    The input is the feature `text_column` if that is given, else the supervised one, else the first image, audio or text; the
    label is `label_column` if the data set has it, else its supervised target. Splits other than train, validation and test
    (such as "unsupervised") are left out, unless the name says what they are. Each record is read once, for its hash and its
    label; texts alone are kept.

    Raises:
        ValueError: A package is missing, the name is unknown, the download failed, the data set was prepared in a format that
            cannot be read by index, or it has no such features or splits.
    """
    problem = "a data set of TensorFlow Datasets has features, and its splits are named in the path (docs: Data)"
    check_options(source, ("text_column", "label_column", "group_column"), problem)
    tfds, builder, asked = prepared(name)
    features, received = builder.info.features, f"Received: path={PREFIX + name!r}"
    key, modality = _input(tfds, builder, source)
    columns = _label(builder, source), source.group_column
    if source.group_column and source.group_column not in features:
        raise _no_feature("group_column", source.group_column, builder)
    own, left = _splits(builder.info)
    splits = {expression: split for split, expression in asked.splits.items()} or own
    decoders = {each: tfds.decode.SkipDecoding() for each, feature in features.items() if is_encoded(tfds, feature)}
    inputs = [_Inputs(records(builder, each, decoders, received), key, modality) for each in splits]
    rows = [_row(features, each, i, columns) for each in inputs for i in range(len(each))]
    inline, rate = lookup(modality).inline, getattr(features[key], "sample_rate", None)
    remark = Finding(
        "splits", f"left out: {', '.join(left)}; train=..., val=... or test=... in the path takes them", False
    )
    return Manifest.of(
        modality,
        ids=[f"{expression}[{i}]" for expression, each in zip(splits, inputs) for i in range(len(each))],
        sources=[row.text for row in rows] if inline else range(len(rows)),
        labels=[row.label for row in rows],
        splits=[split for split, each in zip(splits.values(), inputs) for _ in range(len(each))],
        groups=[row.group for row in rows],
        hashes=[row.hash for row in rows],
        reasons=[row.reason for row in rows],
        arrays=None if inline else Joined(inputs),
        sample_rate=rate or source.sample_rate if lookup(modality).sampled else None,
    ).with_remarks([remark] if left and not asked.splits else [])


def _row(features: Mapping[str, Feature], inputs: _Inputs, index: int, columns: tuple[str, str | None]) -> _Row:
    """Return what the manifest has of a record; `columns` are the features of the label and the group."""
    try:
        record = inputs.records[index]
        content = inputs.of(record)
        label, group = (_text(features[name], record[name]) if name else "" for name in columns)
    except Exception as error:  # of a damaged record: what reads and parses them raises anything
        return _Row(
            reason=f"a record that cannot be read: {' '.join(str(error).split())[:_SHOWN] or type(error).__name__}"
        )
    if not isinstance(content, str):
        return _Row(label, group, content_hash(cast("bytes | np.ndarray", content)))
    return _Row(label, group, content_hash(content), content, "" if content.strip() else "empty text")


def _splits(info: Info) -> tuple[dict[str, str], list[str]]:
    """Return the split of each of those of a data set, and the names of those that are left out.

    Where none has the name of a split, all are taken, and divided here.
    """
    named = {name: plain_split(name) for name in info.splits}
    if not any(named.values()):
        return dict.fromkeys(named, ""), []
    return {name: split for name, split in named.items() if split}, [name for name, split in named.items() if not split]


def _input(tfds: ModuleType, builder: Builder, source: DataSource) -> tuple[str, str]:
    """Return the feature that is the input, and its modality."""
    features, given = builder.info.features, source.text_column
    known = {name: kind for name in sorted(features) if (kind := modality_of(tfds, features[name])) is not None}
    if given != _USUAL.text_column and given not in known:
        raise _no_feature("text_column", given, builder, known)
    usual = (*(builder.info.supervised_keys or ())[:1], given, *known)
    for name in usual if given == _USUAL.text_column else (given,):
        if name in known and source.modality in (None, known[name]):
            return name, known[name]
    wanted = source.modality or " or ".join(FEATURES)
    raise ValueError(f"path must have a feature that is {wanted}. Received: path={PREFIX + builder.name!r}")


def _label(builder: Builder, source: DataSource) -> str:
    """Return the feature that is the label: one value, or a list of them."""
    features, given = builder.info.features, source.label_column
    known = [
        name for name, each in sorted(features.items()) if each.shape == () or (len(each.shape) == 1 and _of_list(each))
    ]
    usual = (given, *(builder.info.supervised_keys or ())[1:2])
    for name in usual if given == _USUAL.label_column else (given,):
        if name in known:
            return name
    raise _no_feature("label_column", given, builder, known)


def _no_feature(argument: str, value: str, builder: Builder, known: Iterable[str] | None = None) -> ValueError:
    names = ", ".join(sorted(builder.info.features if known is None else known))
    return ValueError(
        f"{argument} must be a feature of {PREFIX}{builder.name} ({names}). Received: {argument}={value!r}"
    )


def _of_list(feature: Feature) -> Feature | None:
    """Return the feature of each value of a list; None of another feature."""
    return getattr(feature, "feature", None)


def _text(feature: Feature, value: object) -> str:
    """Return the value of a feature as a cell of a table: the names of classes, a list as JSON."""
    if (each := _of_list(feature)) is not None:
        return text_of([_text(each, one) for one in cast("Iterable[object]", value)])
    if hasattr(feature, "int2str"):
        number = int(cast("int", value))
        return feature.int2str(number) if number >= 0 else ""  # TFDS marks a test set without labels by -1
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else text_of(value)
