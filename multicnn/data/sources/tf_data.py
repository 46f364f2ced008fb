"""Read a finite tf.data.Dataset of (input, label) into memory, once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

import numpy as np

from multicnn.data.manifest import content_hash

MOST_BYTES = 8 * 2**30  # of all examples together, which are held in memory
_INFINITE, _UNKNOWN = -1, -2  # cardinalities
_FIRST_CHECK = 4096  # examples after which a data set of unknown size is looked at for repetition


@runtime_checkable
class TensorDataset(Protocol):
    """The members of tf.data.Dataset that are used here."""

    element_spec: object

    def cardinality(self) -> object:
        """Return the number of elements, -1 for infinite, -2 for unknown."""

    def as_numpy_iterator(self) -> Iterator[tuple[object, object]]:
        """Return the elements, pairs of an input and its label, as NumPy arrays."""


def read(data: TensorDataset) -> tuple[list[object], list[object]]:
    """Return the inputs and labels of a data set of (input, label), each an example or a batch.

    Raises:
        ValueError: Its elements are not such pairs; it is endless, or seems to be; or it is too large for memory.
    """
    spec = data.element_spec
    if not isinstance(spec, tuple) or len(spec) != 2:
        raise ValueError(f"data must be a tf.data.Dataset of (input, label) pairs. Received: element_spec={spec}")
    batched = bool(_rank(spec[1])) and _first(spec[0]) == _first(spec[1])
    xs: list[object] = []
    ys: list[object] = []
    size = 0
    watch = _Watch(_cardinality(data))
    for x, y in data.as_numpy_iterator():
        rows, labels = (_rows(x), list(np.asarray(y))) if batched else ([x], [y])
        xs += rows
        ys += labels
        size += getattr(x, "nbytes", len(rows) * 64)
        if size > MOST_BYTES:
            limit = f"{MOST_BYTES / 2**30:.0f} GiB, which are held in memory"
            raise ValueError(
                f"data must be at most {limit}: write them to files. Received: {len(xs):,} examples and more"
            )
        watch.saw(rows)
    return xs, [_named(label, getattr(data, "class_names", None)) for label in ys]


def inputs_in(data: TensorDataset) -> Iterator[object]:
    """Yield the elements of a data set of inputs, or of (input, label) pairs without the labels.

    Raises:
        ValueError: It is endless.
    """
    _cardinality(data)
    pairs = isinstance(data.element_spec, tuple)
    return (element[0] if pairs else element for element in data.as_numpy_iterator())


def _cardinality(data: TensorDataset) -> int:
    number = int(np.asarray(data.cardinality()))
    if number == _INFINITE:
        raise ValueError(
            "data must end: leave out .repeat(), or pass data.take(n). Received: an endless tf.data.Dataset"
        )
    return number


class _Watch:
    """Looks whether a data set of unknown size repeats itself without end.

    Args:
        cardinality: The number of elements, or that it is unknown.
    """

    def __init__(self, cardinality: int):
        self.next = float(_FIRST_CHECK) if cardinality == _UNKNOWN else math.inf
        self.count = 0
        self.different: set[str] = set()

    def saw(self, rows: Iterable[object]) -> None:
        """Raise ValueError where most of very many examples were there before."""
        if self.next == math.inf:
            return
        for row in rows:
            self.count += 1
            self.different.add(content_hash(row if isinstance(row, bytes) else np.asarray(row)))
        if self.count >= self.next:
            if len(self.different) * 64 < self.count:
                received = f"{self.count:,} examples, of which {len(self.different):,} are different"
                raise ValueError(f"data must end: they repeat themselves; pass data.take(n). Received: {received}")
            self.next *= 2


def _rows(batch: object) -> list[object]:
    if hasattr(batch, "to_list"):  # a ragged tensor
        return [row if isinstance(row, bytes) else np.asarray(row) for row in batch.to_list()]
    return list(np.asarray(batch))


def _rank(spec: object) -> int | None:
    shape = getattr(spec, "shape", None)
    return None if shape is None else shape.rank


def _first(spec: object) -> int | None:
    shape = getattr(spec, "shape", None)
    return shape[0] if shape is not None and shape.rank else None


def _named(label: object, names: object) -> object:
    """Return the class name of a label, where the data set has them, as those of Keras's folders do."""
    index = np.asarray(label)
    if isinstance(names, (list, tuple)) and index.ndim == 0 and index.dtype.kind in "iu" and 0 <= index < len(names):
        return names[int(index)]
    return label
