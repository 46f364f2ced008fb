"""`multicnn explain` by maps: of images and clips, and of texts by a method that is named."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from multicnn.cli.explain_inputs import show_inputs
from multicnn.cli.options import with_options
from multicnn.cli.predictors import expanded, refuse_urls, text_or_file
from multicnn.cli.printing import print_json, print_line, printable

if TYPE_CHECKING:
    from multicnn.explanations.attribution import Attribution
    from multicnn.predictor import Predictor

_METHOD = typer.Option(
    help="saliency, gradient-x-input, integrated-gradients, smoothgrad, guided-backprop, deconvnet, grad-cam, "
    "guided-grad-cam, occlusion or n-grams; by default the one that points best for the modality."
)
_STAGE = typer.Option(help="The stage that Grad-CAM takes; by default the last that has positions.")


def draws_maps(function: Callable[..., None]) -> Callable[..., None]:
    """Give the command of texts the options --method and --stage, and let it draw maps where there are no texts."""

    @functools.wraps(function)
    def command(*, method: str | None, stage: str | None, **arguments: Any) -> None:
        refuse_urls(arguments["inputs"])
        is_data(arguments["inputs"], arguments["split"])
        from multicnn.predictor import load
        from multicnn.utils.outputs import check_file

        check_file(arguments["out"])
        predictor = load(arguments["model"])
        if predictor.preprocess.input_names:
            given = {"method": method, "stage": stage, "out": arguments["out"], "split": arguments["split"]}
            for name, value in given.items():
                if value is not None:
                    raise ValueError(
                        f"`{name}` is for predictors of one kind of input, not of several together. Received: {name}={str(value)!r}"
                    )
            show_inputs(predictor, arguments["inputs"], arguments["label"], arguments["as_json"])
        elif predictor.preprocess.tokenized and predictor.task.classes and method is None and stage is None:
            function(**arguments | {"model": predictor})
        else:
            _draw(predictor, {"method": method, "stage": stage}, **arguments)

    return with_options(
        command, function, {"method": Annotated[str | None, _METHOD], "stage": Annotated[str | None, _STAGE]}
    )


def is_data(inputs: list[str], split: str | None) -> bool:
    """Return whether the one input is labelled data.

    Raises:
        ValueError: It is not, and a split of it is asked for.
    """
    from multicnn.data.paths import locate
    from multicnn.data.sources import BUILTIN

    first = inputs[0]
    found = len(inputs) == 1 and bool(first) and not first.endswith(".txt")
    found = found and (os.path.exists(locate(first)) or first in BUILTIN)
    if split is not None and not found:
        raise ValueError(f"`split` needs data: one table, folder or built-in data set. Received: inputs={first!r}")
    return found


def _draw(predictor: Predictor, how: dict[str, str | None], **arguments: Any) -> None:
    from multicnn.api import attributions

    inputs, out, split = arguments["inputs"], arguments["out"], arguments["split"]
    texts = predictor.preprocess.inline
    # A file is an input where it is no text, and so is a folder of files.
    single = (
        os.path.isfile(inputs[0]) and not texts and Path(inputs[0]).suffix.lower() not in (".csv", ".tsv", ".jsonl")
    )
    flat = os.path.isdir(inputs[0]) and not any(os.path.isdir(entry) for entry in os.scandir(inputs[0]))
    if is_data(inputs, split) and not single and (texts or split is not None or not flat):
        found = attributions.explain_worst(
            predictor, inputs[0], out, label=arguments["label"], split=split, examples=arguments["examples"], **how
        )
    else:
        given = [text_or_file(item) if texts and isinstance(item, str) else item for item in expanded(inputs, None)]
        found = attributions.explain(predictor, given, out, label=arguments["label"], **how)
    if arguments["as_json"]:
        print_json({"explanations": [each.to_dict() for each in found]})
        return
    if found[0].warning:
        typer.echo(f"warning: {found[0].warning}", err=True)
    for each in found:
        _show(each, arguments["top"])
    if out is not None:
        print_line(out)


def _show(explanation: Attribution, top: int) -> None:
    """Print an explanation in a line; of a text its strongest tokens, too."""
    from multicnn.evaluation.attributions import facts

    known = "; ".join(f"{name} {value}" for name, value in facts(explanation).items())
    print_line(f"{printable(explanation.input)}: {explanation.method}; {printable(known)}")
    scored = sorted(zip(explanation.tokens, explanation.cells.tolist()), key=lambda each: -abs(each[1]))
    if scored:
        print_line("  " + ", ".join(f"{printable(token)} {score:+.3f}" for token, score in scored[:top]))
