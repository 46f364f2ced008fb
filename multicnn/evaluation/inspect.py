"""Cost and receptive field of a network, stage by stage: the table of `multicnn inspect`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from multicnn.blocks import Block
from multicnn.blocks.cost import Measure, Shape, measure_model
from multicnn.modalities import Preprocess, of_kind
from multicnn.models import MODELS, create, usual_kind


@dataclasses.dataclass(frozen=True)
class Inspection:
    """A network's table.

    Attributes:
        rows: For each stage a dict of `stage`, `output` (shape), `receptive_field` (in words), `stride` (input steps along
            each axis), `parameters`, `multiply_adds`, and the shares of both in the whole. What is not known
            is None.
        parameters: The number of parameters of the whole network.
        multiply_adds: The number of multiply-adds of the whole network for one example; None where it is not known.
        saved: Why a saved predictor is this network, its linear baseline or their blend; "" where nothing was chosen.
    """

    rows: list[dict[str, Any]]
    parameters: int
    multiply_adds: int | None
    saved: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that goes through JSON unchanged."""
        return dataclasses.asdict(self)


def inspect(
    model: str,
    input_shape: Shape | None = None,
    *,
    classes: int | None = None,
    arguments: dict[str, Any] | None = None,
    modality: str | None = None,
) -> Inspection:
    """Return the stages of a network, counted without building it.

    Args:
        model: A name from `multicnn.models`, or "module:function".
        input_shape: The shape of one example, without the batch; by default the one of the paper.
        classes: The number of classes; by default the paper's.
        arguments: The model's hyperparameters.
        modality: "image", "log-mel", "waveform", "text" or a registered modality: the unit of the receptive fields, where the
            model suits several.

    Raises:
        ValueError: The model is unknown, or pools its input away; the message names the stage and the smallest input that
            would do.
    """
    if classes is not None and classes < 1:
        raise ValueError(f"`classes` must be 1 or more. Received: classes={classes}")
    known = MODELS.get(model)
    if input_shape is None and known is None and ":" in model:
        raise ValueError(f"`input_shape` is needed for a network that is not registered. Received: model={model!r}")
    block = create(model, classes or (known.classes if known else 10), **(arguments or {}))
    shape = input_shape or (known.input_shape if known else ())  # `create` has refused any other name
    preprocess = of_kind(modality or usual_kind(known, shape))
    return _table(measure_model(model, block, shape), preprocess.receptive_field)


def of_block(block: Block, preprocess: Preprocess, name: str) -> Inspection:
    """Return the stages of a network on what a preprocess makes; `name` is what an error calls it."""
    return _table(measure_model(name, block, preprocess.input_shape), preprocess.receptive_field)


def _table(measured: Measure, receptive_field: Callable[[tuple[int, ...]], str]) -> Inspection:
    parameters, multiply_adds = measured.parameters, measured.multiply_adds
    rows = [
        {
            "stage": row.name,
            "output": list(row.output.shape[1:]),
            "receptive_field": None if row.output.reach is None else receptive_field(row.output.reach),
            "stride": None if row.output.stride is None else [_number(steps) for steps in row.output.stride],
            "parameters": row.parameters,
            "parameters_share": _share(row.parameters, parameters),
            "multiply_adds": row.multiply_adds,
            "multiply_adds_share": _share(row.multiply_adds, multiply_adds),
        }
        for row in measured.table()
    ]
    return Inspection(rows, parameters, multiply_adds)


def _number(steps: int | Fraction) -> int | float:
    return float(steps) if steps % 1 else int(steps)


def _share(number: int | None, of: int | None) -> float | None:
    if number is None or of is None:
        return None
    return number / of if of else 0.0
