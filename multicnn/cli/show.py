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


@app.command()
def filters(
    image: Photograph = "china",
    names: Annotated[
        list[str] | None,
        typer.Option("--filter", help="A filter to draw, such as sobel_x; may be given again. All by default."),
    ] = None,
    out: Out = Path("filters.png"),
) -> None:
    """Draw an image under the filters of image processing."""
    from multicnn.lessons import photographs
    from multicnn.lessons.drawing import check_image
    from multicnn.lessons.filters import NAMES, filtered

    check_image(out)
    figure = filtered(photographs.grey(image, width=480), names or NAMES)
    _save(figure, out, f"{len(figure.outputs)} filters")


@app.command("receptive-field")
def receptive_field(
    model: Annotated[str, typer.Option(help="A name from `multicnn models`, or module:function.")] = "vgg16",
    input_shape: Annotated[
        str | None, typer.Option("--input", metavar="H,W,C", help="Shape of one example; by default the paper's.")
    ] = None,
    modality: Annotated[str | None, typer.Option(help="image, log-mel, waveform or text: the unit.")] = None,
    out: Out = Path("receptive_field.png"),
) -> None:
    """Draw how much of the input one position of each stage of a network sees."""
    from multicnn.cli.networks import shape_of
    from multicnn.lessons.drawing import check_image
    from multicnn.lessons.receptive_fields import receptive_fields

    check_image(out)
    figure = receptive_fields(model, shape_of(input_shape), modality=modality)
    for field in figure.fields:
        print_line(f"{field.stage:20} {field.words}")
    _save(figure, out, f"{len(figure.fields)} fields")


@app.command()
def activations(
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--activation",
            help="sigmoid, tanh, relu, randomized_leaky_relu or elu; may be given again. All by default.",
        ),
    ] = None,
    reach: Annotated[float, typer.Option(min=0.1, max=100, help="Draw from -REACH to REACH.")] = 4.0,
    out: Out = Path("activations.png"),
) -> None:
    """Draw activations and their slopes."""
    from multicnn.lessons.activations import SLOPES, curves
    from multicnn.lessons.drawing import check_image

    check_image(out)
    figure = curves(names or tuple(SLOPES), reach=reach)
    for name, slopes in figure.slopes.items():
        print_line(f"{name:22} slope {slopes.min():.3f} to {slopes.max():.3f}")
    _save(figure, out, f"{len(figure.values)} activations")


@app.command()
def initialization(
    depth: Annotated[int, typer.Option(min=2, max=50, help="Number of hidden layers.")] = 8,
    activation: Annotated[str, typer.Option(help="Their activation: relu, tanh, sigmoid ...")] = "relu",
    out: Out = Path("initialization.png"),
) -> None:
    """Draw what goes forward and back through a deep network under six ways to initialise it."""
    from multicnn.lessons.deep import by_layer
    from multicnn.lessons.drawing import check_image
    from multicnn.lessons.initialization import networks

    check_image(out)
    figure = by_layer(networks(depth=depth, activation=activation))
    for name, spread in figure.activations.items():
        print_line(f"{name:13} spread of the answers {spread[0]:.2e} in layer 1, {spread[-1]:.2e} in layer {depth}")
    _save(figure, out, f"{len(figure.activations)} initialisations")


@app.command()
def losses(
    reach: Annotated[float, typer.Option(min=0.1, max=100, help="Draw margins from -REACH to REACH.")] = 3.0,
    out: Out = Path("losses.png"),
) -> None:
    """Draw the step, hinge, squared and logistic loss by the margin, and the cross-entropy."""
    from multicnn.lessons import loss_curves
    from multicnn.lessons.drawing import check_image

    check_image(out)
    figure = loss_curves.losses(reach=reach)
    _save(figure, out, f"{len(figure.values)} losses, and the cross-entropy")


@app.command()
def optimizers(
    surface: Annotated[str, typer.Option(help="ravine, saddle or digits.")] = "ravine",
    names: Annotated[
        list[str] | None, typer.Option("--optimizer", help="Its name in a recipe; may be given again. Ten by default.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="The learning rate of all; by default a good one for each.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, max=5000, help="Number of steps.")] = 200,
    out: Out = Path("optimizers.png"),
) -> None:
    """Draw the way of optimizers down a loss of two variables."""
    from multicnn.lessons import surfaces
    from multicnn.lessons.drawing import check_image
    from multicnn.lessons.optimizer_paths import RATES, paths

    check_image(out)
    rates = {name: RATES.get(name, 0.1) if learning_rate is None else learning_rate for name in names or RATES}
    figure = paths(surfaces.by_name(surface), rates, steps=steps)
    for name in figure.paths:
        count = figure.steps_to_bottom(name)
        print_line(f"{name:9} rate {rates[name]:g}: {'not at the bottom' if count is None else f'{count} steps'}")
    _save(figure, out, f"{len(rates)} optimizers")


def _save(drawing: Drawing, out: Path, about: str) -> None:
    print_line(f"{drawing.save(out)}: {about}")
