"""A map over a text: a number for each token."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from multicnn.modalities.base import Shown
from multicnn.modalities.maps import Mapped


class TextMaps(Mapped, Protocol):
    """The members of `TextPreprocess` by which a decision is explained as a map over the network's input."""

    order: str

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Shape of the ids."""

    def input_tokens(self, raw: str) -> list[str]:
        """The words or characters of a text in the order of the network's input, all of them."""

    @property
    def map_shape(self) -> tuple[int, ...]:
        """Shape of a map: (length,)."""
        return self.stored_shape[:1]

    def real_cells(self, raw: str) -> np.ndarray:
        """Return where a text has tokens: bool, (length,)."""
        return np.arange(self.map_shape[0]) < len(self.input_tokens(raw))

    def in_reading_order(self, raw: str, cells: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
        """Return the tokens of a text and a map of them alone, both as they stand in the text, not as the network reads them."""
        tokens = self.input_tokens(raw)[: self.map_shape[0]]
        step = -1 if self.order == "backward" else 1
        return tuple(tokens[::step]), cells[: len(tokens)][::step]

    def mapped(self, raw: str, cells: np.ndarray) -> list[Shown]:
        """Return the text itself; its tokens are shown in color by the page."""
        return [Shown("text", raw)]

    def peak(self, raw: str, cells: np.ndarray) -> dict[str, float]:
        """Return the token at which a map is largest, counted from 0 in the network's order."""
        return {"token": float(np.argmax(cells))}
