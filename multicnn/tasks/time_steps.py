"""Time steps: a class for each frame of a clip or each token of a text, read from segments in seconds or characters."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from multicnn.tasks import step_baselines
from multicnn.tasks.answers import Answer, Segment
from multicnn.tasks.intervals import Metrics
from multicnn.tasks.pixel_counts import PixelCounts
from multicnn.tasks.plain import Batches
from multicnn.tasks.positions import MISTAKES, OUTSIDE, PositionTask
from multicnn.tasks.registry import register

if TYPE_CHECKING:
    import pandas as pd


@register
@dataclasses.dataclass(frozen=True)
class TimeSteps(PositionTask):
    """One class for each step in time; those of no segment are of the background.

    Attributes:
        labels: The background, and the labels of the segments, sorted alphanumerically; none until the task is fitted.
        background: The name of what no segment covers.
    """

    name: ClassVar[str] = "time_steps"
    metric: ClassVar[str] = "step_accuracy"
    monitors: ClassVar[dict[str, Literal["max", "min"]]] = {"step_accuracy": "max", "mean_f1": "max", "loss": "min"}
    reads: ClassVar[str] = "segments"

    labels: tuple[str, ...] = ()
    background: str = "none"

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))

    def read(self, cell: str) -> str:
        """Return segments in their order, as JSON [[start, stop, label], ...]; an empty list is an example without any."""
        try:
            segments = [(float(start), float(stop), str(label)) for start, stop, label in json.loads(cell)]
        except (ValueError, TypeError):
            problem = "no segments" if not cell.strip() else "segments must be [[start, stop, label], ...] in JSON"
            raise ValueError(problem) from None
        segments.sort()
        for start, stop, label in segments:
            if not (0 <= start < stop < float("inf")) or not label.strip() or label == self.background:
                raise ValueError(f"segment {[start, stop, label]} is none: 0 <= start < stop, and a label")
        for (_, stop, _), (start, _, _) in itertools.pairwise(segments):
            if start < stop:
                raise ValueError(f"segments overlap at {start:g}")
        return json.dumps(segments, ensure_ascii=False)

    def renamed(self, cell: str, names: Mapping[str, str]) -> str:
        """Return the cell with the other names of its labels."""
        return json.dumps([[*span, names.get(label, label)] for *span, label in json.loads(cell)], ensure_ascii=False)

    def fitted(self, cells: Sequence[str]) -> TimeSteps:
        """Return the task with the labels of the segments.

        Raises:
            ValueError: There is no segment.
        """
        if self.labels:
            return self
        labels = sorted({label for cell in cells for *_, label in json.loads(cell)})
        if not labels:
            raise ValueError("a segment (none)")
        return dataclasses.replace(self, labels=(self.background, *labels))

    def check(self, cell: str, owner: str) -> None:
        """Raise ValueError where a segment has a label that is none of the task's."""
        for *_, label in json.loads(cell):
            if label not in self.labels:
                raise ValueError(f"label {label!r} is not one of the {owner} labels")

    def target_shape(self, stored_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (steps,)."""
        return stored_shape[:1]

    def target(self, cell: str, geometry: np.ndarray, stored_shape: tuple[int, ...]) -> np.ndarray:
        """Return the class of each step: that of the segment in which its middle is, `OUTSIDE` behind the original's end.

        Args:
            cell: Canonical segments.
            geometry: Start and stop of each step in the original, (steps or more, 2).
            stored_shape: (steps, ...).

        Raises:
            ValueError: It is not known where the steps are.
        """
        steps = stored_shape[0]
        if geometry.ndim != 2 or len(geometry) % steps:
            raise ValueError("it is not known where its time steps are in the original")
        spans = geometry[:steps]
        middle = spans.mean(axis=1)
        target = np.full(steps, OUTSIDE, np.int16)
        target[spans[:, 1] > spans[:, 0]] = 0
        for start, stop, label in json.loads(cell):
            target[(target != OUTSIDE) & (middle >= start) & (middle < stop)] = self.labels.index(label)
        return target

    def output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (steps, classes)."""
        return (input_shape[0], len(self.labels))

    def default_model(self, modality: str) -> tuple[str, dict[str, object]] | None:
        """Return a U-Net of one dimension: blocks have no rank."""
        return "unet", {"width": 32, "depth": 3, "dropout": 0.2}

    def class_weights(self, targets: np.ndarray) -> np.ndarray:
        """Return float32 (classes,), inverse to the frequency of each class among the steps."""
        counts = np.maximum(np.bincount(targets[targets >= 0].ravel(), minlength=len(self.labels)), 1.0)
        return (counts.sum() / (len(counts) * counts)).astype(np.float32)

    def summary(self, counts: PixelCounts) -> dict[str, float]:
        """Return the share of right steps, F1 of each class and their mean, and the loss: from one matrix over all steps."""
        steps, f1 = max(counts.pixels, 1.0), counts.dice()
        known = ~np.isnan(f1)
        return {
            "step_accuracy": float(np.trace(counts.matrix)) / steps,
            "mean_f1": float(f1[known].mean()) if known.any() else 0.0,
            **{f"f1 of {label}": float(value) for label, value in zip(self.labels, f1) if not np.isnan(value)},
            "loss": counts.loss / steps,
            "n": counts.n,
        }

    def outputs(self, logits: np.ndarray) -> np.ndarray:
        """Return the softmax of each step."""
        powers = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    def merge(self, outputs: np.ndarray) -> np.ndarray:
        """Return the steps of all windows behind one another; `answer_at` leaves out those that windows share."""
        return np.concatenate(list(outputs))

    def answer(self, output: np.ndarray) -> Answer:
        """Return the segments in steps."""
        edges = np.arange(len(output) + 1.0)
        return self.answer_at(output, np.stack([edges[:-1], edges[1:]], axis=1))

    def answer_at(self, output: np.ndarray, geometry: np.ndarray) -> Answer:
        """Return the segments in seconds or characters, and the share of the original that each class has."""
        if geometry.ndim != 2:
            return self.answer(output)
        kept, spans = _covering(geometry)
        shares = output[kept]
        best = shares.argmax(axis=1)
        found = [
            Segment(
                float(spans[first, 0]),
                float(spans[last, 1]),
                self.labels[kind],
                float(shares[first : last + 1, kind].mean()),
            )
            for kind, first, last in _runs(best)
            if kind
        ]
        lengths = (
            np.bincount(best, spans[:, 1] - spans[:, 0], len(self.labels)) if len(best) else np.zeros(len(self.labels))
        )
        values = dict(zip(self.labels, (lengths / max(lengths.sum(), 1e-12)).tolist()))
        words = ", ".join(f"{each.label} {each.start:.6g}-{each.stop:.6g}" for each in found)
        return Answer(words or self.background, values=values, segments=tuple(found))

    def tables(self, logits: np.ndarray, targets: np.ndarray) -> dict[str, pd.DataFrame]:
        """Return `per_class`: F1 and IoU of the steps, and their number."""
        import pandas as pd

        counts = self.counts(logits, targets)
        columns = {"f1": counts.dice(), "iou": counts.iou(), "steps": counts.matrix.sum(axis=1).astype(np.int64)}
        return {"per_class": pd.DataFrame(columns, index=pd.Index(self.labels, name="label"))}

    def mistakes(self, logits: np.ndarray, targets: np.ndarray, ids: Sequence[str]) -> pd.DataFrame:
        """Return the examples with the smallest share of right steps, smallest first."""
        import pandas as pd

        matrices = logits[:, :-1].reshape(len(logits), len(self.labels), -1)
        right = np.trace(matrices, axis1=1, axis2=2) / np.maximum(matrices.sum(axis=(1, 2)), 1)
        rows = np.argsort(right, kind="stable")[:MISTAKES]
        columns = {"id": [str(ids[row]) for row in rows], "step_accuracy": right[rows]}
        return pd.DataFrame(columns | {"loss": self.plain_losses(logits, targets)[rows], "row": rows})

    def headline(self, test: Metrics, linear: Metrics | None) -> str:
        """Return the share of right steps and the mean F1 on the test set, with the baseline's."""
        own = f"Test step accuracy {test['step_accuracy']:.3f}, mean F1 {test['mean_f1']:.3f} on {test['n']:,} examples"
        if not linear:
            return f"{own}."
        return f"{own}; baseline ({linear['model']}): {linear['step_accuracy']:.3f}, {linear['mean_f1']:.3f}."

    def placed_baseline(self, train: Batches, test: Batches) -> tuple[dict[str, float], str] | None:
        """Return the metrics of a threshold of the energy of each frame, or of the commonest class of each token, and its name."""
        model, name = step_baselines.fit(train, len(self.labels))
        total = PixelCounts(np.zeros((len(self.labels),) * 2), 0.0, 0)
        for inputs, targets in test():
            total = total + self.counts(self.records(model(inputs), targets), targets)
        measured = self.summary(total)
        del measured["loss"]  # it has no probabilities
        return measured, name


def _covering(spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of the steps that go over the original once, int64 (kept,), and their spans, (kept, 2), side by side.

    A step that is empty, or the middle of which an earlier one covers, is left out.
    """
    kept, covering, covered = [], [], -np.inf
    for i, (start, stop) in enumerate(spans.tolist()):
        if stop > start and (start + stop) / 2 >= covered:
            kept.append(i)
            covering.append((max(start, covered), stop))
            covered = stop
    return np.array(kept, np.int64), np.array(covering, np.float64).reshape(-1, 2)


def _runs(classes: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Yield class, first and last step of each run of equal classes."""
    edges = [0, *(np.flatnonzero(np.diff(classes)) + 1).tolist(), len(classes)]
    for first, after in itertools.pairwise(edges):
        if after > first:
            yield int(classes[first]), first, after - 1
