"""The explanation of the decision on one input, of whatever length."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np

from multicnn.explanations.attribution import Attribution
from multicnn.explanations.attributor import Attributor
from multicnn.modalities.text.preprocess import TextPreprocess


class How(NamedTuple):
    """How decisions are explained.

    Attributes:
        method: The method.
        stage: The stage that Grad-CAM takes; None for the last that has positions.
        label: The class; None for the one that is predicted.
    """

    method: str
    stage: str | None = None
    label: str | None = None


def attributed(attributor: Attributor, name: str, raw: object, how: How) -> Attribution:
    """Explain the decision on one decoded input.

    Args:
        attributor: Makes the maps of a network.
        name: What the input is called.
        raw: The input, as `preprocess.decode` returns it.
        how: How it is explained.
    """
    method, stage, label = how
    preprocess, task = attributor.preprocess, attributor.task
    starts, windows = zip(*preprocess.windows(raw), strict=True)
    examples = np.stack([preprocess.example(window) for window in windows])
    logits = attributor.logits(np.asarray(preprocess.finish(examples)))
    outputs = task.outputs(logits)
    merged = task.merge(outputs)
    best = int(np.argmax(merged))
    column = best if label is None else task.labels.index(label)
    at = int(np.argmax(outputs[:, column]))
    finished = np.asarray(preprocess.finish(examples[at : at + 1]))
    cells = attributor.maps(method, finished, np.array([column]), preprocess.real_cells(windows[at])[None], stage)[0]
    tokens: tuple[str, ...] = ()
    if preprocess.tokenized:
        texts = cast("TextPreprocess", preprocess)
        tokens, cells = texts.in_reading_order(cast("str", windows[at]), cells)
    return Attribution(
        input=name,
        labels=task.labels,
        label=task.labels[column],
        predicted=task.labels[best],
        probability=float(merged[column]),
        logit=float(logits[at, column]),
        method=method,
        cells=cells,
        peak=preprocess.peak(windows[at], cells),
        shares={name: float(share[0, column]) for name, share in attributor.shares.of(finished).items()},
        layers=attributor.layers(method, stage),
        start=float(starts[at]),
        window=preprocess.position(starts[at]) if len(windows) > 1 else "",
        tokens=tokens,
        raw=windows[at],
    )
