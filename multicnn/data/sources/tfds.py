"""Resolve data sets of TensorFlow Datasets by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.sources.split_names import plain_split
from multicnn.modalities import lookup
from multicnn.modalities.tfds_features import ENCODED, FEATURES, example

if TYPE_CHECKING:
    from multicnn.recipe import DataSource


def resolve_tfds(source: DataSource, name: str) -> Manifest:
    """Resolve `name`, `name/config` or `name/config:version`, download and prepare it if that was not done.

    The example is the data set's supervised input, or its first image, audio or text feature; the label is
    `label_column` if the data set has it, else its supervised target. Splits other than train, validation and test
    (such as "unsupervised") are left out. Images stay encoded in memory.

    Raises:
        ValueError: Tensorflow-datasets is not installed, the name is unknown, the download failed, or the data set
            has no such features.
    """
    tfds = _import(name)
    builder = _prepared(tfds, name)
    features = builder.info.features
    key, modality = _input(tfds, builder, source)
    label_key = _label(tfds, builder, source)
    if source.group_column and source.group_column not in features:
        raise _no_feature("group_column", source.group_column, name, features)
    inline, decoders = lookup(modality).inline, {key: tfds.decode.SkipDecoding()} if modality in ENCODED else None
    ids, examples, labels, splits, groups = [], [], [], [], []
    # The splits are not known where the data set was mocked instead of prepared.
    for split in [split for split in builder.info.splits if plain_split(split)] or ["train"]:
        data = tfds.as_numpy(builder.as_dataset(split=split, decoders=decoders, shuffle_files=False))
        for i, record in enumerate(data):
            ids.append(f"{split}[{i}]")
            examples.append(example(modality, record[key]))
            labels.append(_words(features[label_key], record[label_key]))
            splits.append(plain_split(split) or "")
            groups.append(
                _words(features[source.group_column], record[source.group_column]) if source.group_column else ""
            )
    return Manifest.of(
        modality,
        ids=ids,
        sources=[str(text) for text in examples] if inline else range(len(ids)),
        labels=labels,
        splits=splits,
        groups=groups,
        hashes=[content_hash(each) for each in examples],
        reasons=[_reason(each) for each in examples],
        arrays=None if inline else _ragged(examples),
        sample_rate=features[key].sample_rate if lookup(modality).sampled else None,
    )


def _import(name: str) -> Any:
    try:
        import tensorflow_datasets
    except ImportError:
        install = "pip install 'multicnn[datasets]'"
        raise ValueError(f"path needs TensorFlow Datasets: {install}. Received: path='tfds:{name}'") from None
    return tensorflow_datasets


def _prepared(tfds: Any, name: str) -> Any:
    try:
        builder = tfds.builder(name)
    except (tfds.core.registered.DatasetNotFoundError, ValueError) as error:
        first = str(error).splitlines()[0]
        catalogue = "https://www.tensorflow.org/datasets/catalog"
        raise ValueError(f"path must name one of {catalogue} ({first}). Received: path='tfds:{name}'") from None
    try:
        builder.download_and_prepare()
    except Exception as error:  # the network, the disk, a host that moved, a data set to be fetched by hand: many types
        first = (str(error).splitlines() or [""])[0]
        advice = f"where there is a network, run `tfds build {name}` and keep {builder.data_dir}"
        problem = f"could not be downloaded ({type(error).__name__}: {first}); {advice}"
        raise ValueError(
            f"path must name a data set that can be had: {problem}. Received: path='tfds:{name}'"
        ) from error
    return builder


def _no_feature(argument: str, value: str, name: str, features: Any) -> ValueError:
    known = ", ".join(features)
    return ValueError(f"{argument} must be a feature of tfds:{name} ({known}). Received: {argument}={value!r}")


def _input(tfds: Any, builder: Any, source: DataSource) -> tuple[str, str]:
    kinds = {modality: getattr(tfds.features, name) for modality, name in FEATURES.items()}
    features = builder.info.features
    supervised = builder.info.supervised_keys or ()
    for key in (source.text_column, *supervised[:1], *features):
        for modality, kind in kinds.items():
            if key in features and isinstance(features[key], kind) and source.modality in (None, modality):
                return key, modality
    raise ValueError(f"path must have an image, audio or text feature. Received: path='tfds:{builder.name}'")


def _label(tfds: Any, builder: Any, source: DataSource) -> str:
    features, supervised = builder.info.features, builder.info.supervised_keys or ()
    for key in (source.label_column, *supervised[1:2]):
        if key in features and features[key].shape == ():
            return key
    raise _no_feature("label_column", source.label_column, builder.name, features)


def _words(feature: Any, value: Any) -> str:
    if hasattr(feature, "int2str"):
        return feature.int2str(value) if value >= 0 else ""  # TFDS marks a test set without labels by -1
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _reason(example: str | bytes | np.ndarray) -> str:
    return "empty text" if isinstance(example, str) and not example.strip() else ""


def _ragged(examples: list) -> np.ndarray:
    arrays = np.empty(len(examples), dtype=object)
    arrays[:] = examples
    return arrays
