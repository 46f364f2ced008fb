"""`multicnn show`: the figures of the notebooks, with parameters of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from multicnn.cli.printing import print_line

if TYPE_CHECKING:
    from multicnn.lessons.drawing import Drawing

app = typer.Typer(no_args_is_help=True, help="Draw an idea of the notebooks, with parameters of your own.")

Out = Annotated[Path, typer.Option(help="The image to write: .png, .svg, .jpg, .webp or .pdf.")]
Stride = Annotated[int, typer.Option(min=1, help="Distance between two steps.")]
Photograph = Annotated[str, typer.Option(help="An image file, or one of the photographs china and flower.")]


@app.command()
def convolution(
    image: Annotated[
        str,
        typer.Option(help="Rows of numbers, 1,0;0,1; or an image file, or one of the photographs china and flower."),
    ] = "2,1,2,3;3,0,0,2;0,4,1,0;2,0,0,0",
    kernel: Annotated[
        str, typer.Option(help="Rows of numbers, or a filter's name: sobel_x, edge4, sharpen, box_blur ...")
    ] = "1,1,0;1,-1,0;0,1,1",
    stride: Stride = 1,
    padding: Annotated[int, typer.Option(min=0, help="Cells added at each side.")] = 0,
    padding_mode: Annotated[str, typer.Option(help="zeros, edge, reflect, symmetric or circular.")] = "zeros",
    flipped: Annotated[
        bool, typer.Option("--flipped", help="Turn the kernel, as the convolution of mathematics does.")
    ] = False,
    out: Out = Path("convolution.png"),
) -> None:
    """Draw a window that steps over an image, with its numbers if they are few."""
    from multicnn.lessons import matrices, window
    from multicnn.lessons.drawing import check_image

    check_image(out)
    steps = window.step(
        matrices.plane(image, width=480),
        matrices.kernel(kernel),
        stride=stride,
        padding=padding,
        padding_mode=padding_mode,
        flipped=flipped,
    )
    rows, columns = steps.output.shape
    if max(rows, columns) <= 12:
        for row in steps.output:
            print_line(" ".join(f"{value:7.4g}" for value in row))
    _save(steps, out, f"output of {rows} x {columns}")


@app.command()
def padding(
    image: Photograph = "china",
    padding: Annotated[int, typer.Option(min=1, help="Pixels added at each side.")] = 80,
    out: Out = Path("padding.png"),
) -> None:
    """Draw an image padded by zeros, its border, both mirrors, and its other side."""
    from multicnn.lessons import photographs
    from multicnn.lessons.drawing import check_image
    from multicnn.lessons.padding import padded_image, padded_text

    check_image(out)
    figure = padded_image(photographs.photograph(image), padding)
    for mode, letters in padded_text().items():
        print_line(f"{mode:10} {letters}")
    _save(figure, out, f"{len(figure.images)} modes")


def _save(drawing: Drawing, out: Path, about: str) -> None:
    print_line(f"{drawing.save(out)}: {about}")
