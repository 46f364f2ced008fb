"""The members of a preprocess that a task with targets somewhere in the input needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np

from multicnn.modalities.marks import Source


class Located(Protocol):
    """The members of a preprocess that say where in the original something is."""

    @property
    def any_size(self) -> bool:
        """True where stored examples have the size of their originals, and a network takes them in any."""
        return False

    def decode(self, source: Source) -> Source:
        """Return the raw example of a source."""

    def geometry(self, raw: Source) -> np.ndarray:
        """Return what maps the original to the network's input and back, float64; by default nothing.

        Of an image (height, width) in pixels, of a clip (samples, sample rate in Hz), of a text a row (start, stop) in characters
        for each token.
        """
        return np.zeros(0)

    def geometry_of(self, source: Source) -> np.ndarray:
        """Return the `geometry` of a source, as `decode` takes it.

        Raises:
            ValueError: The source cannot be read.
        """
        return self.geometry(self.decode(source))

    def for_targets(self, kind: str) -> Self:
        """Return the preprocess for targets of a kind (`Task.reads`), as an image stays at its own size for a "mask"."""
        return self

    def for_geometries(self, geometries: Sequence[np.ndarray]) -> Self:
        """Return the preprocess whose stored examples hold originals of these geometries: by default the same."""
        return self
