"""Small data sets on disk, and data sources that point at them."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from PIL import Image

from multicnn.recipe import DataSource


@pytest.fixture
def source():
    """Makes a data source: `source(path, pattern=...)`."""

    def make(path, test=None, **fields):
        return DataSource(path=str(path), test=None if test is None else str(test), **fields)

    return make


@pytest.fixture
def picture():
    """Writes a small PNG, a different one for each seed."""

    def write(path, seed=None, size=(6, 5)):
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = zlib.crc32(path.parent.as_posix().encode()) if seed is None else seed
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)).save(path, "PNG")
        return path

    return write


@pytest.fixture
def photos(tmp_path, picture):
    """A folder of two classes of six pictures each."""
    root = tmp_path / "photos"
    for label in ("cat", "dog"):
        for i in range(6):
            picture(root / label / f"{i}.png", seed=i + 100 * (label == "dog"))
    return root
