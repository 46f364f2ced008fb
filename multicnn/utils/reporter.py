"""What a run tells while it works."""

from __future__ import annotations

from collections.abc import Sequence

import keras


class Reporter:
    """Told what happens; this one says nothing. The command line has one that draws."""

    def log(self, line: str) -> None:
        """A line about the run."""

    def reading(self, done: int, total: int) -> None:
        """So many of the examples have been read."""

    def callbacks(self) -> Sequence[keras.callbacks.Callback]:
        """Keras callbacks for the training loop."""
        return ()
