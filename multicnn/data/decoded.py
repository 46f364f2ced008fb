"""The inputs of `predict` decoded, so many at a time as the memory can surely hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from multicnn.data.inputs import name_of, source_of
from multicnn.modalities import Preprocess
from multicnn.modalities.reasons import BAD, reason
from multicnn.utils import quiet

MOST = 256  # examples, or bad inputs, in a batch
BYTES = 1 << 26  # of the examples in a batch, but that each has one input at least


class Decoded(NamedTuple):
    """An input of `predict`.

    Attributes:
        name: Its path or text, the name of an upload, or its position.
        starts: The start of each of its windows.
        examples: The stored example of each of them.
        remark: What its windows lack to tell the network anything, in words; "" for nothing.
        error: Why there are none.
        geometry: What maps the original to the network's input and back.
    """

    name: str
    starts: tuple[float, ...] = ()
    examples: tuple[np.ndarray, ...] = ()
    remark: str = ""
    error: str | None = None
    geometry: np.ndarray = np.zeros(0)


def decoded(source: object, position: int, preprocess: Preprocess) -> Decoded:
    """Return one input with the examples of its windows, or with the reason why there are none."""
    name = name_of(source, position)
    try:
        raw = preprocess.decode(source_of(source, preprocess))
        windows = [(start, preprocess.example(window)) for start, window in preprocess.windows(raw)]
        starts, examples = zip(*windows, strict=True)
        remark = preprocess.remark(raw, examples)
        return Decoded(name, starts, examples, remark, geometry=preprocess.geometry(raw))
    except BAD as error:
        return Decoded(name, error=reason(error))


def batches(inputs: Iterable[object], preprocess: Preprocess) -> Iterator[list[Decoded]]:
    """Yield the inputs in their order, as many at a time as have `MOST` examples or `BYTES`, or one that has more."""
    batch: list[Decoded] = []
    count = size = 0
    for position, source in enumerate(inputs):
        with quiet.decoders():
            one = decoded(source, position, preprocess)
        more = sum(example.nbytes for example in one.examples)
        if batch and size + more > BYTES:
            yield batch
            batch, count, size = [], 0, 0
        batch.append(one)
        count, size = count + max(len(one.examples), 1), size + more
        if count >= MOST:
            yield batch
            batch, count, size = [], 0, 0
    if batch:
        yield batch
