"""`multicnn filters`, `feature-map`, `maximize` and `invert`: look inside a trained network."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from multicnn.cli.options import Json, loads_predictors
from multicnn.cli.predictors import refuse_urls
from multicnn.cli.printing import print_json, print_line

Model = Annotated[Path, typer.Argument(help="A model.keras file; of a blend, its network is looked at.")]
Out = Annotated[Path | None, typer.Option(help="The page or image to write, an .html or .png file.")]
Filters = Annotated[int, typer.Option(min=1, help="Number of filters.")]
Variation = Annotated[float, typer.Option(min=0, help="Weight of the total variation: more gives smoother inputs.")]


@loads_predictors
def filters(model: Model, out: Out = None, as_json: Json = False) -> None:
    """Show the filters that see the input: kernels as images; of audio in Hz and ms; of texts the words nearest to them."""
    from multicnn.api.inside import filters

    found = filters(model, out)
    if as_json:
        print_json([layer.to_dict() for layer in found])
        return
    for layer in found:
        print_line(f"{layer.layer}: {len(layer.views)} filters of {layer.scale}")
        for view in layer.views:
            words = [str(shown.content) for shown in view.shown if shown.kind == "text"]
            if view.facts:
                print_line(f"  {view.caption}{': ' if words else ''}{' '.join(words)}")
    _print_path(out)


@loads_predictors
def feature_map(
    model: Model,
    data: Annotated[str, typer.Argument(help="Labelled examples: a folder, table, .npz file or built-in data set.")],
    stage: Annotated[
        str | None, typer.Option(help="The stage, as `multicnn inspect` names it; by default the last with positions.")
    ] = None,
    filters: Filters = 8,
    top: Annotated[int, typer.Option(min=1, help="Number of examples for each filter.")] = 9,
    split: Annotated[
        str | None, typer.Option(help="The split to look at, of data that has splits: train, val or test.")
    ] = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Show the parts of inputs that filters of a stage respond to most strongly (Zeiler and Fergus 2014, figure 2)."""
    from multicnn.api.inside import feature_map
    from multicnn.cli.tables import RichReporter

    with RichReporter(quiet=as_json) as reporter:
        found = feature_map(model, data, out, stage=stage, filters=filters, top=top, split=split, reporter=reporter)
    if as_json:
        print_json([each.to_dict() for each in found])
        return
    for each in found:
        print_line(f"{each.stage}:{each.filter}: {each.strongest[0].value:.3g}, mean of all {each.mean:.3g}")
        for response in each.strongest:
            print_line(f"  {response.value:.3g}  {response.example}  {response.words}")
    _print_path(out)


@loads_predictors
def maximize(
    model: Model,
    label: Annotated[
        list[str] | None, typer.Option(help="A class to raise; may be given again. All by default.")
    ] = None,
    stage: Annotated[str | None, typer.Option(help="A stage whose filters are raised in place of classes.")] = None,
    filters: Filters = 8,
    other: Annotated[
        Path | None,
        typer.Option(help="A model.keras file trained from another seed, which is asked for the class of each input."),
    ] = None,
    variation: Variation = 3.0,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Make inputs that raise the logit of each class, or filters of a stage, under a total-variation prior."""
    from multicnn.api.inside import maximize
    from multicnn.explanations.synthesis import MAXIMIZING

    settings = dataclasses.replace(MAXIMIZING, variation=variation)
    made, agreement = maximize(
        model, out, labels=label or (), stage=stage, filters=filters, other=other, settings=settings
    )
    if as_json:
        print_json(made.to_dict() | ({} if agreement is None else {"other": agreement._asdict()}))
        return
    for name, before, after in zip(made.names, made.before, made.after):
        print_line(
            f"{name}: {before:.3f} to {after:.3f}{'' if after > before else ', not raised: the prior outweighs it'}"
        )
    if agreement is not None:
        of = f"of {agreement.inputs}"
        print_line(f"the other network: {agreement.maximized} {of}, of noise of equal norm {agreement.noise} {of}")
    _print_path(out)


@loads_predictors
def invert(
    model: Model,
    inputs: Annotated[
        list[str], typer.Argument(help="Files or folders of them; with two or more, others are compared.")
    ],
    stage: Annotated[
        list[str] | None, typer.Option(help="A stage; may be given again. All that have positions by default.")
    ] = None,
    variation: Variation = 0.01,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Make inputs that have the features of given ones at each stage: what a stage keeps (Mahendran and Vedaldi 2015)."""
    refuse_urls(inputs)
    from multicnn.api.inside import invert
    from multicnn.explanations.synthesis import INVERTING

    settings = dataclasses.replace(INVERTING, variation=variation)
    made = invert(model, inputs, out, stage_names=stage or (), settings=settings)
    if as_json:
        print_json([each.to_dict() for each in made])
        return
    for each in made:
        other = f", another input {each.other_errors.mean():.3f}" if len(each.other_errors) else ""
        print_line(f"{each.stage}: error {each.errors.mean():.3f}{other}, noise {each.start_errors.mean():.3f}")
    _print_path(out)


def _print_path(out: Path | None) -> None:
    if out is not None:
        print_line(out)
