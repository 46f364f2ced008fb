"""The common part of tasks with a class for each position of the input: pixels of an image, steps in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from multicnn.tasks.base import LossSettings
from multicnn.tasks.pixel_counts import PixelCounts, of_records, record
from multicnn.tasks.plain import PlainTargets

if TYPE_CHECKING:
    from multicnn.layers.types import Tensor
    from multicnn.modalities.transform import Transform

OUTSIDE, IGNORED = (
    -1,
    -2,
)  # stored targets of positions that no loss and no metric counts: behind the original's end, left out
MISTAKES = 25  # examples in a table of the worst


class PositionTask(PlainTargets):
    """A task with a class for each position: its loss, and its counts.

    Attributes:
        labels: The names of the classes.
    """

    name: ClassVar[str]
    default_loss: ClassVar[str] = "cross_entropy"
    mixes: ClassVar[bool] = False
    placed: ClassVar[bool] = True
    blends: ClassVar[bool] = False
    target_dtype: ClassVar[str] = "int16"

    @property
    def classes(self) -> tuple[str, ...]:
        """None: positions are not balanced between splits."""
        return ()

    def strata(self, cell: str) -> tuple[str, ...]:
        """Return nothing: positions are not balanced."""
        return ()

    def renamed(self, cell: str, names: Mapping[str, str]) -> str:
        """Return the cell as it is."""
        return cell

    def targets(self, cells: Sequence[str]) -> np.ndarray:
        """Raise TypeError: the targets of positions are stored."""
        raise TypeError(f"the targets of {self.name} depend on their originals: they are made by `target`")

    def moved(self, targets: Tensor, transform: Transform) -> Tensor:
        """Return the classes of the positions, moved as these are: nearest neighbour, `OUTSIDE` for what comes in."""
        return transform.labels(targets, OUTSIDE)

    def check_loss(self, settings: LossSettings) -> None:
        """Raise ValueError for a loss that positions do not have, and for label smoothing."""
        from multicnn.tasks import pixel_losses

        if settings.loss not in pixel_losses.NAMES:
            known = list(pixel_losses.NAMES)
            raise ValueError(f"`loss` must be one of {known} for {self.name}. Received: loss={settings.loss!r}")
        if settings.label_smoothing:
            received = settings.label_smoothing
            raise ValueError(f"`label_smoothing` must be 0 for {self.name}. Received: label_smoothing={received}")

    def losses(self, logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
        """Return the loss of each example: the mean over its positions, or 1 - Dice, or both in sum."""
        from multicnn.tasks import pixel_losses

        return pixel_losses.losses(logits, targets, str(settings.loss), settings.class_weights)

    def score(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the share of the right positions of each example."""
        from keras import ops

        counted = ops.cast(targets >= 0, "float32")
        right = ops.cast(ops.cast(ops.argmax(logits, axis=-1), "int32") == targets, "float32") * counted
        axes = tuple(range(1, len(targets.shape)))
        return ops.sum(right, axis=axes) / ops.maximum(ops.sum(counted, axis=axes), 1.0)

    def records(self, logits: Sequence[np.ndarray] | np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return the counts of the positions of each example; logits may end where its original does."""
        return np.stack(
            [
                record(own, truth[tuple(slice(0, side) for side in own.shape[:-1])])
                for own, truth in zip(logits, targets, strict=True)
            ]
        )

    def plain_losses(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return the mean loss of a position of each record, in nats."""
        return logits[:, -1] / np.maximum(logits[:, :-1].sum(axis=1), 1.0)

    def counts(self, logits: np.ndarray, targets: np.ndarray) -> PixelCounts:
        """Return the sum of some records."""
        return of_records(logits, len(self.labels))

    def confusion(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray | None:
        """Return positions by true and predicted class."""
        return self.counts(logits, targets).matrix.astype(np.int64)

    def baseline(
        self, train: Any, train_targets: np.ndarray, test: Any, test_targets: np.ndarray
    ) -> tuple[dict[str, float], str] | None:
        """Return None: the baseline of positions is `placed_baseline`."""
        return None

    def linear_head(self, features: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Raise ValueError: one linear model of an example has no positions."""
        raise ValueError(f"the task {self.name} has no linear head. Received: task={self.name!r}")
