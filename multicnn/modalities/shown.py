"""An example, or what is inside a network, as a page shows it."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np


class Shown(NamedTuple):
    """An example as a page shows it.

    Attributes:
        kind: The way it is shown: as an "image", a "figure" that is never scaled, an "audio" player, a "text" or a "plot" of
            curves.
        content: uint8 pixels (height, width[, 1 or 3]) of an image or a figure; float samples (samples,) in
            [-1, 1]; a string; or float values (steps, curves).
        sample_rate: Sampling rate of "audio" in Hz.
    """

    kind: Literal["image", "figure", "audio", "text", "plot"]
    content: np.ndarray | str
    sample_rate: int | None = None
