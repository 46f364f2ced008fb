"""What tests share: quiet TensorFlow, and the real data where it is."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets: named by MULTICNN_DATA, else ../shared/data beside the checkout."""
    folder = Path(os.environ.get("MULTICNN_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set MULTICNN_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def shared_weights(shared_data: Path) -> Path:
    """The folder of real pretrained weights, beside that of the real data sets."""
    folder = shared_data.parent / "weights"
    if not folder.is_dir():
        pytest.skip(f"no pretrained weights at {folder}")
    return folder
