"""Read files of arrays by name: .npz, .safetensors, PyTorch's, and Keras models that multicnn did not save."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from multicnn.backends import keras_archive
from multicnn.training import torch_files, weights_by_name
from multicnn.training.weights_by_name import NAMED
from multicnn.utils import archives
from multicnn.utils.urls import REMEDY, is_url


def read(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file by their names.

    Args:
        path: A .npz, .safetensors, .pt or .pth file, or a .keras file that Keras itself saved.

    Raises:
        ValueError: `path` is no file of a known kind, or it is damaged.
    """
    readers = _READERS
    if path.suffix not in readers or not path.is_file():
        missing = "; nothing is there" if path.suffix in readers else ""
        expected = f"a file that ends in one of {', '.join(readers)}, or a name from `multicnn weights`{missing}"
        missing = f" ({REMEDY})" if is_url(path) else ""
        raise ValueError(f"`start.path` must be {expected}. Received: start.path={str(path)!r}{missing}")
    with _one_line(path):
        arrays = readers[path.suffix](path)
        for name, array in arrays.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise ValueError(f"{name!r} has numbers that are not finite")
        return arrays


def is_read(path: str | os.PathLike) -> bool:
    """Return True for a name of weights, and for the path of a file of arrays; False for an artefact of multicnn."""
    path = Path(path)
    try:
        return str(path) in NAMED or (path.suffix in _READERS and path.is_file() and not is_ours(path))
    except ValueError:  # a damaged .keras file, whoever made it
        return False


def is_ours(path: Path) -> bool:
    """Return True for an artefact of multicnn, False for any other file."""
    if path.suffix != ".keras" or not path.is_file():
        return False
    with _one_line(path), archives.opened(path) as archive:
        return "multicnn.json" in archive.namelist()


def of_name(name: str) -> dict[str, np.ndarray]:
    """Return the arrays of weights that have a name, which are downloaded if the cache does not hold them.

    Raises:
        ValueError: They cannot be downloaded or read.
    """
    path = weights_by_name.path_of(name)
    if path.suffix != ".h5":
        return read(path)
    with _one_line(name):  # Keras alone knows the order of the arrays in its older files
        return _arrays(APPLICATIONS[NAMED[name].model]()(weights=str(path)))


def of_applications(model: str) -> dict[str, np.ndarray]:
    """Return Keras's ImageNet weights of a model, which Keras downloads and caches in its own folder.

    Args:
        model: The name of the model, a key of `APPLICATIONS`.

    Raises:
        ValueError: Keras has no weights for it, or they cannot be downloaded.
    """
    if model not in APPLICATIONS:
        raise ValueError(f"keras.applications has weights of {', '.join(APPLICATIONS)}. Received: model={model!r}")
    with _one_line("keras.applications"):
        return _arrays(APPLICATIONS[model]()(weights="imagenet"))


APPLICATIONS: dict[str, Callable[[], Any]] = {
    "vgg16": lambda: keras.applications.VGG16,
    "vgg19": lambda: keras.applications.VGG19,
    "resnet50": lambda: keras.applications.ResNet50,
    "resnet101": lambda: keras.applications.ResNet101,
    "resnet152": lambda: keras.applications.ResNet152,
}


@contextmanager
def _one_line(path: Path | str) -> Iterator[None]:
    """Turn whatever a damaged file raises into a ValueError of one line."""
    try:
        yield
    except Exception as error:  # a damaged file raises anything
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"`start.path` cannot be read ({reason}). Received: start.path={str(path)!r}") from error


def _npz(path: Path) -> dict[str, np.ndarray]:
    return archives.read_npz(path)


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    import ml_dtypes
    from safetensors.numpy import load_file

    bfloat16 = np.dtype(ml_dtypes.bfloat16)  # which NumPy lacks; a float32 holds each of its values
    arrays = load_file(path)
    return {name: array.astype(np.float32) if array.dtype == bfloat16 else array for name, array in arrays.items()}


def _keras(path: Path) -> dict[str, np.ndarray]:
    with keras_archive.opened(path) as archive:
        shapes = keras_archive.check(archive)
    return _arrays(keras_archive.load(path, shapes))


_READERS: dict[str, Callable[[Path], dict[str, np.ndarray]]] = {
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".keras": _keras,
    ".pt": torch_files.read,
    ".pth": torch_files.read,
}


def _arrays(model: keras.Model) -> dict[str, np.ndarray]:
    return {f"{layer.name}/{weight.name}": np.array(weight) for layer in model.layers for weight in layer.weights}
