"""The names of data sets of TensorFlow Datasets: its own form, and which of its splits are taken."""

from __future__ import annotations

import re
from typing import NamedTuple

from multicnn.data.manifest import SPLITS

PREFIX = "tfds:"
_FORM = re.compile(
    r"(?P<name>[A-Za-z]\w*)(?:/(?P<config>[\w+.-]+))?(?::(?P<version>(?:\d+|\*)(?:\.(?:\d+|\*)){2}|experimental_latest))?"
    r"(?:/(?P<arguments>\w+=.*))?"
)
_COMMUNITY = re.compile(r"[\w-]+:[A-Za-z]\w*(?:$|[:/])")
_EXPECTED = "tfds:NAME[/CONFIG][:VERSION][/ARGUMENT=VALUE,...], as tfds:mnist:3.0.1/train=train[:80%],val=train[80%:]"


class TfdsName(NamedTuple):
    """A data set of TensorFlow Datasets.

    Attributes:
        dataset: Its name, config and version, as `tfds.builder` takes them.
        arguments: Arguments of its builder, such as `data_dir`.
        splits: What is taken for a split, in the language of `tfds.load(split=...)`, by "train", "val" or "test"; empty for
            all of the splits that have such names.
    """

    dataset: str
    arguments: dict[str, str]
    splits: dict[str, str]


def parsed(name: str) -> TfdsName:
    """Return the parts of a name, without `PREFIX`.

    Raises:
        ValueError: It has another form, or is one of a community, whose code would be downloaded and run.
    """
    received = f"Received: path={PREFIX + name!r}"
    if _COMMUNITY.match(name) and not _FORM.fullmatch(name):
        remedy = "prepare it by TensorFlow Datasets, and name its folder by /data_dir=..."
        raise ValueError(f"path must not name a data set of a community, which brings code: {remedy}. {received}")
    match = _FORM.fullmatch(name)
    if match is None:
        raise ValueError(f"path must be {_EXPECTED}. {received}")
    pairs = [pair.partition("=") for pair in (match["arguments"] or "").split(",") if pair]
    given = {key.strip(): value.strip() for key, _, value in pairs}
    if len(given) < len(pairs) or not all(given.values()):
        raise ValueError(f"path must be {_EXPECTED}. {received}")
    if "split" in given:
        raise ValueError(f"path must name what train, val and test are of, as train={given['split']}. {received}")
    splits = {split: given.pop(split) for split in SPLITS if split in given}
    if len(set(splits.values())) < len(splits):
        raise ValueError(f"path must name other examples for each split. {received}")
    dataset = name.removesuffix(match["arguments"] or "").rstrip("/")
    return TfdsName(dataset, given, splits)


def short(path: str) -> str:
    """Return the name alone of a path that begins with `PREFIX`, of "tfds:glue/sst2:1.0.0" "glue"."""
    return re.split("[/:]", path.removeprefix(PREFIX))[0]
