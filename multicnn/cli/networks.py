"""`multicnn models` and `inspect`: list the networks, and show one stage by stage, without building it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from multicnn.cli.options import Json, loads_predictors
from multicnn.cli.printing import print_json, print_line


def models(as_json: Json = False) -> None:
    """List the networks by name: the modalities they suit and their parameters, counted without building them."""
    from multicnn.blocks.cost import measure
    from multicnn.models import ANY, MODELS, create

    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "modalities": list(known.modalities),
            "input": list(known.input_shape),
            "classes": known.classes,
            "parameters": measure(create(name, known.classes), known.input_shape).parameters,
            "logits_per": known.logits_per,
        }
        for name, known in MODELS.items()
    ]
    if as_json:
        print_json(rows)
        return
    from multicnn.cli.tables import show_table

    shown = [
        [
            row["name"],
            "any" if row["modalities"] == list(ANY) else ", ".join(row["modalities"]),
            "x".join(map(str, row["input"])),
            f"{row['classes']}" + ("" if row["logits_per"] == "example" else f" a {row['logits_per']}"),
            f"{row['parameters']:,}",
        ]
        for row in rows
    ]
    show_table("networks", ["name", "modalities", "counted on input", "classes", "parameters"], shown)


@loads_predictors
def inspect(
    model: Annotated[
        str, typer.Argument(help="A name from `multicnn models`, module:function, or a model.keras file.")
    ],
    input_shape: Annotated[
        str | None, typer.Option("--input", metavar="H,W,C", help="Shape of one example: 224,224,3, or time,channels.")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="Number of classes.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A hyperparameter, such as width=32.")
    ] = None,
    modality: Annotated[
        str | None, typer.Option(help="image, log-mel, waveform or text: sets the unit of the receptive fields.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a network stage by stage: shapes, receptive field, parameters, multiply-adds; nothing is built."""
    from multicnn.api import inspect
    from multicnn.recipe import assigned

    table = inspect(
        model, shape_of(input_shape), classes=classes, arguments=assigned({}, settings or []), modality=modality
    )
    if as_json:
        print_json(table.to_dict())
        return
    from multicnn.cli.tables import show_inspection

    show_inspection(model, table)
    if table.saved:
        print_line(f"saved: {table.saved}")


def shape_of(text: str | None) -> tuple[int, ...] | None:
    """Return the shape in "224,224,3"; None for None."""
    if text is None:
        return None
    try:
        sizes = tuple(int(size) for size in text.replace("x", ",").split(","))
    except ValueError:
        sizes = ()
    if not 1 <= len(sizes) <= 3 or min(sizes) < 1:
        raise ValueError(f"`input_shape` must be one to three sizes, such as 224,224,3. Received: input_shape={text!r}")
    return sizes
