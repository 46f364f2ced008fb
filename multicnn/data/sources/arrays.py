"""Resolve NumPy archives: arrays of images, waveforms or texts with their labels."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.sources.columns import mark_surrogates
from multicnn.data.sources.split_names import split_named
from multicnn.modalities import lookup
from multicnn.modalities.content import modality_of_array


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
    try:
        modality = modality or modality_of_array(x)
        preprocess = lookup(modality)
        examples = preprocess.from_archive(x)
    except ValueError as error:
        raise ValueError(f"{error} in {path.name}") from None
    reasons = [""] * len(x)
    if isinstance(examples, list):
        reasons = ["" if text.strip() else "empty text" for text in examples]
        mark_surrogates(examples, reasons)
    mark_surrogates(labels, reasons)
    rate = archive.get("sample_rate") if preprocess.sampled else None
    return Manifest.of(
        modality,
        ids=ids,
        sources=examples if isinstance(examples, list) else range(len(x)),
        labels=labels,
        splits=splits,
        hashes=[content_hash(example) for example in examples],
        reasons=reasons,
        arrays=None if isinstance(examples, list) else examples,
        sample_rate=None if rate is None else int(rate),
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
