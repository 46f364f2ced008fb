"""`multicnn explain`: the n-grams behind a text predictor's decisions, in color; of any other predictor, maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from multicnn.cli.maps import draws_maps, is_data
from multicnn.cli.options import Json, loads_predictors
from multicnn.cli.predictors import text_or_file
from multicnn.cli.printing import print_json, print_line, printable

_FOR, _AGAINST = (33, 113, 181), (217, 95, 14)


@loads_predictors
@draws_maps
def explain(
    model: Annotated[Path, typer.Argument(help="A model.keras file.")],
    inputs: Annotated[
        list[str],
        typer.Argument(help="Files, or texts; or labelled data: one table, folder or built-in data set."),
    ],
    out: Annotated[Path | None, typer.Option(help="The HTML page to write.")] = None,
    label: Annotated[str | None, typer.Option(help="The class to explain; by default the predicted one.")] = None,
    split: Annotated[
        str | None, typer.Option(help="The split to explain, of data that has splits: train, val or test.")
    ] = None,
    examples: Annotated[
        int, typer.Option(min=1, help="Number of examples of the data that are explained one by one: the worst.")
    ] = 20,
    top: Annotated[
        int, typer.Option(min=1, help="Number of n-grams shown for a text or a class, and of filters.")
    ] = 10,
    as_json: Json = False,
) -> None:
    """Explain decisions: a map of what spoke for a class; of texts the n-grams that fired, and what they added to the logit."""
    from multicnn.api import explain_data, explain_texts

    findings = None
    if is_data(inputs, split):
        findings, explained = explain_data(model, inputs[0], out, label=label, split=split, examples=examples, top=top)
    else:
        explained = explain_texts(model, [text_or_file(text) for text in inputs], out, label=label)
    if as_json:
        result: dict[str, Any] = {"texts": [explanation.to_dict() for explanation in explained]}
        print_json(result | ({"data": findings.to_dict()} if findings else {}))
        return
    if findings:
        _show_findings(findings)
    else:
        for explanation in explained:
            _show(explanation, top)
    if out is not None:
        print_line(out)


def _show(explanation: Any, top: int) -> None:
    """Print a text, with each token in the colour of its score, and the n-grams that contribute most."""
    from rich.console import Console
    from rich.text import Text

    from multicnn.cli.tables import show_table

    scores = explanation.scores[:, explanation.column]
    largest = float(abs(scores).max(initial=0))
    shown = Text()
    between = "" if all(len(token) == 1 for token in explanation.tokens) else " "
    for token, score in zip(explanation.tokens, scores.tolist()):
        shown.append(printable(token), style=_style(score, largest))
        shown.append(between)
    console = Console()
    console.print(shown)
    sums = f"logit {explanation.logits[explanation.column]:.3f}"
    if explanation.method == "n-grams":
        sums += f" = n-grams {scores.sum():+.3f}, bias {explanation.bias[explanation.column]:+.3f}"
    line = f"{printable(explanation.label)} ({explanation.probability:.3f}); {sums}"
    console.print(line, highlight=False, markup=False)
    rows = [
        [
            gram.text,
            f"{gram.contribution[explanation.column]:+.3f}",
            ", ".join(f"{name} ({value:.2f})" for name, value in gram.filters[:3]),
        ]
        for gram in explanation.ngrams[:top]
    ]
    show_table("", ["n-gram", "contribution", "filters"], rows, console)


def _style(score: float, largest: float) -> str:
    """Return a style of black or white on a tint, so that it is readable on any terminal."""
    if not largest or abs(score) < 0.05 * largest:
        return ""
    strength = abs(score) / largest
    mixed = (round(255 + strength * (channel - 255)) for channel in (_FOR if score > 0 else _AGAINST))
    red, green, blue = mixed
    return f"{'white' if strength > 0.7 else 'black'} on rgb({red},{green},{blue})"


def _show_findings(findings: Any) -> None:
    from multicnn.cli.tables import show_table

    for label, rows in findings.classes.items():
        listed = [[row["text"], row["texts"], f"{row['contribution']:+.3f}"] for row in rows]
        show_table(f"for {label}, over {findings.texts:,} texts", ["n-gram", "texts", "contribution"], listed)
    if findings.filters:
        listed = [
            [row["filter"], row["label"], f"{row['weight']:.3f}", row["texts"], " · ".join(row["fired_by"])]
            for row in findings.filters
        ]
        show_table("the filters that contribute most", ["filter", "for", "weight", "texts", "fired by"], listed)
