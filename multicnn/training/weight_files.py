"""Files of arrays by name: .npz, .safetensors, and Keras models that are none of ours."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

# https://github.com/huggingface/safetensors, "Format"; bfloat16, which NumPy lacks, is the upper half of a float32.
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "U8": "u1",
}


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file by their names.

    Raises:
        ValueError: It is no file of a kind that is known, or it is damaged.
    """
    readers = {".npz": _npz, ".safetensors": _safetensors, ".keras": _keras}
    if path.suffix not in readers or not path.is_file():
        expected = f"a file that ends in one of {', '.join(readers)}, or 'keras.applications'"
        raise ValueError(f"`start.path` must be {expected}. Received: start.path={str(path)!r}")
    with _told(path):
        return readers[path.suffix](path)


def is_ours(path: Path) -> bool:
    """Whether a file is an artefact of multicnn."""
    if path.suffix != ".keras" or not path.is_file():
        return False
    with _told(path), zipfile.ZipFile(path) as archive:
        return "multicnn.json" in archive.namelist()


def of_applications(model: str) -> dict[str, np.ndarray]:
    """Keras's ImageNet weights of a model, which Keras downloads and keeps in its own folder.

    Raises:
        ValueError: Keras has none for it, or they cannot be had.
    """
    if model not in APPLICATIONS:
        raise ValueError(f"keras.applications has weights of {', '.join(APPLICATIONS)}. Received: model={model!r}")
    with _told("keras.applications"):
        return _arrays(APPLICATIONS[model]()(weights="imagenet"))


APPLICATIONS: dict[str, Callable[[], Any]] = {
    "vgg16": lambda: keras.applications.VGG16,
    "vgg19": lambda: keras.applications.VGG19,
    "resnet50": lambda: keras.applications.ResNet50,
    "resnet101": lambda: keras.applications.ResNet101,
    "resnet152": lambda: keras.applications.ResNet152,
}


@contextmanager
def _told(path: Path | str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a damaged file raises anything
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"`start.path` cannot be read ({reason}). Received: start.path={str(path)!r}") from error


def _npz(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    arrays = {}
    for name, entry in json.loads(data[8:start]).items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        array = np.frombuffer(data[start + first : start + last], _DTYPES[entry["dtype"]])
        if entry["dtype"] == "BF16":
            array = (array.astype("<u4") << 16).view("<f4")
        arrays[name] = array.reshape(entry["shape"])
    return arrays


def _keras(path: Path) -> dict[str, np.ndarray]:
    return _arrays(keras.saving.load_model(path, compile=False, safe_mode=True))


def _arrays(model: keras.Model) -> dict[str, np.ndarray]:
    return {f"{layer.name}/{weight.name}": np.array(weight) for layer in model.layers for weight in layer.weights}
