"""The commands that look inside a trained network, as Python functions."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from multicnn.backends import forks
from multicnn.data import store
from multicnn.data.inputs import inputs_of, source_of
from multicnn.data.load import load_unsplit
from multicnn.data.manifest import Manifest
from multicnn.data.marks import report_remarks
from multicnn.data.sources.memory import in_memory
from multicnn.data.sources.unused import given_options, load_inherited
from multicnn.data.unreadable import NoneReadable
from multicnn.evaluation.gallery import check_gallery, write_gallery
from multicnn.evaluation.insides import filter_gallery, inversion_gallery, maximum_gallery, strongest_gallery
from multicnn.explanations import stages, synthesis
from multicnn.explanations.filters import LayerFilters
from multicnn.explanations.filters import filters as filters_of
from multicnn.explanations.projection import Projector
from multicnn.explanations.stages import Tap
from multicnn.explanations.strongest import FilterResponses, Response, StrongestInputs
from multicnn.explanations.synthesis import Descent, Inverted, Maximized
from multicnn.modalities import Preprocess
from multicnn.modalities.reasons import BAD, reason
from multicnn.predictor import Predictor, load
from multicnn.training.inner_network import network_of_file
from multicnn.training.setup import Source
from multicnn.utils.reporter import Reporter

_BATCH = 128
Model = Predictor | str | os.PathLike[str]


class Agreement(NamedTuple):
    """How many of some inputs another network gives the class that they were made for.

    Attributes:
        inputs: The number of inputs.
        maximized: How many of those that raise the class's logit.
        noise: How many of normal noise of the same norms.
    """

    inputs: int
    maximized: int
    noise: int


def filters(model: Model, out: str | os.PathLike[str] | None = None) -> list[LayerFilters]:
    """Return the filters of the first layers of a network: of images as kernels, of audio in Hz and ms, of texts by their words.

    Args:
        model: A predictor, or the path of its .keras file; of a blend, its network.
        out: The page or image to write, an .html or .png file.

    Raises:
        ValueError: There is no predictor or no network, or none of its layers with filters sees the input.
    """
    check_gallery(out)
    predictor = _network(model)
    found = filters_of(predictor.network, predictor.preprocess)
    if out is not None:
        write_gallery(out, filter_gallery(_name(model), found))
    return found


def feature_map(
    model: Model,
    data: Source,
    out: str | os.PathLike[str] | None = None,
    *,
    stage: str | None = None,
    filters: int = 8,
    top: int = 9,
    split: str | None = None,
    reporter: Reporter | None = None,
) -> list[FilterResponses]:
    """Return the inputs at which filters of a stage respond most strongly, by the part of each that the response comes from.

    Args:
        model: A predictor, or the path of its .keras file; of a blend, its network.
        data: A source of labelled examples; a path is read as in the training of the predictor.
        out: The page or image to write, an .html or .png file: each part, and below it the projection of the response to the
            input (Zeiler and Fergus 2014, figure 2).
        stage: The dotted name of a stage, or of a layer outside stages; None takes the last ones with positions.
        filters: The number of filters, those whose strongest responses stand out most.
        top: The number of examples for each filter.
        split: "train", "val" or "test" of the data; None takes all examples.
        reporter: Receives messages and progress.

    Raises:
        ValueError: There is no such stage, or the model or the data cannot be used.
    """
    check_gallery(out)
    predictor, reporter = _of_one_size(_network(model)), reporter or Reporter()
    taps = stages.chosen(_taps(predictor), predictor.network, stage)
    manifest, stored = _examples(predictor, data, split, reporter)
    sizes = predictor.preprocess.input_shape[: max(len(predictor.preprocess.input_shape) - 1, 1)]
    found = StrongestInputs(predictor.network, taps, sizes, top)
    for start in range(0, len(stored), _BATCH):
        rows = stored.rows[start : start + _BATCH]
        found.add(rows, np.asarray(predictor.preprocess.finish(stored.array[start : start + _BATCH])))
    responses = found.filters(filters)
    if not responses:
        raise ValueError(f"`stage` must have filters that respond to the data. Received: stage={stage!r}")
    raws = _Decoded(manifest, predictor)
    responses = [_described(each, predictor.preprocess, raws, list(manifest.table["id"])) for each in responses]
    if out is not None:
        projector = Projector(predictor.network, taps)
        projections = [projector.project(each, _inputs(each, predictor.preprocess, raws)) for each in responses]
        write_gallery(out, strongest_gallery(_name(model), responses, projections, predictor.preprocess, raws))
    return responses


def maximize(
    model: Model,
    out: str | os.PathLike[str] | None = None,
    *,
    labels: Sequence[str] = (),
    stage: str | None = None,
    filters: int = 8,
    other: Model | None = None,
    settings: Descent | None = None,
) -> tuple[Maximized, Agreement | None]:
    """Make inputs that raise the logit of a class most, or a filter of a stage, under a total-variation prior.

    Args:
        model: A predictor of images or audio, or the path of its .keras file; of a blend, its network.
        out: The page or image to write, an .html or .png file.
        labels: The classes; none takes all.
        stage: The dotted name of a stage whose filters are raised in place of classes.
        filters: The number of its filters, from the first on.
        other: A predictor of the same classes and inputs that was trained from another seed: it is asked for the class of each
            input, and of normal noise of equal norm.
        settings: The settings of the descent.

    Returns:
        The inputs, and what the other network says of them, or None without one.

    Raises:
        ValueError: The network is one of token ids; there is no such class or stage; the other predictor has other classes or
            inputs, or there is one where no classes are raised.
    """
    check_gallery(out)
    predictor = _of_one_size(_network(model))
    synthesis.check_continuous(predictor.network)
    if stage is None and predictor.task.placed:
        raise ValueError(
            "`stage` must be given where no logit is that of a whole input. "
            f"Received: stage=None, task={predictor.task.name!r}"
        )
    if stage is not None and other is not None:
        raise ValueError(f"`other` is asked for classes, not for filters of a stage. Received: stage={stage!r}")
    if stage is None:
        tensor, names = predictor.network.outputs[0], _known(labels or predictor.labels, predictor)
        channels = [predictor.labels.index(name) for name in names]
    else:
        (tap, *_) = stages.chosen(_taps(predictor), predictor.network, stage)
        tensor, channels = tap.tensor, list(range(min(filters, tap.signal.channels)))
        names = [f"{stage}:{channel}" for channel in channels]
    limits = predictor.preprocess.input_range
    made = synthesis.maximize(predictor.network, tensor, channels, names, limits, settings or synthesis.MAXIMIZING)
    agreement = None if other is None else _agreement(made, channels, predictor, _network(other, "other"))
    if out is not None:
        write_gallery(out, maximum_gallery(_name(model), made, predictor.preprocess, agreement))
    return made, agreement


def invert(
    model: Model,
    inputs: object,
    out: str | os.PathLike[str] | None = None,
    *,
    stage_names: Sequence[str] = (),
    settings: Descent | None = None,
) -> list[Inverted]:
    """Make inputs that have the features of given ones at each stage: what a stage still knows of its input.

    Args:
        model: A predictor of images or audio, or the path of its .keras file; of a blend, its network.
        inputs: One input or several, as `Predictor.predict` takes them; of a long one the beginning. With several, the error of
            each stands beside that of the others.
        out: The page or image to write, an .html or .png file.
        stage_names: The dotted names of the stages; none takes all that have positions.
        settings: The settings of the descent.

    Raises:
        ValueError: The network is one of token ids, there is no such stage, or an input cannot be read.
    """
    check_gallery(out)
    predictor = _of_one_size(_network(model))
    synthesis.check_continuous(predictor.network)
    known = _taps(predictor)
    taps = [stages.chosen(known, predictor.network, name)[0] for name in stage_names] or [
        tap for tap in known.values() if tap.has_positions
    ]
    raws = _raws(inputs, predictor)
    given = np.asarray(predictor.preprocess.finish(np.stack([predictor.preprocess.example(raw) for raw in raws])))
    limits = _widened(predictor.preprocess.input_range, given)
    made = [synthesis.invert(predictor.network, tap, given, limits, settings or synthesis.INVERTING) for tap in taps]
    if out is not None:
        write_gallery(out, inversion_gallery(_name(model), given, made, predictor.preprocess))
    return made


class _Decoded:
    """The decoded examples of a manifest by their rows."""

    def __init__(self, manifest: Manifest, predictor: Predictor):
        self._manifest, self._preprocess = manifest, predictor.preprocess

    def __getitem__(self, row: int) -> object:
        return self._preprocess.decode(self._manifest.raw_source(row))


def _described(
    responses: FilterResponses, preprocess: Preprocess, raws: _Decoded, names: Sequence[str]
) -> FilterResponses:
    """Return the responses with the names of their examples, and the parts in words."""

    def described(response: Response) -> Response:
        shown = preprocess.excerpt(raws[response.row], response.window)
        texts = [each.content for each in shown if isinstance(each.content, str)]
        words = " ".join([*texts, *[preprocess.where(response.window)] * (not texts)])
        return dataclasses.replace(response, example=str(names[response.row]), words=words)

    return dataclasses.replace(responses, strongest=tuple(map(described, responses.strongest)))


def _inputs(responses: FilterResponses, preprocess: Preprocess, raws: _Decoded) -> np.ndarray:
    """Return the network's input of the example of each response."""
    return np.asarray(preprocess.finish(np.stack([preprocess.example(raws[each.row]) for each in responses.strongest])))


def _network(model: Model, argument: str = "model") -> Predictor:
    forks.check()
    predictor = model if isinstance(model, Predictor) else load(model)
    return network_of_file(predictor, argument, _name(model))


def _of_one_size(predictor: Predictor) -> Predictor:
    """Return the predictor.

    Raises:
        ValueError: It is one of several inputs, or of images of any size.
    """
    if predictor.preprocess.input_names:
        names = list(predictor.preprocess.input_names)
        raise ValueError(f"`model` must have one input, to be looked into. Received: inputs={names}")
    if predictor.preprocess.any_size:
        raise ValueError(
            "`model` must have inputs of one size, to be looked into; this one takes images of any. "
            f"Received: task={predictor.task.name!r}"
        )
    return predictor


def _name(model: Model) -> str:
    return repr(model) if isinstance(model, Predictor) else str(model)


def _taps(predictor: Predictor) -> dict[str, Tap]:
    return stages.taps(predictor.block, predictor.network, predictor.preprocess.input_shape)


def _examples(
    predictor: Predictor, data: Source, split: str | None, reporter: Reporter
) -> tuple[Manifest, store.Store]:
    """Return the stored examples of a source, or of a split of it.

    Raises:
        ValueError: There are none.
    """
    memory = in_memory(data)
    source = predictor.source(data, split_as_trained=split is not None)
    manifest = load_inherited(lambda each: load_unsplit(each, predictor.task, memory), source, given_options(data, ()))
    report_remarks(manifest, reporter)
    stored, reasons = store.load_examples(manifest, predictor.preprocess, manifest.rows(split), reporter.reading)
    if not len(stored):
        raise NoneReadable(manifest, reasons, f"data={source.path!r}", "examples")
    return manifest, stored


def _known(labels: Sequence[str], predictor: Predictor) -> list[str]:
    """Return the labels.

    Raises:
        ValueError: One of them is unknown.
    """
    for label in labels:
        if label not in predictor.labels:
            raise ValueError(f"`labels` must be of {list(predictor.labels)}. Received: labels={label!r}")
    return list(labels)


def _agreement(made: Maximized, channels: Sequence[int], predictor: Predictor, other: Predictor) -> Agreement:
    """Ask another network for the classes of inputs, and of noise.

    Raises:
        ValueError: It has other classes, or inputs of another shape.
    """
    same = other.labels == predictor.labels and other.preprocess.input_shape == predictor.preprocess.input_shape
    if not same:
        raise ValueError(
            f"`other` must have the classes and the input of `model`. Received: other={list(other.labels)} on "
            f"{other.preprocess.input_shape}"
        )
    noise = np.random.default_rng(0).normal(size=made.inputs.shape)
    axes = tuple(range(1, noise.ndim))
    noise *= np.sqrt(np.square(made.inputs).sum(axes, keepdims=True) / np.square(noise).sum(axes, keepdims=True))
    counts = [
        int((np.asarray(other.network.predict_on_batch(values.astype(np.float32))).argmax(axis=1) == channels).sum())
        for values in (made.inputs, noise)
    ]
    return Agreement(len(channels), *counts)


def _raws(inputs: object, predictor: Predictor) -> list[object]:
    """Return decoded inputs.

    Raises:
        ValueError: There is none, or one cannot be read.
    """
    raws: list[object] = []
    for item in inputs_of(inputs, predictor.preprocess):
        try:
            raws.append(predictor.preprocess.decode(source_of(item, predictor.preprocess)))
        except BAD as error:
            raise ValueError(f"`inputs` must be readable ({reason(error)}). Received: inputs={str(item)!r}") from None
    if not raws:
        raise ValueError("`inputs` must hold at least one input. Received: inputs=[]")
    return raws


def _widened(limits: tuple[np.ndarray, np.ndarray], inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a range that holds some inputs, where they leave it."""
    low, high = (np.asarray(each, np.float32) for each in limits)
    return np.minimum(low, inputs.min()), np.maximum(high, inputs.max())
