"""`multicnn.explain`: a map of what moved each decision, for every modality."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from multicnn.backends import forks
from multicnn.data.inputs import inputs_of, name_of, source_of
from multicnn.evaluation.attributions import write_attributions
from multicnn.explanations.attributed import How, attributed
from multicnn.explanations.attribution import Attribution
from multicnn.explanations.attributor import Attributor
from multicnn.modalities.reasons import BAD, reason
from multicnn.predictor import Predictor, load
from multicnn.training.setup import Source
from multicnn.utils.outputs import check_file


def explain(
    predictor: Predictor | str | os.PathLike,
    inputs: object,
    out: str | os.PathLike | None = None,
    *,
    method: str | None = None,
    stage: str | None = None,
    label: str | None = None,
) -> list[Attribution]:
    """Explain the decision on each input, by a map over it of what spoke for a class and against it.

    Of an audio clip longer than the network's window, or a text that is read in windows, the one is explained whose output is
    most sure of the class.

    Args:
        predictor: A predictor, or the path of its .keras file.
        inputs: One input or several, as `Predictor.predict` takes them.
        out: The HTML page to write, if any.
        method: One of `multicnn.explanations.METHODS`; None is the one that points best for the modality.
        stage: The stage of the network that Grad-CAM takes; None is the last that has positions.
        label: The class to explain; None is the one predicted for each input.

    Raises:
        ValueError: The method has no meaning for the network; the method, the stage or the class is unknown; there is no input,
            or one cannot be read.
    """
    predictor, attributor, how = _prepared(predictor, out, method, stage, label)
    found = list(_explained(predictor, attributor, inputs, how))
    if not found:
        raise ValueError("`inputs` must hold at least one input. Received: inputs=[]")
    if out is not None:
        write_attributions(Path(out), "What moved the decisions", found, predictor.preprocess)
    return found


def _prepared(
    predictor: Predictor | str | os.PathLike,
    out: str | os.PathLike | None,
    method: str | None,
    stage: str | None,
    label: str | None,
) -> tuple[Predictor, Attributor, How]:
    """Return the predictor, what makes its maps, and how; everything is checked before an input is read."""
    forks.check()
    check_file(out)
    predictor = predictor if isinstance(predictor, Predictor) else load(predictor)
    attributor = Attributor(predictor.network, predictor.block, predictor.preprocess, predictor.task)
    chosen = method or (attributor.default_method if stage is None else "grad-cam")
    attributor.check(chosen, stage)
    if label is not None and label not in predictor.labels:
        raise ValueError(f"`label` must be one of {list(predictor.labels)}. Received: label={label!r}")
    return predictor, attributor, How(chosen, stage, label)


def _explained(predictor: Predictor, attributor: Attributor, inputs: object, how: How) -> Iterator[Attribution]:
    for position, given in enumerate(inputs_of(inputs, predictor.preprocess)):
        name = name_of(given, position)
        try:
            raw = predictor.preprocess.decode(source_of(given, predictor.preprocess))
        except BAD as error:
            raise ValueError(f"`inputs` must be readable ({reason(error)}). Received: inputs={name!r}") from error
        yield attributed(attributor, name, raw, how)


def explain_worst(
    predictor: Predictor | str | os.PathLike,
    data: Source,
    out: str | os.PathLike | None = None,
    *,
    method: str | None = None,
    stage: str | None = None,
    label: str | None = None,
    split: str | None = None,
    examples: int = 20,
) -> list[Attribution]:
    """Explain the decisions on labelled examples: those on which the loss is highest.

    Args:
        predictor: A predictor, or the path of its .keras file.
        data: A source of labelled examples; a path is read as in the training of the predictor.
        out: The HTML page to write, if any.
        method: As in `explain`.
        stage: As in `explain`.
        label: As in `explain`.
        split: "train", "val" or "test" of the data, as in `evaluate`.
        examples: Number of examples.

    Raises:
        ValueError: As in `explain` and `evaluate`.
    """
    predictor, attributor, how = _prepared(predictor, out, method, stage, label)
    evaluation = predictor.evaluation(data, split=split)
    manifest, rows = evaluation.manifest, evaluation.rows
    losses = predictor.task.plain_losses(evaluation.logits, evaluation.targets)
    found = []
    for i in np.argsort(-losses, kind="stable")[:examples]:
        row = manifest.table.iloc[rows[i]]
        raw = predictor.preprocess.decode(manifest.raw_source(rows[i]))
        explanation = attributed(attributor, str(row["id"]), raw, how)
        found.append(dataclasses.replace(explanation, truth=str(row["label"])))
    if out is not None:
        name = Path(predictor.source(data).path).name
        write_attributions(Path(out), f"What moved the worst decisions on {name}", found, predictor.preprocess)
    return found
