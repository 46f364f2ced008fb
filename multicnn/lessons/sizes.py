"""How much a lesson computes: all of it, or little where MULTICNN_LESSON is "quick"."""

from __future__ import annotations

import os


def sized(full: int, quick: int) -> int:
    """Return the size of a lesson that trains: `full`, or `quick` where MULTICNN_LESSON is "quick".

    Raises:
        ValueError: MULTICNN_LESSON is neither "quick", "full" nor empty.
    """
    asked = os.environ.get("MULTICNN_LESSON", "")
    if asked not in ("", "full", "quick"):
        raise ValueError(f"`MULTICNN_LESSON` must be quick or full. Received: MULTICNN_LESSON={asked!r}")
    return quick if asked == "quick" else full
