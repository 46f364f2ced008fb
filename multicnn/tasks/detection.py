"""Detection: the objects in an image, each with its class and the box around it; of one object an image, localisation."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

import numpy as np

from multicnn.tasks.answers import Answer, Box
from multicnn.tasks.base import LossSettings
from multicnn.tasks.boxes import cells, decode, grid
from multicnn.tasks.boxes.measuring import BoxMetrics
from multicnn.tasks.boxes.records import split_records
from multicnn.tasks.registry import register

if TYPE_CHECKING:
    from multicnn.layers.types import Tensor
    from multicnn.modalities.transform import Transform

_T = TypeVar("_T", bound="Detection")
_LEAST = 0.25  # share of a box that must stay in the image where it is moved
_LOSSES = ("focal_iou", "quality_iou")


@register
@dataclasses.dataclass(frozen=True)
class Detection(BoxMetrics):
    """Objects in images: a class and a box for each.

    Attributes:
        labels: The classes, sorted alphanumerically; none until the task is fitted.
        single: Every image has one object, so that an answer is the best-scored box; None until the task is fitted.
        most: The most objects of an image; 0 until the task is fitted.
        threshold: The least score of a box that an answer shows.
        size: Height and width of the network's input in pixels; () until the network is known.
        strides: The strides of the network's output; () until the network is known.
    """

    name: ClassVar[str] = "detection"
    metric: ClassVar[str] = "overlap"
    monitors: ClassVar[dict[str, Literal["max", "min"]]] = {
        "map50": "max",
        "map": "max",
        "map75": "max",
        "overlap": "max",
        "loss": "min",
    }
    default_loss: ClassVar[str] = "focal_iou"
    mixes: ClassVar[bool] = False
    reads: ClassVar[str] = "boxes"
    placed: ClassVar[bool] = True
    blends: ClassVar[bool] = False
    averages: ClassVar[bool] = False
    target_dtype: ClassVar[str] = "float32"

    labels: tuple[str, ...] = ()
    single: bool | None = None
    most: int = 0
    threshold: float = 0.3
    size: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("labels", "size", "strides"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not 0 < self.threshold < 1:
            raise ValueError(f"`threshold` must be between 0 and 1. Received: threshold={self.threshold!r}")

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, which are counted and balanced."""
        return self.labels

    def default_model(self, modality: str) -> tuple[str, dict[str, object]]:
        """Return FCOS, which finds objects in images."""
        if modality != "image":
            raise ValueError(f"`task` detection must have images. Received: modality={modality!r}")
        return "fcos", {}

    def suggestion(self, modality: str, count: int) -> dict[str, object]:
        """Return many passes over few images, with small movements: a mirror image may be another object."""
        size = 8 if count < 1000 else 16
        epochs = min(max(math.ceil(1600 / math.ceil(max(count, 1) / size)), 10), 60)
        return {
            "epochs": epochs,
            "batch_size": size,
            "optimizer.learning_rate": 2e-3,
            "augment.scale": 0.1,
            "augment.mirror": False,
            "preprocess.size": None,
        }

    # Cells ------------------------------------------------------------------------------------------------------------

    def read(self, cell: str) -> str:
        """Return the boxes of a cell in their canonical form; an image without objects is a good one."""
        return cells.cell_of(cells.boxes_of(cell))

    def strata(self, cell: str) -> tuple[str, ...]:
        """Return the classes of the objects, each once."""
        return tuple(sorted({box.label for box in cells.boxes_of(cell)}))

    def renamed(self, cell: str, names: Mapping[str, str]) -> str:
        """Return the cell with the other names of its classes."""
        return cells.cell_of(box._replace(label=names.get(box.label, box.label)) for box in cells.boxes_of(cell))

    def fitted(self: _T, cells: Sequence[str]) -> _T:
        """Return the task with the classes of the cells, and the most objects that an image may have: twice those of these.

        Raises:
            ValueError: There is no object.
        """
        if self.labels:
            return self
        labels = tuple(sorted({label for cell in cells for label in self.strata(cell)}))
        if not labels:
            raise ValueError("an object (none)")
        counts = [len(_boxes(cell)) for cell in cells]
        single = all(count == 1 for count in counts) if self.single is None else self.single
        return dataclasses.replace(self, labels=labels, single=single, most=self.most or max(16, 2 * max(counts)))

    def check(self, cell: str, owner: str) -> None:
        """Raise ValueError where an object is of none of the classes, or there are too many."""
        for label in self.strata(cell):
            if label not in self.labels:
                raise ValueError(f"label {label!r} is not one of the {owner} labels")
        if (count := len(_boxes(cell))) > self.most:
            raise ValueError(f"{count} objects, more than the {self.most} of task.most")

    def for_network(self: _T, input_shape: tuple[int, ...], output_shape: tuple[int | None, ...]) -> _T:
        """Return the task that knows where in the input each position of the network's output is.

        Raises:
            ValueError: The network's output is none of this task.
        """
        if len(output_shape) != 2 or output_shape[1] != len(self.labels) + 4 or not isinstance(output_shape[0], int):
            raise ValueError(
                f"`model.name` must give (positions, {len(self.labels)} classes + 4), as `fcos` does. "
                f"Received: an output of shape {output_shape}"
            )
        size = (int(input_shape[0]), int(input_shape[1]))
        return dataclasses.replace(self, size=size, strides=grid.strides_of(size, output_shape[0]))

    def targets(self, cells: Sequence[str]) -> np.ndarray:
        """Raise ValueError: the targets of boxes are stored."""
        raise ValueError(f"the targets of detection are stored beside the examples. Received: {len(cells)} cells")

    def target_shape(self, stored_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (most, 6): a row for each object, as `cells.targets_of` makes them."""
        return (self.most, cells.COLUMNS)

    def target(self, cell: str, geometry: np.ndarray, stored_shape: tuple[int, ...]) -> np.ndarray:
        """Return the classes and the boxes of a cell, float32 (most, 6), as fractions of the image."""
        self.check(cell, "training")
        height, width = geometry[:2]
        index = {label: i for i, label in enumerate(self.labels)}
        rows = cells.targets_of(_boxes(cell), index, (float(height), float(width)))
        return cells.padded([rows], self.most)[0]

    def moved(self, targets: Tensor, transform: Transform) -> Tensor:
        """Return the targets moved as the images, cut to them, and without the objects of which less than a quarter is left."""
        from multicnn.tasks.boxes.moving import moved

        return moved(targets, transform.boxes(targets[..., 1:5]), _LEAST)

    # Learning ---------------------------------------------------------------------------------------------------------

    def output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (positions, classes + 4), where positions are None until the network is known."""
        if not self.strides or self.size != tuple(input_shape[:2]):
            return (None, len(self.labels) + 4)
        return (len(self._grid), len(self.labels) + 4)

    def check_loss(self, settings: LossSettings) -> None:
        """Raise ValueError if the loss is none of boxes, or labels are smoothed."""
        self._loss(settings)
        if settings.label_smoothing:
            raise ValueError(
                f"`label_smoothing` must be 0 for detection. Received: label_smoothing={settings.label_smoothing!r}"
            )

    def _loss(self, settings: LossSettings) -> functools.partial[Tensor]:
        """Return the loss that a recipe names: "focal_iou", or "quality_iou" with the IoU as the target of a class."""
        from multicnn.tasks.boxes.losses import detection_losses
        from multicnn.utils.constrained import FromZero
        from multicnn.utils.validation import typed

        name, parameters = (settings.loss, {}) if isinstance(settings.loss, str) else settings.loss
        if name not in _LOSSES:
            raise ValueError(f"`loss` must be one of {list(_LOSSES)} for detection. Received: loss={name!r}")
        known = [each for each in inspect.signature(detection_losses).parameters if each in _PARAMETERS]
        for parameter, value in parameters.items():
            if parameter not in known:
                raise ValueError(f"the loss {name!r} takes {known}. Received: {parameter}={value!r}")
            typed(f"loss.{parameter}", FromZero, value)
        return functools.partial(detection_losses, quality=name == "quality_iou", **parameters)

    def class_weights(self, targets: np.ndarray) -> np.ndarray:
        """Return float32 (classes,), inverse to the number of objects of each class."""
        objects = targets[..., 0][(targets[..., 0] >= 0) & (targets[..., 5] == 0)].astype(np.int64)
        counts = np.maximum(np.bincount(objects, minlength=len(self.labels)), 1)
        return (counts.sum() / (len(counts) * counts)).astype(np.float32)

    def losses(self, logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
        """Return the focal loss of the classes and the IoU loss of the boxes of each image."""
        return self._loss(settings)(logits, targets, self._known, class_weights=settings.class_weights)

    def score(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the IoU of each image's best-scored box with the object that it covers best."""
        from multicnn.tasks.boxes.losses import best_overlap

        return best_overlap(logits, targets, self._known)

    # Predicting -------------------------------------------------------------------------------------------------------

    def outputs(self, logits: np.ndarray) -> np.ndarray:
        """Return probabilities and boxes as fractions of the image, float64 (n, positions, classes + 4)."""
        return decode.outputs_of(logits, *self._known)

    def merge(self, outputs: np.ndarray) -> np.ndarray:
        """Return the output of the one window of an image.

        Raises:
            ValueError: There are several: boxes of different networks, or of different windows, have no mean.
        """
        if len(outputs) != 1:
            raise ValueError(f"the boxes of several networks or windows cannot be averaged. Received: {len(outputs)}")
        return outputs[0]

    def answer(self, output: np.ndarray) -> Answer:
        """Return the boxes of an output as fractions of the image."""
        return self.answer_at(output, np.ones(2))

    def answer_at(self, output: np.ndarray, geometry: np.ndarray) -> Answer:
        """Return the boxes of at least the `threshold`, or the best-scored one where images have a `single` object, in pixels."""
        return self._answer(decode.detections_in(output, 0.0 if self.single else self.threshold), geometry)

    def _answer(self, detections: decode.Detections, geometry: np.ndarray) -> Answer:
        """Return detections in pixels of an image of a geometry, only the best where images have a `single` object."""
        shown = detections.taken(np.arange(len(detections.scores))[: 1 if self.single else None])
        height, width = float(geometry[0]), float(geometry[1])
        boxes = tuple(
            Box(self.labels[label], float(score), *(float(v) for v in sides * [width, height, width, height]))
            for sides, score, label in zip(*shown)
        )
        labels = tuple(sorted({box.label for box in boxes}))
        counted = ", ".join(f"{sum(box.label == label for box in boxes)} {label}" for label in labels)
        best = {label: max(box.score for box in boxes if box.label == label) for label in labels}
        return Answer(boxes[0].label if self.single and boxes else counted or "no object", labels, best, boxes=boxes)

    def shown_record(self, record: np.ndarray, geometry: np.ndarray) -> tuple[Answer, Answer]:
        """Return the boxes that were found in an image, and its objects."""
        (boxes,), (objects,), _ = split_records(record[None])
        shown = boxes[(boxes[:, 5] >= 0) & (self.single or boxes[:, 4] >= self.threshold)].astype(np.float64)
        found = decode.Detections(shown[:, :4], shown[:, 4], shown[:, 5].astype(np.int64))
        return self._answer(found, geometry), self.shown_target(objects, geometry)

    def shown_target(self, target: np.ndarray, geometry: np.ndarray) -> Answer:
        """Return the objects of an image, each as sure as can be."""
        real = target[target[:, 0] >= 0].astype(np.float64)
        objects = decode.Detections(real[:, 1:5], np.ones(len(real)), real[:, 0].astype(np.int64))
        return dataclasses.replace(self, single=False)._answer(objects, geometry)

    @property
    def _known(self) -> grid.Layout:
        """The size of the input and the strides of the output."""
        if len(self.size) != 2 or not self.strides:
            raise ValueError(f"the network must be known first: call for_network. Received: size={self.size}")
        return (self.size[0], self.size[1]), self.strides

    @property
    def _grid(self) -> np.ndarray:
        return grid.grid_of(*self._known)


_PARAMETERS = ("gamma", "alpha", "box_weight")


def _boxes(cell: str) -> list[cells.TrueBox]:
    return cells.boxes_of(cell)
