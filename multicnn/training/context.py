"""The context of a run: its folder, its reporter, and the processes that take part in it."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from multicnn.backends.processes import Workers
from multicnn.utils.reporter import Reporter


@dataclasses.dataclass(frozen=True)
class RunContext:
    """The surroundings of a run, which change none of its numbers.

    Attributes:
        folder: The run folder; None where nothing is written.
        reporter: Receives messages and progress.
        workers: The processes that train together.
        started: `time.perf_counter()` when the run started.
        temporary: The folder is deleted after the run: no report is written into it, which takes longer than the training of
            a small network, nor the linear baseline computed for it, and no message names its files.
    """

    folder: Path | None = None
    reporter: Reporter = dataclasses.field(default_factory=Reporter)
    workers: Workers = dataclasses.field(default_factory=Workers)
    started: float = dataclasses.field(default_factory=time.perf_counter)
    temporary: bool = False

    def inside(self, name: str) -> RunContext:
        """Return the context of a run that starts now in a folder inside this one."""
        return dataclasses.replace(self, folder=self.run_folder / name, started=time.perf_counter())

    @property
    def run_folder(self) -> Path:
        """The run folder, where there must be one."""
        if self.folder is None:
            raise ValueError("a run that is trained needs a folder. Received: folder=None")
        return self.folder

    @property
    def lasting_folder(self) -> Path | None:
        """The run folder, where it is there after the run."""
        return None if self.temporary else self.folder

    def log(self, line: str) -> None:
        """Report a line about the run."""
        self.reporter.log(line)

    def warn(self, line: str) -> None:
        """Report a line about the run that needs the user's attention."""
        self.reporter.warn(line)
