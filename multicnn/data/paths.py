"""Locate data files."""

from __future__ import annotations

import os


def locate(path: str) -> str:
    """Return the path if it exists or MULTICNN_DATA has nothing of that name, else the path inside that folder."""
    folder = os.environ.get("MULTICNN_DATA")
    if folder and path and not os.path.exists(path) and os.path.exists(inside := os.path.join(folder, path)):
        return inside
    return path
