"""The members of a task whose target is the cell alone, wherever in the input the evidence is: classes, labels, a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from multicnn.tasks.answers import Answer

if TYPE_CHECKING:
    from multicnn.layers.types import Tensor
    from multicnn.modalities.transform import Transform

Batches = Callable[
    [], Iterator[tuple[np.ndarray, np.ndarray]]
]  # -> the network's inputs and the stored targets, batch by batch


class PlainTargets:
    """The members of `Task` that only a task with targets somewhere in its input needs, as the other tasks have them.

    A target that is somewhere in the input (a mask, boxes, time steps) is *placed*: it depends on the geometry of the
    original, is stored beside the examples and moves with them.
    """

    reads: ClassVar[str] = "label"
    placed: ClassVar[bool] = False
    blends: ClassVar[bool] = True
    averages: ClassVar[bool] = True
    target_dtype: ClassVar[str] = "int32"

    labels: tuple[str, ...]

    @property
    def units(self) -> int:
        """The number of outputs that a model is asked for: by default one for each label."""
        return len(self.labels)

    @property
    def recorded(self) -> bool:
        """True where an evaluation keeps `records` in place of the logits, of which there are too many."""
        return self.placed

    def default_model(self, modality: str) -> tuple[str, dict[str, object]] | None:
        """Return the name and the arguments of the model where a recipe names none; None leaves it to the modality."""
        return None

    def suggestion(self, modality: str, count: int) -> dict[str, object]:
        """Return settings of a recipe that suit so many training examples, in place of those of the modality."""
        return {}

    def for_network(self, input_shape: tuple[int, ...], output_shape: tuple[int | None, ...]) -> Self:
        """Return the task that knows the shapes of the network's input and output, without the batch.

        Raises:
            ValueError: The output is none that the task can use.
        """
        return self

    def content(self, cell: str) -> bytes:
        """Return what decides the target of a canonical cell beside the cell, such as the file of a mask.

        Raises:
            ValueError: It cannot be read, which makes the row a bad one.
        """
        return b""

    def target_shape(self, stored_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the stored target of an example that is stored in this shape."""
        return ()

    def target(self, cell: str, geometry: np.ndarray, stored_shape: tuple[int, ...]) -> np.ndarray:
        """Return the stored target of a canonical cell: shape `target_shape`, dtype `target_dtype`.

        Args:
            cell: A canonical cell.
            geometry: What `Preprocess.geometry` gives of the original.
            stored_shape: The shape in which the preprocess stores examples.

        Raises:
            ValueError: The cell does not fit the original; the message is a short reason, without the path.
        """
        raise NotImplementedError

    def sizes(self, targets: np.ndarray) -> list[tuple[int, ...]] | None:
        """Return the size of the original of each of some stored targets, where examples are stored with a margin; else None."""
        return None

    def moved(self, targets: Tensor, transform: Transform) -> Tensor:
        """Return the stored targets of a batch, moved as its examples are."""
        return targets

    def records(self, logits: Sequence[np.ndarray] | np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return of each example all that the metrics need: (n, ...), small where logits are not.

        Where the task is `recorded` an evaluation keeps it in place of the logits, and `counts`, `tables`, `mistakes` and the like
        take it as their logits. That of a placed task includes the truth, and these take no targets.
        """
        return np.asarray(logits)

    def answer(self, output: np.ndarray) -> Answer:
        """Return the prediction that one output is."""
        raise NotImplementedError

    def answer_at(self, output: np.ndarray, geometry: np.ndarray) -> Answer:
        """Return the prediction that one output is, in pixels, seconds or characters of the original of this geometry."""
        return self.answer(output)

    def shown_record(self, record: np.ndarray, geometry: np.ndarray) -> tuple[Answer, Answer] | None:
        """Return the prediction and the truth of one of `records`, as a page draws them on the original; None draws nothing."""
        return None

    def shown_target(self, target: np.ndarray, geometry: np.ndarray) -> Answer | None:
        """Return a stored target as an answer, as a page draws it on an image of this geometry; None draws nothing."""
        return None

    def placed_baseline(self, train: Batches, test: Batches) -> tuple[dict[str, float], str] | None:
        """Train a linear model of each position and return its metrics on others, and its name; None where there is none.

        Args:
            train: Gives the inputs and the targets of the training examples, in small batches.
            test: Those of the examples to score.
        """
        return None


def with_defaults(members: Mapping[str, object]) -> dict[str, object]:
    """Return the defaults of the members that a class of a task, given by all its members, does not have."""
    return {
        name: default
        for name, default in vars(PlainTargets).items()
        if not name.startswith("__") and name not in members
    }
