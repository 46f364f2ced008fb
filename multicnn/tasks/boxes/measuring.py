"""The metrics of detection: what is recorded of each image, and what is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from multicnn.tasks.base import LossSettings
from multicnn.tasks.boxes import precision
from multicnn.tasks.boxes.baseline import mean_boxes
from multicnn.tasks.boxes.records import empty_records, records_of, split_records
from multicnn.tasks.intervals import percent
from multicnn.tasks.plain import Batches, PlainTargets

if TYPE_CHECKING:
    import pandas as pd

    from multicnn.layers.types import Tensor


class BoxMetrics(PlainTargets):
    """The part of `Detection` that measures: records of images, average precision, tables, the baseline."""

    default_loss: ClassVar[str]

    labels: tuple[str, ...]
    single: bool | None
    threshold: float

    def losses(self, logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
        """Return the loss of each image."""
        raise NotImplementedError

    def outputs(self, logits: np.ndarray) -> np.ndarray:
        """Return probabilities and boxes."""
        raise NotImplementedError

    def records(self, logits: Sequence[np.ndarray] | np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return the boxes that are found in each image, its objects and its loss: float32 (n, 100 + most + 1, 6)."""
        from keras import ops

        logits = np.asarray(logits)
        if not len(logits):
            return empty_records(targets.shape[1])
        losses = self.losses(
            ops.convert_to_tensor(logits), ops.convert_to_tensor(targets), LossSettings(self.default_loss)
        )
        return records_of(self.outputs(logits), targets, ops.convert_to_numpy(losses))

    def plain_losses(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return the loss of each image of records, float64 (n,)."""
        return logits[:, -1, 0].astype(np.float64)

    def counts(self, logits: np.ndarray, targets: np.ndarray) -> precision.BoxCounts:
        """Return the counts of records."""
        return precision.of_records(logits, len(self.labels))

    def summary(self, counts: precision.BoxCounts) -> dict[str, float]:
        """Return COCO's mean average precision at an IoU of .5, of .75 and over .5 to .95, and how well the best box fits.

        `overlap` is the mean IoU of an image's best-scored box with the object that it covers best, `located` the share of
        the images with objects where that is above one half.
        """
        table = counts.average_precisions()[counts.objects > 0]
        mean = table.mean(axis=0) if len(table) else np.zeros(len(precision.THRESHOLDS))
        n = max(counts.n, 1)
        return {
            "map50": float(mean[0]),
            "map75": float(mean[5]),
            "map": float(mean.mean()),
            "overlap": counts.overlap / n,
            "located": counts.located / max(counts.with_objects, 1),
            "loss": counts.loss / n,
            "n": counts.n,
        }

    def tables(self, logits: np.ndarray, targets: np.ndarray) -> dict[str, pd.DataFrame]:
        """Return `per_class`: average precision and the number of objects of each class."""
        import pandas as pd

        counts = self.counts(logits, targets)
        table = counts.average_precisions()
        columns = {"ap50": table[:, 0], "ap75": table[:, 5], "ap": table.mean(axis=1), "objects": counts.objects}
        return {"per_class": pd.DataFrame(columns, index=pd.Index(list(self.labels), name="label"))}

    def confusion(self, logits: np.ndarray, targets: np.ndarray) -> None:
        """Return None: an image has no one class."""
        return None

    def mistakes(self, logits: np.ndarray, targets: np.ndarray, ids: Sequence[str]) -> pd.DataFrame:
        """Return the images with the largest loss."""
        import pandas as pd

        losses = self.plain_losses(logits, targets)
        rows = np.argsort(-losses, kind="stable")[:25]
        boxes, objects, _ = split_records(logits)
        columns = {
            "id": [str(ids[row]) for row in rows],
            "loss": losses[rows],
            "objects": (objects[rows, :, 0] >= 0).sum(axis=1),
            "found": ((boxes[rows, :, 5] >= 0) & (boxes[rows, :, 4] >= self.threshold)).sum(axis=1),
        }
        return pd.DataFrame(columns | {"row": rows})

    def headline(self, test: Mapping[str, float], linear: Mapping[str, float] | None) -> str:
        """Return the mean average precision on the test set in a sentence."""
        lead = (
            f"Test mAP50: {test['map50']:.3f} on {test['n']:,} images (mAP75 {test['map75']:.3f}, "
            f"mAP over IoU .5 to .95 {test['map']:.3f})."
        )
        if self.single:
            lead = (
                f"The best box has an IoU above .5 with the object in {percent(test['located'], int(test['n']))} of the test "
                f"images (mean IoU {test['overlap']:.3f}, mAP50 {test['map50']:.3f})."
            )
        if linear:
            lead += (
                f" The mean box of each class: mAP50 {linear['map50']:.3f}, located {100 * linear['located']:.1f} %."
            )
        return lead

    def baseline(
        self, train: object, train_targets: np.ndarray, test: object, test_targets: np.ndarray
    ) -> tuple[dict[str, float], str] | None:
        """Return None: no linear model gives boxes."""
        return None

    def placed_baseline(self, train: Batches, test: Batches) -> tuple[dict[str, float], str]:
        """Return the metrics of answering every image with the mean box of each class, as sure as it is frequent."""
        boxes = mean_boxes((targets for _, targets in train()), len(self.labels))
        counts = [precision.count(boxes, image, len(self.labels)) for _, targets in test() for image in targets]
        measured = self.summary(precision.sum_of(counts, len(self.labels)))
        return {name: value for name, value in measured.items() if name != "loss"}, "the mean box of each class"

    def linear_head(self, features: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Raise ValueError: one regression gives no boxes."""
        raise ValueError(f"a linear head needs examples of one label each. Received: labels={self.labels}")
