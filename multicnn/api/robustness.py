"""Robustness: a predictor on inputs that are attacked, noisy or changed otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from multicnn.backends import forks
from multicnn.evaluation.headline import saved_name
from multicnn.evaluation.robustness import Card, RobustnessSettings, Subject, check, measure
from multicnn.predictor import Predictor, load
from multicnn.recipe import DataSource
from multicnn.utils.outputs import check_file
from multicnn.utils.reporter import Reporter


def robustness(
    predictor: Predictor | str | os.PathLike,
    data: str | os.PathLike | DataSource | Iterable[object],
    out: str | os.PathLike | None = None,
    *,
    split: str | None = None,
    chosen: RobustnessSettings | None = None,
    reporter: Reporter | None = None,
) -> Card:
    """Measure a predictor on inputs that are attacked, noisy or changed otherwise.

    Args:
        predictor: A predictor, or the path of its .keras file.
        data: A source of labelled examples, as in `evaluate`.
        out: The HTML page to write, if any; the numbers go beside it as .json.
        split: The split to measure, as in `evaluate`.
        chosen: The tests, the number of examples, and the size of attacks.
        reporter: Receives messages and progress.

    Returns:
        The card: a row for each attack, for noise as large, and for each degree of each change.

    Raises:
        ValueError: No usable example is there, or a test is none of the modality's.
    """
    check_file(out)
    forks.check()
    predictor = predictor if isinstance(predictor, Predictor) else load(predictor)
    chosen = chosen or RobustnessSettings()
    check(predictor.preprocess, predictor.task, chosen)
    evaluation = predictor.evaluation(data, split=split, reporter=reporter)

    def predicted(files: Iterable[bytes]) -> Iterator[Sequence[str]]:
        return (prediction.labels for prediction in predictor.stream(files))

    name = saved_name(str(predictor.metrics.get("model") or "the network"), predictor.metrics)
    source = Path(predictor.source(data).path).name
    subject = Subject(name, source, predictor.network, predictor.preprocess, predictor.task, predicted)
    card = measure(subject, evaluation.manifest, evaluation.rows, chosen, reporter or Reporter())
    if out is not None:
        card.write(Path(out))
    return card
