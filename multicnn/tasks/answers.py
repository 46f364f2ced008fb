"""The answer of a task: what one output of a network says, in the words of the data and in the original's units."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np


class Box(NamedTuple):
    """An object in an image.

    Attributes:
        label: Its class.
        score: Its probability.
        x0, y0, x1, y1: Its corners in pixels of the original; x1 and y1 are the first that it does not have.
    """

    label: str
    score: float
    x0: float
    y0: float
    x1: float
    y1: float


class Segment(NamedTuple):
    """A stretch of time or of text.

    Attributes:
        start, stop: In seconds, or in characters of a text.
        label: Its class.
        probability: The mean probability of the class in it.
    """

    start: float
    stop: float
    label: str
    probability: float


@dataclasses.dataclass(frozen=True)
class Answer:
    """The prediction for one input, in the words of the data.

    Attributes:
        label: The prediction as text.
        labels: The predicted classes, if the task has classes.
        probabilities: The probability of each class.
        values: Predicted numbers by name, if the task predicts numbers.
        boxes: Predicted objects, the most probable first; None where the task predicts no boxes.
        segments: Predicted segments, if the task predicts time steps; in their order.
        mask: The predicted mask, integers (height, width) of the original, if the task predicts one: the values that the masks
            of the data have.
        maps: The probability of each class in each pixel, float32 (height, width, classes).
    """

    label: str
    labels: tuple[str, ...] = ()
    probabilities: dict[str, float] = dataclasses.field(default_factory=dict)
    values: dict[str, float] = dataclasses.field(default_factory=dict)
    boxes: tuple[Box, ...] | None = None
    segments: tuple[Segment, ...] = ()
    mask: np.ndarray | None = dataclasses.field(default=None, compare=False)
    maps: np.ndarray | None = dataclasses.field(default=None, compare=False)
