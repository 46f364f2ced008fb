"""Prepare a data set of TensorFlow Datasets, and open it for reading by index."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Protocol

from multicnn.data.sources.tfds_names import PREFIX, TfdsName, parsed, short
from multicnn.utils import regular_files
from multicnn.utils.files import parse_json

FORMAT = "array_record"
Record = Mapping[str, object]


class Feature(Protocol):
    """The members of `tfds.features.FeatureConnector` that are used here."""

    shape: tuple[int | None, ...]


class FileFormat(Protocol):
    """The member of `tfds.core.FileFormat` that is used here."""

    value: str


class Info(Protocol):
    """The members of `tfds.core.DatasetInfo` that are used here."""

    features: Mapping[str, Feature]
    splits: Mapping[str, object]
    supervised_keys: tuple[str, ...] | None

    def available_file_formats(self) -> set[FileFormat]:
        """Return the formats in which the data set lies on disk."""


class Builder(Protocol):
    """The members of `tfds.core.DatasetBuilder` that are used here."""

    name: str
    info: Info
    data_dir: str

    def download_and_prepare(self, *, file_format: str) -> None:
        """Write the data set, unless it is there."""

    def as_data_source(self, split: str, *, decoders: Mapping[str, object]) -> Sequence[Record]:
        """Return the records of a split."""


def prepared(name: str) -> tuple[ModuleType, Builder, TfdsName]:
    """Return TensorFlow Datasets, a data set by its name, downloaded and prepared if that was not done, and what is asked of it.

    Raises:
        ValueError: A package is missing, the name is unknown, the download failed, or the data set was prepared in a format that
            cannot be read by index.
    """
    asked, received = parsed(name), f"Received: path={PREFIX + name!r}"
    tfds = _imported(received)
    builder = _built(tfds, asked, received)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # of its progress; the results of a command are on standard output
            builder.download_and_prepare(file_format=FORMAT)
    except Exception as error:  # the network, the disk, a host that moved, a data set to be fetched by hand: many types
        advice = f"where there is a network, run `{_command(asked)}` and keep {builder.data_dir}"
        problem = f"could not be downloaded ({type(error).__name__}: {_first_line(error)}); {advice}"
        raise ValueError(f"path must name a data set that can be had: {problem}. {received}") from error
    formats = sorted(each.value for each in builder.info.available_file_formats())
    if FORMAT not in formats:
        again = f"rm -r {builder.data_dir} && {_command(asked)}"
        problem = f"it is {' and '.join(formats)} in {builder.data_dir}: run `{again}`"
        raise ValueError(f"path must be prepared as {FORMAT}, which is read by index; {problem}. {received}")
    return tfds, builder, asked


def records(builder: Builder, expression: str, decoders: Mapping[str, object], received: str) -> Sequence[Record]:
    """Return the records of a split, or of a part of one, which are read when they are asked for.

    Args:
        builder: A prepared data set.
        expression: The split in the language of `tfds.load`, such as "train" or "train[:80%]".
        decoders: What decodes features otherwise than usual, by their names.
        received: The end of an error message.

    Raises:
        ValueError: There is no such split, it is empty, or the package that reads it is missing.
    """
    try:
        return builder.as_data_source(expression, decoders=decoders)
    except ImportError as error:
        raise ValueError(f"path needs the package {error.name}: pip install array_record. {received}") from None
    except Exception as error:  # of an expression anything
        known = ", ".join(builder.info.splits)
        expected = f"splits of {PREFIX}{builder.name} ({known}) or examples of them, as {next(iter(builder.info.splits))}[:80%]"
        raise ValueError(
            f"path must name {expected}; {expression!r} gives none ({_first_line(error)}). {received}"
        ) from None


def _command(asked: TfdsName) -> str:
    """Return the command that prepares a data set; that of TFDS itself, `tfds build`, needs Apache Beam to start."""
    arguments = "".join(f", {name}={value!r}" for name, value in asked.arguments.items())
    prepare = f"tfds.builder({asked.dataset!r}{arguments}).download_and_prepare(file_format={FORMAT!r})"
    return f'python -c "import tensorflow_datasets as tfds; {prepare}"'


def _imported(received: str) -> ModuleType:
    try:
        importlib.import_module("importlib_resources")  # tensorflow-datasets imports it late, and does not require it
        return importlib.import_module("tensorflow_datasets")
    except ImportError as error:
        install = f"pip install 'multicnn[datasets]' ({error.name} is missing)"
        raise ValueError(f"path needs TensorFlow Datasets: {install}. {received}") from None


def _built(tfds: ModuleType, asked: TfdsName, received: str) -> Builder:
    arguments = dict(asked.arguments)
    if "data_dir" in arguments:
        folder = Path(arguments["data_dir"]).expanduser()
        arguments["data_dir"] = str(folder)
        _check_features(folder / short(asked.dataset), received)
    try:
        return tfds.builder(asked.dataset, **arguments)
    except Exception as error:  # an unknown name, version or argument, a damaged folder: many types
        catalogue = "https://www.tensorflow.org/datasets/catalog"
        raise ValueError(f"path must name one of {catalogue} ({_first_line(error)}). {received}") from None


def _check_features(folder: Path, received: str) -> None:
    """Raise ValueError where the description of prepared data names a class that TFDS would import from elsewhere."""
    for path in sorted(folder.rglob("features.json")):
        pending: list[object] = [parse_json(regular_files.read_bytes(path, "json_bytes"))]
        while pending:
            value = pending.pop()
            if isinstance(value, dict):
                pending += value.values()
                named = value.get("pythonClassName", value.get("type"))
                module = named.rpartition(".")[0] if isinstance(named, str) else ""
                if module and not module.startswith("tensorflow_datasets.") and module not in sys.modules:
                    problem = f"{path} names a feature of {module!r}, which would be imported"
                    raise ValueError(f"path must hold features of TensorFlow Datasets; {problem}. {received}")
            elif isinstance(value, list):
                pending += value


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
