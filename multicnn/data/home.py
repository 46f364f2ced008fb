"""Where files are looked for."""

from __future__ import annotations

import os
from pathlib import Path


def at_home(path: str) -> str:
    """The path; or, where nothing is there, the path inside the folder that MULTICNN_DATA names, if something is there."""
    home = os.environ.get("MULTICNN_DATA")
    if home and not Path(path).exists() and (Path(home) / path).exists():
        return str(Path(home) / path)
    return path
