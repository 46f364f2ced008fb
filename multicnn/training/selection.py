"""Which weights of a run are saved: those of its best epoch, or where stages follow one another the latest as good as the best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

Row = Mapping[str, float]  # of history.csv

_ROUNDING = 1e-9


class BestEpoch:
    """Prefer the epoch with the best monitored metric of the validation set, and among equals that with the lowest loss.

    Args:
        monitor: The metric, as a recipe's `monitor`.
        direction: "max" or "min".
    """

    from_start = False  # the weights that training starts with are no candidate

    def __init__(self, monitor: str, direction: str):
        self._monitor, self._sign = monitor, 1.0 if direction == "max" else -1.0

    @property
    def state(self) -> list[np.ndarray]:
        """The part of its state that a checkpoint must hold."""
        return []

    @state.setter
    def state(self, arrays: Sequence[np.ndarray]) -> None:
        pass

    def prefers(self, row: Row, saved: Row | None) -> bool:
        """Return True if the weights that were just validated are to be saved.

        Args:
            row: Their metrics, `val_` before each name.
            saved: Those of the weights that are saved so far, or None.
        """
        return saved is None or self._score(row) > self._score(saved)

    def _score(self, row: Row) -> tuple[float, float]:
        """Return a score that is higher for a better row."""
        loss = -row["val_loss"]
        return (loss, 0.0) if self._monitor == "loss" else (self._sign * row[f"val_{self._monitor}"], loss)


class LatestWithinError(BestEpoch):
    """Prefer the latest weights that are not worse than the best by more than one standard error of the paired difference.

    The one-standard-error rule (Breiman et al. 1984, section 3.4.3), with the last stage in the place of the simplest model: on
    few validation examples the plan decides, and they can only veto it. The weights that training starts with take part.

    Args:
        monitor: As `BestEpoch`.
        direction: As `BestEpoch`.
        values: Returns a number for each validation example, higher where the weights that were just validated are better.
    """

    from_start = True

    def __init__(self, monitor: str, direction: str, values: Callable[[], np.ndarray]):
        super().__init__(monitor, direction)
        self._values = values
        self._best: np.ndarray | None = None  # the values of the best weights

    @property
    def state(self) -> list[np.ndarray]:
        """The values of the best weights so far."""
        return [] if self._best is None else [self._best]

    @state.setter
    def state(self, arrays: Sequence[np.ndarray]) -> None:
        self._best = arrays[0] if len(arrays) else None

    def prefers(self, row: Row, saved: Row | None) -> bool:
        """Return True if the weights that were just validated are to be saved."""
        now = self._values()
        if self._best is None or now.mean() >= self._best.mean():
            self._best = now
            return True
        worse = self._best - now
        if len(now) < 2:
            return True
        error = worse.std(ddof=1) / np.sqrt(len(now))  # of one more mistake, it is that mistake exactly
        return bool(worse.mean() <= error * (1 + _ROUNDING))
