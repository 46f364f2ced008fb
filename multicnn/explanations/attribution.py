"""The explanation of one decision as a map over its input, as a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# What Adebayo et al. 2018 ("Sanity checks for saliency maps") found of these two, and `benchmarks/attribution.py` again.
INSENSITIVE = ("guided-backprop", "guided-grad-cam")
WARNING = "This method shows the edges of the input nearly alike for a network of random weights (Adebayo et al. 2018)."


@dataclass(frozen=True, eq=False)
class Attribution:
    """The explanation of a predictor's decision on one input.

    Attributes:
        input: The path or the text, or the position of an array.
        labels: The name of each logit.
        label: The one that is explained.
        predicted: The one that is largest.
        probability: The probability of `label`, over all windows.
        logit: The explained logit; of a long input that of the deciding window.
        method: The method.
        cells: float32 map over the network's input: (height, width), (time, bands), (samples,) or (tokens,). Of the methods
            with a sign, below zero speaks against the class.
        peak: Where the map is largest, in units of the original by name.
        shares: What each member of a blend or an ensemble adds to the logit, by its name.
        layers: The layers that Grad-CAM was made of.
        start: Where the explained window begins, in seconds or tokens; 0 of an input that has one window.
        window: The same in words; "" of an input that has one window.
        tokens: The tokens of a text, one for each cell.
        raw: The decoded input, or its window that is explained.
        truth: The label that the data has for it, if any.
    """

    input: str
    labels: tuple[str, ...]
    label: str
    predicted: str
    probability: float
    logit: float
    method: str
    cells: np.ndarray
    peak: dict[str, float]
    shares: dict[str, float]
    layers: tuple[str, ...]
    start: float
    window: str
    tokens: tuple[str, ...]
    raw: np.ndarray | str
    truth: str | None = None

    @property
    def warning(self) -> str:
        """The reason to distrust the method; "" for none."""
        return WARNING if self.method in INSENSITIVE else ""

    @property
    def strengths(self) -> np.ndarray:
        """The map over its largest value, in [-1, 1]."""
        return self.cells / (float(np.abs(self.cells).max(initial=0)) or 1.0)

    def to_dict(self) -> dict[str, object]:
        """Return plain data that goes through JSON unchanged."""
        names = ("input", "label", "predicted", "truth", "probability", "logit", "method", "warning", "peak", "shares")
        plain = {name: getattr(self, name) for name in names}
        plain |= {"layers": list(self.layers), "start": self.start, "map": _rounded(self.cells).tolist()}
        if self.tokens:
            plain["tokens"] = [[token, float(score)] for token, score in zip(self.tokens, self.cells)]
        return plain


def _rounded(cells: np.ndarray) -> np.ndarray:
    """Return a map with five digits of its largest value."""
    largest = float(np.abs(cells).max(initial=0))
    digits = 5 - int(np.ceil(np.log10(largest))) if largest > 0 else 0
    return np.round(cells.astype(np.float64), digits)
