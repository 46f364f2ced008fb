"""Make a manifest of examples in memory and their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from multicnn.data.items import array_of, is_numbers, is_waveform, rate_of
from multicnn.data.manifest import Manifest
from multicnn.data.sources.columns import mark_surrogates
from multicnn.data.sources.contents import of_array, of_items
from multicnn.modalities.finding import Finding


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples of one split with their labels.

    Attributes:
        name: The name of `x`, by which each example is called: "x_test" gives the ids "x_test[0]" ...
        x: An array of numbers with an example along its first axis, or a list of inputs.
        y: The label of each, as a cell of a table.
        split: "train", "val", "test" or "", of all of them or of each.
        groups: The group of each; None where there are none.
        rate: Sample rate of waveforms in Hz, if it was given.
        remarks: What is odd about the labels.
    """

    name: str
    x: np.ndarray | list[object]
    y: list[str]
    split: str | list[str] = ""
    groups: list[str] | None = None
    rate: int | None = None
    remarks: tuple[Finding, ...] = ()


def inputs_of(x: object, name: str = "x") -> tuple[np.ndarray | list[object], int | None]:
    """Return many inputs as an array of numbers or a list, and the rate in Hz of waveforms that are given with it.

    Args:
        x: An array, a tensor, a column, a list of inputs, or a pair (waveforms, rate).
        name: The name of `x`, for errors.

    Raises:
        ValueError: `x` holds no examples.
    """
    if is_waveform(x):
        inputs, _ = inputs_of(x[0], name)  # type: ignore[index]
        return inputs, rate_of(x[1])  # type: ignore[index]
    if isinstance(x, (list, tuple)):
        return _stacked(list(x)), None
    if hasattr(x, "columns") and hasattr(x, "iloc") and len(x.columns) == 1:  # a frame of one column
        return inputs_of(x.iloc[:, 0], name)
    if hasattr(x, "__array__") and not hasattr(x, "columns"):
        array = _array(x, name)
        if array.ndim and array.dtype.kind in "USO":
            return _stacked(array.tolist()), None
        if array.ndim > 1:
            return array, None
    expected = "an array with an example along its first axis, or a list of inputs"
    raise ValueError(f"{name} must be {expected}. Received: {name} of {type(x).__name__}")


def _array(x: object, name: str) -> np.ndarray:
    try:
        return array_of(x)
    except ValueError as error:
        raise ValueError(f"{name} must hold examples: {error}. Received: {name} of {type(x).__name__}") from None


def _stacked(items: list[object]) -> np.ndarray | list[object]:
    """Return arrays of one shape as one array, as they would be in an archive; anything else as it is."""
    items = [array_of(item) if is_numbers(item) else item for item in items]
    plain = all(isinstance(item, np.ndarray) and not isinstance(item, np.ma.MaskedArray) for item in items)
    if items and plain and all(item.ndim and item.dtype.kind in "fiub" for item in items):  # type: ignore[attr-defined]
        if len({(item.shape, item.dtype) for item in items}) == 1:  # type: ignore[attr-defined]
            return np.stack(items)  # type: ignore[arg-type]
    return items


def manifest_of(subsets: Sequence[Examples], modality: str | None, rate: int | None = None) -> Manifest:
    """Return the manifest of examples in memory, splits that are "" not yet decided.

    Args:
        subsets: The examples.
        modality: The modality of all of them, where it was given.
        rate: Sample rate in Hz of waveforms that have none of their own.

    Raises:
        ValueError: They have no one modality, or are none of its examples; the message says what to pass.
    """
    if not any(len(subset.x) for subset in subsets):
        raise ValueError("data must hold examples. Received: none")
    rates = {subset.rate for subset in subsets}
    if len(rates) > 1:
        raise ValueError(f"all waveforms must have one sample rate. Received: {sorted(map(str, rates))}")
    rate = rates.pop() or rate
    arrays = [subset.x for subset in subsets if isinstance(subset.x, np.ndarray)]
    if len(arrays) == len(subsets) and len({x.shape[1:] for x in arrays}) == 1:
        read = of_array(arrays[0] if len(arrays) == 1 else np.concatenate(arrays), modality, rate)
    else:
        read = of_items([item for subset in subsets for item in subset.x], modality, rate)
    labels = [label for subset in subsets for label in subset.y]
    mark_surrogates(labels, read.reasons)
    made = Manifest.of(
        read.modality,
        ids=[f"{subset.name}[{i}]" for subset in subsets for i in range(len(subset.x))],
        sources=read.sources,
        labels=labels,
        hashes=read.hashes,
        splits=[split for subset in subsets for split in _each(subset.split, len(subset.x))],
        groups=[group for subset in subsets for group in subset.groups or [""] * len(subset.x)],
        reasons=read.reasons,
        arrays=read.arrays,
        sample_rate=read.rate,
    )
    return replace(made, remarks=(*read.remarks, *(remark for subset in subsets for remark in subset.remarks)))


def _each(split: str | list[str], n: int) -> list[str]:
    return [split] * n if isinstance(split, str) else split
