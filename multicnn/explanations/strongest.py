"""The inputs at which filters of a stage respond most strongly, by the part that they see (Zeiler and Fergus 2014, figure 2)."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import keras
import numpy as np

from multicnn.explanations.stages import Tap, Window


@dataclass(frozen=True)
class Response:
    """The strongest response of a filter within one example.

    Attributes:
        row: The index of the example.
        value: The response.
        position: Where it stands in the stage, along each axis.
        window: The part of the network's input that this position sees.
        example: The name of the example.
        words: The part in words: where it is, or the n-gram in it.
    """

    row: int
    value: float
    position: tuple[int, ...]
    window: Window
    example: str = ""
    words: str = ""


@dataclass(frozen=True)
class FilterResponses:
    """The strongest responses of one filter.

    Attributes:
        stage: The name of the stage.
        filter: The number of the filter in it.
        mean: The mean over all examples of its strongest response.
        strongest: The responses in the examples where it is largest, that one first.
    """

    stage: str
    filter: int
    mean: float
    strongest: tuple[Response, ...]

    def to_dict(self) -> dict[str, object]:
        """Return plain data that goes through JSON unchanged."""
        return asdict(self)


class StrongestInputs:
    """The strongest responses of all filters of some stages, collected batch by batch.

    Args:
        network: The trained network.
        taps: The stages.
        sizes: The sizes of the network's input along its axes, without channels.
        top: The number of examples for each filter.
    """

    def __init__(self, network: keras.Model, taps: Sequence[Tap], sizes: Sequence[int], top: int):
        self._taps, self._sizes, self._top = taps, tuple(sizes), top
        self._run = keras.Model(network.inputs, [tap.tensor for tap in taps])
        self._values = [np.zeros((0, tap.signal.channels), np.float32) for tap in taps]
        self._rows = [np.zeros((0, tap.signal.channels), np.int64) for tap in taps]
        self._positions = [np.zeros((0, tap.signal.channels), np.int64) for tap in taps]
        self._sums = [np.zeros(tap.signal.channels) for tap in taps]
        self._count = 0

    def add(self, rows: np.ndarray, inputs: np.ndarray) -> None:
        """Take in a batch.

        Args:
            rows: int64 (batch,), the index of each example.
            inputs: (batch, *input_shape), the network's input.
        """
        outputs = self._run.predict_on_batch(inputs)
        self._count += len(rows)
        for i, maps in enumerate(outputs if isinstance(outputs, list) else [outputs]):
            flat = np.asarray(maps).reshape(len(rows), -1, maps.shape[-1])
            positions = flat.argmax(axis=1)
            values = np.take_along_axis(flat, positions[:, np.newaxis], axis=1)[:, 0]
            self._sums[i] += values.sum(axis=0)
            values = np.concatenate([self._values[i], values])
            best = np.argsort(-values, axis=0, kind="stable")[: self._top]
            known = np.concatenate([self._rows[i], np.broadcast_to(rows[:, np.newaxis], positions.shape)])
            where = np.concatenate([self._positions[i], positions])
            self._values[i] = np.take_along_axis(values, best, axis=0)
            self._rows[i] = np.take_along_axis(known, best, axis=0)
            self._positions[i] = np.take_along_axis(where, best, axis=0)

    def filters(self, count: int) -> list[FilterResponses]:
        """Return the filters whose strongest responses stand out most from their mean, in the order of the network.

        Args:
            count: The most of them to return; one that is the same everywhere, as a dead unit, is none.
        """
        distances = [
            (float(self._values[i][:, channel].mean() - self._sums[i][channel] / max(self._count, 1)), i, channel)
            for i, tap in enumerate(self._taps)
            for channel in range(tap.signal.channels)
        ]
        chosen = heapq.nlargest(count, (each for each in distances if each[0] > 0))
        return [self._responses(i, channel) for _, i, channel in sorted(chosen, key=lambda each: each[1:])]

    def _responses(self, i: int, channel: int) -> FilterResponses:
        tap = self._taps[i]
        shape = [size or 1 for size in tap.tensor.shape[1:-1]]
        found = []
        for value, row, flat in zip(
            self._values[i][:, channel], self._rows[i][:, channel], self._positions[i][:, channel]
        ):
            position = tuple(int(at) for at in np.unravel_index(flat, shape)) if shape else ()
            found.append(Response(int(row), float(value), position, tap.window(position, self._sizes)))
        return FilterResponses(tap.name, channel, float(self._sums[i][channel] / max(self._count, 1)), tuple(found))
