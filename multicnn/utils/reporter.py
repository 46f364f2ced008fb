"""Messages and progress of a run.

Messages go to the logger "multicnn", so a program that uses this package sees warnings only, unless it configures logging.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

LOGGER = logging.getLogger("multicnn")


class Reporter:
    """Logs messages and ignores progress; the command line has a reporter that draws it."""

    def log(self, line: str, level: int = logging.INFO) -> None:
        """Log a line about the run."""
        LOGGER.log(level, line)

    def warn(self, line: str) -> None:
        """Log a line about the run that needs the user's attention."""
        self.log(line, logging.WARNING)

    def reading(self, done: int, total: int) -> None:
        """Report that so many of the examples have been read."""

    def callbacks(self) -> Sequence[keras.callbacks.Callback]:
        """Return Keras callbacks for the training loop."""
        return ()


class SilentReporter(Reporter):
    """Reports nothing: for the processes of a run that train beside the first one."""

    def log(self, line: str, level: int = logging.INFO) -> None:
        """Ignore a line about the run."""
