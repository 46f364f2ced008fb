"""Resolve NumPy archives: arrays of images, waveforms or texts with their labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from multicnn.data.manifest import Manifest
from multicnn.data.sources.examples import Examples, inputs_of, manifest_of
from multicnn.data.sources.given_labels import fractions_in, labels_of
from multicnn.data.sources.split_names import split_named
from multicnn.utils import archives


def resolve_arrays(path: Path, modality: str | None, rate: int | None = None) -> Manifest:
    """Resolve an .npz file with `x_train`, `y_train` and perhaps `x_val`, `y_val`, `x_test`, `y_test`, or `x`, `y`.

    The elements of x are uint8 images (height, width) or (height, width, channels), waveforms (samples,) (with their
    rate in Hz as `sample_rate`), or texts; those of y are integers or strings.

    Raises:
        ValueError: An array is missing, has another length than its labels, or is none of these.
    """
    archive = _open(path)
    subsets = examples_of_archive(archive, f"Received: path={str(path)!r}")
    try:
        return manifest_of(subsets, modality, rate)
    except ValueError as error:
        raise ValueError(f"{error} in {path.name}") from None


def examples_of_archive(archive: Mapping[str, np.ndarray], received: str) -> list[Examples]:
    """Return the examples of arrays that are called x, y, x_train ... and perhaps sample_rate.

    Args:
        archive: The arrays by name.
        received: The end of an error message.

    Raises:
        ValueError: An array is missing or has another length than its labels.
    """
    suffixes = [name[1:] for name in archive if name == "x" or name.startswith("x_")]
    known = ", ".join(archive) or "nothing"
    if not suffixes:
        raise ValueError(f"path must hold x_train and y_train, or x and y. {received} ({known})")
    rate = archive.get("sample_rate")
    subsets = []
    for suffix in suffixes:
        split = split_named(suffix[1:])
        if split is None:
            raise ValueError(f"path must hold x_train, x_val, x_test or x. {received} (x{suffix})")
        if f"y{suffix}" not in archive:
            raise ValueError(f"path must hold y{suffix} beside x{suffix}. {received} ({known})")
        x, given = inputs_of(archive[f"x{suffix}"], f"x{suffix}")
        given_y, name = archive[f"y{suffix}"], f"y{suffix}"
        y, remarks = labels_of(given_y, len(x), name), fractions_in(given_y, name)
        subsets.append(Examples(f"x{suffix}", x, y, split, rate=given if rate is None else int(rate), remarks=remarks))
    return subsets


def _open(path: Path) -> dict[str, np.ndarray]:
    try:
        return archives.read_npz(path)
    except (ValueError, OSError) as error:
        raise ValueError(
            f"path must be an .npz archive of plain arrays ({error}). Received: path={str(path)!r}"
        ) from None
