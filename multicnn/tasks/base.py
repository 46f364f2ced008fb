"""The Task protocol: what a network predicts, how it learns it, and how the answers are measured and shown.

A task is a frozen dataclass of plain data. It stands by name in the recipe, in the head of a manifest and in the artefact
(`registry`). Everything above this room asks the task and never how many labels an example has. A task of one answer per
position (a mask) or of boxes is *placed*: its targets depend on the geometry of the original, are stored beside the examples, and
move with them. What only such a task needs, every other one inherits from `plain.PlainTargets`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar

import numpy as np

from multicnn.tasks.answers import Answer
from multicnn.tasks.plain import Batches

if TYPE_CHECKING:
    import pandas as pd

    from multicnn.layers.types import Tensor
    from multicnn.modalities.transform import Transform

Named = str | tuple[str, dict[str, Any]]  # a name, or (name, parameters)


@dataclasses.dataclass(frozen=True, eq=False)
class LossSettings:
    """The recipe's settings of a loss.

    Attributes:
        loss: A name that the task knows, perhaps with parameters, such as ("focal", {"gamma": 1}).
        label_smoothing: Share of each target that is spread evenly.
        class_weights: float32 (classes,), the weights that `Task.class_weights` gives; None weighs nothing.
    """

    loss: Named
    label_smoothing: float = 0.0
    class_weights: np.ndarray | None = None


_T = TypeVar("_T", bound="Task")


class Task(Protocol):
    """The protocol of what a network predicts.

    Attributes:
        name: The name under which the task is registered.
        metric: The main metric: the mean of `score` over the examples of an epoch, and a number of `summary`.
        monitors: The numbers of `summary` that can decide which weights are saved, each with its direction; the first is the
            default.
        default_loss: The loss where the recipe names none.
        mixes: True where two targets can be mixed in shares, as mixup and cutmix do with classes.
        reads: The kind of cell that it reads: "label", "mask", "boxes" or "segments".
        placed: True where targets are somewhere in the input, as in `plain.PlainTargets`.
        blends: True where the linear baseline, or a blend with it, may be what a run saves.
        averages: True where the logits of several networks may be averaged, as an ensemble does.
        target_dtype: Dtype of `target`.
    """

    name: ClassVar[str]
    metric: ClassVar[str]
    monitors: ClassVar[dict[str, Literal["max", "min"]]]
    default_loss: ClassVar[str]
    mixes: ClassVar[bool]
    reads: ClassVar[str]
    placed: ClassVar[bool]
    blends: ClassVar[bool]
    averages: ClassVar[bool]
    target_dtype: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]  # a task is a dataclass

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each unit of the logits' last axis."""

    @property
    def recorded(self) -> bool:
        """True where an evaluation keeps `records` in place of the logits, as `plain.PlainTargets` says."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, which are counted and balanced and each need a training example; () for a task without classes."""

    def read(self, cell: str) -> str:
        """Return a source's target in its canonical form; ValueError makes the row a bad one, with the message as reason."""

    def strata(self, cell: str) -> tuple[str, ...]:
        """Return the classes of a canonical cell, which splits balance; none where there is nothing to balance."""

    def renamed(self, cell: str, names: Mapping[str, str]) -> str:
        """Return a canonical cell with some of its classes called otherwise; only asked of a task whose `strata` has any."""

    def fitted(self: _T, cells: Sequence[str]) -> _T:
        """Return the task with what the training rows decide, such as its classes; one that is fitted already as it is.

        Raises:
            ValueError: The rows cannot be learned from; the message ends in what was found, in brackets.
        """

    def check(self, cell: str, owner: str) -> None:
        """Raise ValueError where a cell has a target that is none of this fitted task's; `owner` says whose those are."""

    def targets(self, cells: Sequence[str]) -> np.ndarray:
        """Return the targets, int32 or float32 (n, ...), of canonical cells; ValueError where `check` would raise."""

    def output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the logits that a network must have on inputs of this shape, both without the batch."""

    def check_loss(self, settings: LossSettings) -> None:
        """Raise ValueError if the loss, a parameter of it, or another setting is not for this task."""

    def class_weights(self, targets: np.ndarray) -> np.ndarray:
        """Return float32 (classes,), weights that let each class of the training targets count the same."""

    def losses(self, logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
        """Return the loss of each example, float32 (batch,), of a backend's tensors."""

    def score(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the `metric` of each example, bool or float32 (batch,), of a backend's tensors."""

    def plain_losses(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return float64 (n,), the loss of each example by which runs compare, whatever loss they were trained with."""

    def counts(self, logits: np.ndarray, targets: np.ndarray) -> Any:
        """Return what `summary` needs of some examples, as a value that adds up by `+`."""

    def summary(self, counts: Any) -> dict[str, float]:
        """Return the metrics of all examples that were counted: `metric`, `loss`, further ones, and `n`."""

    def outputs(self, logits: np.ndarray) -> np.ndarray:
        """Return the float64 outputs of logits: probabilities, or values in the unit of the data."""

    def merge(self, outputs: np.ndarray) -> np.ndarray:
        """Return the output of one input from those of its windows, (windows, ...) to (...)."""

    def answer(self, output: np.ndarray) -> Answer:
        """Return the prediction that one output is."""

    def tables(self, logits: np.ndarray, targets: np.ndarray) -> dict[str, pd.DataFrame]:
        """Return the tables of an evaluation by the name of their file."""

    def confusion(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray | None:
        """Return counts (true class, predicted class), or None for a task without one class an example."""

    def mistakes(self, logits: np.ndarray, targets: np.ndarray, ids: Sequence[str]) -> pd.DataFrame:
        """Return the worst answers, worst first: `id`, columns to show, and `row`, the position in `logits`."""

    def headline(self, test: dict[str, Any], linear: dict[str, Any] | None) -> str:
        """Return the result on the test set in a sentence or two, with the linear baseline beside it."""

    def baseline(
        self, train: Any, train_targets: np.ndarray, test: Any, test_targets: np.ndarray
    ) -> tuple[dict[str, float], str] | None:
        """Train a linear model on features and return its metrics on others, and its name; None for a task that has none.

        Args:
            train: The training features, float (n, features), dense or scipy.sparse.
            train_targets: Their targets, as `targets` gives them.
            test: The features of the examples to score, as `train`.
            test_targets: Their targets, as `targets` gives them.

        Raises:
            ValueError: There is nothing to learn.
        """

    def linear_head(self, features: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel (features, units) and bias (units,) of a linear model of the logits; ValueError if there is none."""

    # Of `plain.PlainTargets`, where they are described and have a default.

    @property
    def units(self) -> int:
        """The number of outputs that a model is asked for."""

    def default_model(self, modality: str) -> tuple[str, dict[str, object]] | None:
        """Return the name and the arguments of the model where a recipe names none; None leaves it to the modality."""

    def suggestion(self, modality: str, count: int) -> dict[str, object]:
        """Return settings of a recipe that suit so many training examples, in place of those of the modality."""

    def for_network(self: _T, input_shape: tuple[int, ...], output_shape: tuple[int | None, ...]) -> _T:
        """Return the task that knows the shapes of the network's input and output, without the batch."""

    def content(self, cell: str) -> bytes:
        """Return what decides the target of a canonical cell beside the cell, such as the file of a mask."""

    def target_shape(self, stored_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the stored target of an example that is stored in this shape."""

    def target(self, cell: str, geometry: np.ndarray, stored_shape: tuple[int, ...]) -> np.ndarray:
        """Return the stored target of a canonical cell: shape `target_shape`, dtype `target_dtype`."""

    def sizes(self, targets: np.ndarray) -> list[tuple[int, ...]] | None:
        """Return the size of the original of each of some stored targets, where examples are stored with a margin; else None."""

    def moved(self, targets: Tensor, transform: Transform) -> Tensor:
        """Return the stored targets of a batch, moved as its examples are."""

    def records(self, logits: Sequence[np.ndarray] | np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return of each example all that the metrics need, its truth included: (n, ...)."""

    def shown_record(self, record: np.ndarray, geometry: np.ndarray) -> tuple[Answer, Answer] | None:
        """Return the prediction and the truth of one of `records`, as a page draws them on the original; None draws nothing."""

    def shown_target(self, target: np.ndarray, geometry: np.ndarray) -> Answer | None:
        """Return a stored target as an answer, as a page draws it on an image of this geometry; None draws nothing."""

    def answer_at(self, output: np.ndarray, geometry: np.ndarray) -> Answer:
        """Return the prediction that one output is, in pixels, seconds or characters of the original of this geometry."""

    def placed_baseline(self, train: Batches, test: Batches) -> tuple[dict[str, float], str] | None:
        """Train a linear model of each position and return its metrics on others, and its name; None where there is none."""
