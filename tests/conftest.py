"""Shared fixtures: small folders of images, and the real data sets where they are available."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from PIL import Image

import multicnn  # noqa: F401 - before TensorFlow, whose settings it makes


@pytest.fixture(scope="session")
def bright_and_dark(tmp_path_factory) -> Callable[[int], Path]:
    """Return a function that writes a folder of noisy bright and dark images, `count` of each."""

    def make(count: int) -> Path:
        root, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
        for label, level in (("bright", 150), ("dark", 100)):
            (root / label).mkdir()
            for i in range(count):
                pixels = rng.normal(level, 60, (8, 8)).clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(root / label / f"{i}.png")
        return root

    return make


@pytest.fixture(scope="session")
def pictures(bright_and_dark) -> Path:
    """Return a folder of twenty bright and twenty dark images and a bad file; do not write to it."""
    root = bright_and_dark(20)
    (root / "dark" / "bad.png").write_bytes(b"bad")
    return root


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data sets: named by MULTICNN_DATA, else ../shared/data beside the checkout."""
    folder = Path(os.environ.get("MULTICNN_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set MULTICNN_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def shared_weights(shared_data: Path) -> Path:
    """Return the folder of real pretrained weights, beside that of the real data sets."""
    folder = shared_data.parent / "weights"
    if not folder.is_dir():
        pytest.skip(f"no pretrained weights at {folder}")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _networks_alone() -> Iterator[None]:
    """Save the network of every run, without the choice that a run ends with: most tests are about the network."""
    from multicnn.training import ensemble, measuring, saved

    def alone(network, logits_of, *_):
        return saved.Saved(network, logits_of, logits_of)

    with pytest.MonkeyPatch.context() as patch:
        for module in (measuring, ensemble):
            patch.setattr(module, "chosen", alone)
        yield


@pytest.fixture(scope="module")
def choosing() -> Iterator[None]:
    """Let runs save the network, the linear baseline or their blend, as they do outside these tests."""
    from multicnn.training import ensemble, measuring, saved

    with pytest.MonkeyPatch.context() as patch:
        for module in (measuring, ensemble):
            patch.setattr(module, "chosen", saved.chosen)
        yield
