"""Where a run stands, as plain data."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class Progress:
    """Where a run stands, as plain data: all of its state that no variable holds."""

    epoch: int = 0  # from 0, the one to resume with
    step: int = 0  # of the epoch, the next one
    totals: list[float] = dataclasses.field(default_factory=lambda: [0.0] * 3)  # of the epoch: loss, score, examples
    seconds: float = 0.0  # spent in the epoch
    waited: float = 0.0  # of those, for data
    history: list[dict[str, float]] = dataclasses.field(default_factory=list)
    best_epoch: int | None = None  # -1: the weights that training starts with
    stopped: bool = False  # by a callback
    start: dict[str, float] | None = None  # the metrics of the weights that training starts with, if they may be saved

    @property
    def saved(self) -> dict[str, float] | None:
        """The metrics of the weights that are saved so far."""
        if self.best_epoch is None or self.best_epoch < 0:
            return self.start
        return self.history[self.best_epoch]

    def means(self, metric: str) -> dict[str, float]:
        """Return the mean loss and the mean score, under the name of its metric, over the steps of this epoch."""
        loss, score, n = self.totals
        return {"loss": loss / n, metric: score / n}
