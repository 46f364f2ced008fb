"""Where files are looked for."""

from __future__ import annotations

import os


def at_home(path: str) -> str:
    """The path; or, where nothing is there, the path inside the folder that MULTICNN_DATA names, if something is there."""
    home = os.environ.get("MULTICNN_DATA")
    if home and not os.path.exists(path) and os.path.exists(inside := os.path.join(home, path)):
        return inside
    return path
