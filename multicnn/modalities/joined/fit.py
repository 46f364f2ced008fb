"""Fit the preprocess of each of several inputs in one pass over the examples."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from multicnn.modalities.base import Preprocess
from multicnn.modalities.joined.cells import JoinedRaw
from multicnn.modalities.joined.packing import Preprocesses

_END = object()
_AHEAD = 4  # decoded examples that wait for a fit


def fitted(preprocesses: Preprocesses, raws: Iterable[JoinedRaw]) -> dict[str, Preprocess]:
    """Return the preprocesses, fitted to the examples that have them; a preprocess that no example has is left out.

    Each is fitted in a thread of its own, which gets the examples one by one: they are decoded once, and never all in memory.

    Raises:
        ValueError: No example has any of them.
    """
    given: dict[str, queue.Queue[object]] = {name: queue.Queue(_AHEAD) for name in preprocesses}
    counts = dict.fromkeys(preprocesses, 0)

    def work(name: str) -> Preprocess:
        examples = _until_end(given[name])
        try:
            return preprocesses[name].fit(examples)
        finally:  # it may have seen enough, or failed
            for _ in examples:
                pass

    with ThreadPoolExecutor(len(preprocesses) or 1) as pool:
        works = {name: pool.submit(work, name) for name in preprocesses}
        try:
            for raw in raws:
                for name in preprocesses:
                    if name in raw.decoded:
                        given[name].put(raw.decoded[name])
                        counts[name] += 1
        finally:
            for each in given.values():
                each.put(_END)
    if not any(counts.values()):
        raise ValueError("fit needs at least one training example. Received: raws=(empty)")
    return {name: work.result() for name, work in works.items() if counts[name]}


def _until_end(given: queue.Queue[object]) -> Iterator[object]:
    while (item := given.get()) is not _END:
        yield item
