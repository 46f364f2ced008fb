"""The rows of history.csv and health.csv, one or several for each epoch."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import keras


class Table:
    """A CSV file that grows by rows, and whose rows can be restored from a checkpoint.

    Args:
        path: The file.
    """

    def __init__(self, path: Path):
        self.path = path
        self.rows: list[dict[str, Any]] = []

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Write rows at the end; the first make the file anew.

        Raises:
            OSError: The file cannot be written.
        """
        self._write(rows, new=not self.rows)
        self.rows += rows

    def restore(self, rows: list[dict[str, Any]]) -> None:
        """Write the file anew with these rows: later ones, or half of one, may stand in it."""
        self.rows = list(rows)
        if rows:
            self._write(rows, new=True)

    def _write(self, rows: list[dict[str, Any]], new: bool) -> None:
        try:
            with open(self.path, "w" if new else "a", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                if new:
                    writer.writeheader()
                writer.writerows(rows)
        except OSError as error:
            raise OSError(f"{self.path} cannot be written: {error.strerror}") from error


class HistoryLog(keras.callbacks.Callback):
    """Write the metrics of each epoch to history.csv.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path):
        super().__init__()
        self._table = Table(folder / "history.csv")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the row of an epoch."""
        self._table.add([dict(logs or {})])

    def state_dict(self) -> dict[str, Any]:
        """Return the rows so far."""
        return {"rows": self._table.rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Write the file anew with the rows of a checkpoint."""
        self._table.restore(state["rows"])
