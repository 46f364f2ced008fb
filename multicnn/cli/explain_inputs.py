"""Print how `multicnn explain` explains a predictor of several inputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from multicnn.cli.printing import print_json, printable

if TYPE_CHECKING:
    from multicnn.explanations.of_inputs import InputShares
    from multicnn.predictor import Predictor


def show_inputs(predictor: Predictor, inputs: list[str], label: str | None, as_json: bool) -> None:
    """Print what each input added to the decision on each row of tables; exit code 1 if one of them is bad.

    Args:
        predictor: A predictor of several inputs.
        inputs: The paths of tables.
        label: The class to explain; None is the one predicted.
        as_json: Print JSON.
    """
    from multicnn.api import explain_inputs

    explained = explain_inputs(predictor, [Path(item) for item in inputs], label=label)
    if as_json:
        print_json({"rows": [each.to_dict() for each in explained]})
    else:
        _show(predictor, explained)
    if any(each.error is not None for each in explained):
        raise typer.Exit(1)


def _show(predictor: Predictor, explained: list[InputShares]) -> None:
    from multicnn.cli.tables import show_table

    rows = []
    for each in explained:
        if each.error is not None:
            rows.append([printable(each.input), f"error: {printable(each.error)}"])
            continue
        added = each.added or {}
        cells = [f"{added[name]:+.2f}" if name in added else "-" for name in predictor.preprocess.input_names]
        sums = (f"{each.without:+.2f}", f"{each.logit:+.2f}", printable(each.remark))
        label, probability = printable(str(each.label)), f"{each.probability:.3f}"
        rows.append([printable(each.input), label, probability, *cells, *sums])
    head = ["", "label", "probability", *predictor.preprocess.input_names, "without", "sum", ""]
    show_table(
        "added to the logit, above the mean of the classes", head, [row + [""] * (len(head) - len(row)) for row in rows]
    )
