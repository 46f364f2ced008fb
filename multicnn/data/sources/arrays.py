"""Resolve NumPy archives: arrays of images, waveforms or texts with their labels."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.sources.naming import split_named
from multicnn.data.sources.reading import mark_surrogates


def resolve_arrays(path: Path, modality: str | None) -> Manifest:
    """Resolve an .npz file with `x_train`, `y_train` and perhaps `x_val`, `y_val`, `x_test`, `y_test`, or `x`, `y`.

    The elements of x are uint8 images (height, width) or (height, width, channels), waveforms (samples,) (with their
    rate in Hz as `sample_rate`), or texts; those of y are integers or strings.

    Raises:
        ValueError: An array is missing, has another length than its labels, or is none of these.
    """
    archive = _open(path)
    suffixes = [name[1:] for name in archive if name == "x" or name.startswith("x_")]
    if not suffixes:
        known = ", ".join(archive) or "nothing"
        raise ValueError(f"path must hold x_train and y_train, or x and y. Received: path={str(path)!r} ({known})")
    xs, ids, labels, splits = [], [], [], []
    for suffix in suffixes:
        x, y, split = _arrays_of(path, archive, suffix)
        xs.append(x)
        ids += [f"x{suffix}[{i}]" for i in range(len(x))]
        labels += [str(label) for label in y.tolist()]
        splits += [split] * len(x)
    x = xs[0] if len(xs) == 1 else np.concatenate(xs)
    modality = modality or _modality(path, x)
    examples: list[str] | np.ndarray
    if modality == "text":
        examples = [str(text) for text in x.tolist()]
        reasons = ["" if text.strip() else "empty text" for text in examples]
        mark_surrogates(examples, reasons)
    else:
        examples, reasons = _examples(path, x, modality), [""] * len(x)
    mark_surrogates(labels, reasons)
    rate = archive.get("sample_rate")
    return Manifest.of(
        modality,
        ids=ids,
        sources=examples if isinstance(examples, list) else range(len(x)),
        labels=labels,
        splits=splits,
        hashes=[content_hash(example) for example in examples],
        reasons=reasons,
        arrays=None if isinstance(examples, list) else examples,
        sample_rate=int(rate) if rate is not None and modality == "audio" else None,
    )


def _open(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"path must be an .npz archive of plain arrays ({error}). Received: path={str(path)!r}"
        ) from None


def _arrays_of(path: Path, archive: dict[str, np.ndarray], suffix: str) -> tuple[np.ndarray, np.ndarray, str]:
    split = split_named(suffix[1:])
    if split is None:
        raise ValueError(f"path must hold x_train, x_val, x_test or x. Received: path={str(path)!r} (x{suffix})")
    if f"y{suffix}" not in archive:
        raise ValueError(
            f"path must hold y{suffix} beside x{suffix}. Received: path={str(path)!r} ({', '.join(archive)})"
        )
    x, y = archive[f"x{suffix}"], archive[f"y{suffix}"]
    if y.ndim == 2 and y.shape[1] == 1:  # as keras.datasets.cifar10 has them
        y = y[:, 0]
    if y.ndim != 1 or len(x) != len(y):
        shapes = f"x{suffix} {x.shape}, y{suffix} {y.shape}"
        raise ValueError(f"path must hold one label per example. Received: path={str(path)!r} ({shapes})")
    return x, y, split


def _modality(path: Path, x: np.ndarray) -> str:
    if x.dtype.kind == "U" and x.ndim == 1:
        return "text"
    if x.ndim == 3 or (x.ndim == 4 and x.shape[-1] in (1, 3, 4)):
        return "image"
    if x.ndim == 2 and x.dtype.kind in "fi":
        return "audio"
    expected = "images (n, height, width[, channels]), waveforms (n, samples) or texts (n,)"
    raise ValueError(f"x must be {expected}. Received: shape={x.shape}, dtype={x.dtype} in {path.name}")


def _examples(path: Path, x: np.ndarray, modality: str) -> np.ndarray:
    if x.dtype.kind not in "fiu":
        raise ValueError(f"x must be numbers. Received: dtype={x.dtype} in {path.name}")
    if modality == "audio":
        # Integers are PCM: full scale is 1.0, as when the same samples are read from a file.
        scale = 1.0 if x.dtype.kind == "f" else float(np.iinfo(x.dtype).max) + 1
        return (x / scale).astype(np.float32)
    if x.dtype == np.uint8:
        return x
    low, high = float(x.min()), float(x.max())
    if x.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.rint(x * 255).astype(np.uint8)
    if low >= 0 and high <= 255 and (x.dtype.kind != "f" or (x == np.rint(x)).all()):
        return x.astype(np.uint8)
    expected = "whole numbers from 0 to 255, or floats from 0 to 1"
    raise ValueError(f"x of images must be {expected}. Received: {low:g} to {high:g} in {path.name}")
