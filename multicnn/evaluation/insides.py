"""The galleries of what is inside a network: filters, strongest inputs, maximised activations, inverted features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from multicnn.evaluation.gallery import Cell, Gallery, Section
from multicnn.explanations.filters import LayerFilters
from multicnn.explanations.strongest import FilterResponses, Response
from multicnn.explanations.synthesis import Inverted, Maximized
from multicnn.modalities import Preprocess, Shown

_OF_THE_NETWORK = "Of a predictor that is blended with its linear baseline, these are the network's."


class Raws(Protocol):
    """Decoded examples by their rows."""

    def __getitem__(self, row: int) -> object: ...


class Counts(Protocol):
    """How many of some inputs another network gives the class that they were made for."""

    @property
    def inputs(self) -> int:
        """The number of inputs."""

    @property
    def maximized(self) -> int:
        """How many of the maximised ones."""

    @property
    def noise(self) -> int:
        """How many of noise of equal norm."""


def filter_gallery(name: str, layers: Sequence[LayerFilters]) -> Gallery:
    """Return the filters of the first layers, a section for each layer."""
    sections = [
        Section(layer.layer, [Cell(view.shown, view.caption) for view in layer.views], f"Each filter: {layer.scale}.")
        for layer in layers
    ]
    lead = f"The filters of the layers that see the input. {_OF_THE_NETWORK}"
    return Gallery(f"Filters of {name}", lead, sections)


def strongest_gallery(
    name: str,
    responses: Sequence[FilterResponses],
    projections: Sequence[np.ndarray],
    preprocess: Preprocess,
    raws: Raws,
) -> Gallery:
    """Return the parts of the inputs at which each filter responds most strongly, a section for each filter.

    Args:
        name: The name of the model.
        responses: The responses of each filter.
        projections: Each of them at the network's input, as `Projector.project` gives them.
        preprocess: Makes the network's input.
        raws: The decoded examples.
    """
    sections = [
        Section(
            f"{each.stage}:{each.filter}",
            [_strong(*one, preprocess, raws) for one in zip(each.strongest, projected)],
            f"Responses from {each.strongest[0].value:.3g} down to {each.strongest[-1].value:.3g}; mean over all examples "
            f"{each.mean:.3g}.",
        )
        for each, projected in zip(responses, projections)
    ]
    title = f"Strongest inputs of {', '.join(dict.fromkeys(each.stage for each in responses))}"
    lead = (
        f"{name}. What one position of the stage sees, where each filter's response is largest, and below it the projection of "
        f"that response alone to the input by a deconvolution network, 0 in grey. {_OF_THE_NETWORK}"
    )
    return Gallery(title, lead, sections)


def _strong(response: Response, projected: np.ndarray, preprocess: Preprocess, raws: Raws) -> Cell:
    raw = raws[response.row]
    shown = preprocess.excerpt(raw, response.window) + preprocess.signed_view(projected, response.window, raw)
    return Cell(shown, f"{response.value:.3g}; {preprocess.where(response.window)}")


def maximum_gallery(name: str, made: Maximized, preprocess: Preprocess, counts: Counts | None) -> Gallery:
    """Return the inputs that raise each activation."""
    cells = [
        Cell(_input(inputs, preprocess), f"{of}: {before:.3g} to {after:.3g}")
        for of, inputs, before, after in zip(made.names, made.inputs, made.before, made.after)
    ]
    note = "Made by raising the activation from small noise, with a total-variation prior; each from its first value to its last."
    if counts is not None:
        note += (
            f" A network of another seed gives {counts.maximized} of {counts.inputs} the class that they were made for, and "
            f"{counts.noise} of {counts.inputs} of noise of equal norm."
        )
    return Gallery(f"What raises an activation of {name}", _OF_THE_NETWORK, [Section("Inputs", cells, note)])


def inversion_gallery(name: str, inputs: np.ndarray, made: Sequence[Inverted], preprocess: Preprocess) -> Gallery:
    """Return the given inputs, and for each stage those that were made to have the same features."""
    sections = [Section("Given", [Cell(_input(each, preprocess)) for each in inputs])]
    rows = []
    for of in made:
        cells = [Cell(_input(each, preprocess), f"error {error:.3f}") for each, error in zip(of.inputs, of.errors)]
        sections.append(Section(of.stage, cells))
        other = float(of.other_errors.mean()) if len(of.other_errors) else float("nan")
        rows.append((of.stage, float(of.errors.mean()), other, float(of.start_errors.mean())))
    lead = (
        "Inputs made from small noise to have the features of the given ones at one stage. The error is the distance of the "
        f"features over the length of the given ones. {_OF_THE_NETWORK}"
    )
    columns = ("stage", "error", "another given input", "noise at the start")
    return Gallery(f"What the stages of {name} keep", lead, sections, columns, rows)


def _input(values: np.ndarray, preprocess: Preprocess) -> list[Shown]:
    return preprocess.shown_input(values, values, values)
