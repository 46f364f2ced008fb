"""Recognise the model that an archive of arrays is of, by the names of its layers and the sizes of their kernels."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Protocol

from multicnn.blocks.cost import Leaf, measure
from multicnn.models import MODELS, create
from multicnn.models.weights import SOURCES, Source


class _Sized(Protocol):
    """The part of an array that is looked at."""

    @property
    def size(self) -> int: ...


_FIRST = ("kernel", "weight", "gamma")  # what the first array of a layer is called


def models_of(arrays: Mapping[str, _Sized]) -> list[str]:
    """Return the models that arrays are of: they have its layers, of the same sizes, and no others; the head may differ.

    Args:
        arrays: NumPy arrays by the names of torchvision, Keras or Caffe, or by our own.
    """
    known = [model for models in SOURCES.values() for model, source in models.items() if _fits(arrays, model, source)]
    return list(dict.fromkeys(known)) or [model for model in MODELS if _fits(arrays, model)]


def _fits(arrays: Mapping[str, _Sized], model: str, source: Source | None = None) -> bool:
    """Return True if arrays are of a model, by the names of a library, or by our own if `source` is None."""
    sizes = _first_sizes(arrays, "." if source is not None and source.channels_first else "/")
    if source is not None and not sizes.keys() <= set(source.layers.values()):  # before anything is measured
        return False
    leaves = _leaves(model, None if source is None else tuple(source.arguments.items()))
    theirs = {path: path for path in leaves} if source is None else source.layers
    *body, _ = (path for path, leaf in leaves.items() if leaf.parameters)
    if not body or not sizes.keys() <= set(theirs.values()):
        return False
    return all(path in theirs and _has_size(sizes.get(theirs[path]), leaves[path]) for path in body)


@functools.cache
def _leaves(model: str, arguments: tuple[tuple[str, object], ...] | None) -> dict[str, Leaf]:
    """Return the leaf of each layer of a model."""
    block = create(model, MODELS[model].classes, **dict(arguments or ()))
    return {path: leaf for leaf in measure(block, MODELS[model].input_shape).leaves for path in leaf.layers}


def _first_sizes(arrays: Mapping[str, _Sized], before: str) -> dict[str, int]:
    """Return the number of elements of the kernel, or the scales, of each layer."""
    split = {name: name.rpartition(before) for name in arrays}
    return {layer: int(arrays[name].size) for name, (layer, _, last) in split.items() if last in _FIRST}


def _has_size(size: int | None, leaf: Leaf) -> bool:
    """Return True for the size of the kernel of a layer of ours, with or without biases, or that of its scales."""
    return size in (leaf.parameters, leaf.parameters - leaf.output.channels, leaf.parameters // 2)
