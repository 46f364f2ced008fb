"""Segmentation: a class for each pixel, read from a mask as large as the image."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from multicnn.tasks import masks, patches
from multicnn.tasks.answers import Answer
from multicnn.tasks.pixel_counts import PixelCounts, of_records
from multicnn.tasks.plain import Batches
from multicnn.tasks.positions import IGNORED, MISTAKES, OUTSIDE, PositionTask
from multicnn.tasks.registry import register
from multicnn.utils import regular_files

if TYPE_CHECKING:
    import pandas as pd


@register
@dataclasses.dataclass(frozen=True)
class Segmentation(PositionTask):
    """One class for each pixel.

    Attributes:
        labels: The names of the classes; where none are given, the values of the masks.
        values: The value in the masks of each class; none until the task is fitted. Of colours 65536 R + 256 G + B.
        colours: The colours of the classes, as "#rrggbb", in the place of `values`.
        ignore: The value of pixels that are not counted; -1 for none. None is none, where the masks leave no doubt.
        pixels: The number of training pixels of each class.
    """

    name: ClassVar[str] = "segmentation"
    metric: ClassVar[str] = "pixel_accuracy"
    monitors: ClassVar[dict[str, Literal["max", "min"]]] = {
        "mean_iou": "max",
        "mean_dice": "max",
        "pixel_accuracy": "max",
        "loss": "min",
    }
    reads: ClassVar[str] = "mask"

    labels: tuple[str, ...] = ()
    values: tuple[int, ...] = ()
    colours: tuple[str, ...] = ()
    ignore: int | None = None
    pixels: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("labels", "values", "colours", "pixels"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.colours and not self.values:
            try:
                object.__setattr__(self, "values", tuple(int(each.removeprefix("#"), 16) for each in self.colours))
            except ValueError:
                raise ValueError(f"`colours` must be such as '#ff8000'. Received: colours={self.colours}") from None
        if self.labels and self.values and len(self.labels) != len(self.values):
            raise ValueError(
                f"`labels` must be as many as the values of the masks. Received: labels={self.labels}, values={self.values}"
            )

    def read(self, cell: str) -> str:
        """Return the path of a mask."""
        if not cell.strip():
            raise ValueError("no mask")
        if not os.path.isfile(cell):
            raise ValueError("missing mask")
        return cell

    def content(self, cell: str) -> bytes:
        """Return the bytes of a mask."""
        try:
            return regular_files.read_bytes(cell)
        except OSError as error:
            raise ValueError(f"mask cannot be read: {error.strerror or error}") from None

    def fitted(self, cells: Sequence[str]) -> Segmentation:
        """Return the task with the values of the training masks and how many pixels have each.

        Raises:
            ValueError: There is one value only, more than `masks.MOST_VALUES`, or 255 that may mean that a pixel is not counted.
        """
        if self.pixels:
            return self
        counts = masks.counted(cells)
        counts.pop(self.ignore if self.ignore is not None else OUTSIDE, None)
        values = self.values or tuple(sorted(counts))
        if not 2 <= len(values) <= masks.MOST_VALUES:
            shown = ", ".join(map(str, values[:3]))
            raise ValueError(f"masks of 2 to {masks.MOST_VALUES} values ({len(values)}: {shown or 'none'})")
        if self.ignore is None and not self.values and len(values) > 2 and values[-1] == 255:
            remedy = '--set \'task={"name": "segmentation", "ignore": 255}\' does not count it, with -1 it is a class'
            raise ValueError(
                f"masks whose value 255 has a meaning: {remedy} (values {', '.join(map(str, values[:4]))} ...)"
            )
        labels = self.labels or self.colours or tuple(masks.name_of(each, values[-1] > 65535) for each in values)
        return dataclasses.replace(self, labels=labels, values=values, pixels=tuple(counts[each] for each in values))

    def check(self, cell: str, owner: str) -> None:
        """Accept every mask: what its pixels are is found when the targets are made."""

    def output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (positions..., classes)."""
        return (*input_shape[:-1], len(self.labels))

    def default_model(self, modality: str) -> tuple[str, dict[str, object]] | None:
        """Return a narrow U-Net: the 31 million parameters of the paper's are too many for two cores."""
        return "unet", {"width": 16, "dropout": 0.2}

    def suggestion(self, modality: str, count: int) -> dict[str, object]:
        """Return a short training of small batches at a rate that falls, with the movements that keep masks true."""
        epochs = min(max(round(1600 / max(count, 1)), 25), 80)
        return {
            "epochs": epochs,
            "batch_size": 4,
            "optimizer.schedule": "cosine",
            "augment.mirror": True,
            "augment.rotation": 20.0,
            "augment.shift": 0,
            "preprocess.size": None,
        }

    def class_weights(self, targets: np.ndarray) -> np.ndarray:
        """Return weights inverse to the number of training pixels of each class, of mean 1 over these pixels."""
        counts = np.maximum(np.array(self.pixels, np.float64), 1.0)
        return (counts.sum() / (len(counts) * counts)).astype(np.float32)

    def target_shape(self, stored_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (height, width)."""
        return stored_shape[:-1]

    def target(self, cell: str, geometry: np.ndarray, stored_shape: tuple[int, ...]) -> np.ndarray:
        """Return the class of each position, `OUTSIDE` where the image ends before and `IGNORED` where none is counted."""
        values = masks.read_file(cell)
        size = tuple(int(side) for side in geometry)
        if values.shape != size:
            mask, image = (f"{width} x {height}" for height, width in (values.shape, size))
            turned = (
                ", which fits the image as it is stored, before its EXIF turn" if values.shape == size[::-1] else ""
            )
            raise ValueError(f"mask of {mask} pixels for an image of {image}{turned}")
        known = np.array(self.values)
        order = np.argsort(known)
        index = order[np.minimum(np.searchsorted(known, values, sorter=order), len(known) - 1)].astype(np.int16)
        ignored = values == self.ignore if self.ignore is not None else np.zeros(values.shape, bool)
        strange = (known[index] != values) & ~ignored
        if strange.any():
            raise ValueError(
                f"mask has the unknown value {masks.name_of(int(values[strange][0]), known.max() > 65535)}"
            )
        target = np.full(self.target_shape(stored_shape), OUTSIDE, np.int16)
        target[: size[0], : size[1]] = np.where(ignored, IGNORED, index)
        return target

    def sizes(self, targets: np.ndarray) -> list[tuple[int, ...]]:
        """Return the size of the original of each of some stored targets."""
        inside = targets != OUTSIDE
        return [(int(each.any(1).sum()), int(each.any(0).sum())) for each in inside]

    def summary(self, counts: PixelCounts) -> dict[str, float]:
        """Return pixel accuracy, loss, IoU and Dice, from one confusion matrix over all pixels."""
        return counts.summary(self.labels)

    def outputs(self, logits: np.ndarray) -> np.ndarray:
        """Return probabilities, float32 as they are many."""
        powers = np.exp(logits - logits.max(-1, keepdims=True))
        return powers / powers.sum(-1, keepdims=True)

    def merge(self, outputs: np.ndarray) -> np.ndarray:
        """Return the probabilities of the only window, or the mean of several."""
        return outputs[0] if len(outputs) == 1 else np.mean(outputs, axis=0)

    def answer(self, output: np.ndarray) -> Answer:
        """Return the mask, and the share of each class in words and numbers."""
        index = output.argmax(-1)
        shares = np.bincount(index.ravel(), minlength=len(self.labels)) / max(index.size, 1)
        named = dict(zip(self.labels, shares.tolist()))
        words = ", ".join(f"{label} {100 * share:.1f} %" for label, share in named.items() if share)
        return Answer(words, values=named, mask=np.array(self.values)[index], maps=output)

    def tables(self, logits: np.ndarray, targets: np.ndarray) -> dict[str, pd.DataFrame]:
        """Return `per_class`: IoU, Dice, and the pixels of each class."""
        import pandas as pd

        counts = self.counts(logits, targets)
        columns = {"iou": counts.iou(), "dice": counts.dice(), "pixels": counts.matrix.sum(1).astype(np.int64)}
        return {"per_class": pd.DataFrame(columns, index=pd.Index(self.labels, name="class"))}

    def mistakes(self, logits: np.ndarray, targets: np.ndarray, ids: Sequence[str]) -> pd.DataFrame:
        """Return the examples with the lowest mean IoU, lowest first."""
        import pandas as pd

        each = [of_records(logits[i : i + 1], len(self.labels)).summary(self.labels) for i in range(len(logits))]
        iou = np.array([one["mean_iou"] for one in each])
        rows = np.argsort(iou, kind="stable")[:MISTAKES]
        accuracy = np.array([one["pixel_accuracy"] for one in each])
        columns = {"id": np.array(ids)[rows], "mean_iou": iou[rows], "pixel_accuracy": accuracy[rows], "row": rows}
        return pd.DataFrame(columns)

    def headline(self, test: dict[str, Any], linear: dict[str, Any] | None) -> str:
        """Return mean IoU and pixel accuracy on the test set, with the linear baseline's."""
        own = (
            f"Test mean IoU {test['mean_iou']:.3f}, pixel accuracy {test['pixel_accuracy']:.3f} on {test['n']:,} images"
        )
        if not linear:
            return f"{own}."
        return f"{own}; linear baseline ({linear['model']}): {linear['mean_iou']:.3f}, {linear['pixel_accuracy']:.3f}."

    def placed_baseline(self, train: Batches, test: Batches) -> tuple[dict[str, float], str] | None:
        """Return the metrics of a linear model of the pixels around each pixel."""
        try:
            kernel, bias, known = patches.fit(train)
        except ValueError:
            return None
        total = PixelCounts(np.zeros((len(self.labels),) * 2), 0.0, 0)
        for inputs, targets in test():
            logits = np.full((*targets.shape, len(self.labels)), -1e3, np.float32)
            logits[..., known] = patches.logits(inputs, kernel, bias)
            total = total + self.counts(self.records(logits, targets), targets)
        side = patches.SIDE
        return self.summary(total), f"pixels in {side}x{side}, logistic regression"
