"""Make the images of README.md and docs/ from runs on the built-in data sets, into docs/images/.

    python tools/readme_images.py [one_tree three report preview explain find_rate]

Without names it makes all of them, in about three minutes on two cores. The screenshots are
taken by headless Chromium (Debian: `apt-get install chromium`; the environment variable CHROMIUM names another binary). No image
may be larger than 150 kB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import textwrap
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image
from sklearn.datasets import load_digits

import multicnn
import multicnn.blocks as mb

IMAGES = Path(__file__).parents[1] / "docs" / "images"
LARGEST = 150_000  # bytes
INK, SOFT, BLUE = "#202020", "#707070", "#0072b2"
_LABEL = {"fontsize": 8.5, "color": SOFT, "ha": "center", "va": "center"}
DIGIT = 301  # a three of scikit-learn's digits, in the test split
CLIP = "seven_paul.ogg"  # of a voice in the test split
SENTENCE = "Set the line width and the color of every tick label on the axis."


def tree(classes: int) -> mb.Block:
    """Return the network of the figure: the same Block for all three modalities."""
    return mb.chain(
        mb.stage("conv1", mb.conv(32, 9, norm="batch", activation="relu"), mb.max_pool(4, padding="same")),
        mb.stage("conv2", mb.conv(64, 5, norm="batch", activation="relu"), mb.max_pool(4, padding="same")),
        mb.stage("conv3", mb.conv(128, 3, norm="batch", activation="relu"), mb.max_pool(2, padding="same")),
        mb.global_average_pool(),
        mb.dense(classes),
    )


COLUMNS = {  # what stands above each column
    "input": "one block tree",
    "conv1": "conv(32, 9), batch, relu\nmax_pool(4)",
    "conv2": "conv(64, 5), batch, relu\nmax_pool(4)",
    "conv3": "conv(128, 3), batch, relu\nmax_pool(2)",
    "logits": "global_average_pool()\ndense(classes)",
}
ROWS = {  # data set -> modality, classes, epochs and further settings
    "digits": ("image", 10, 6, ["preprocess.size=[64,64]"]),
    "spoken_digits": (
        "waveform",
        10,
        30,
        ["preprocess.features=waveform", "preprocess.sample_rate=8000", "augment.time_shift=800"],
    ),
    "docstrings": ("sentence", 4, 5, []),
}


def one_tree(folder: Path) -> None:
    """Draw what each stage of one Block puts out for an image, a waveform and a sentence."""
    figure = Figure(figsize=(12, 5.6), dpi=110)
    grid = figure.add_gridspec(3, 5, left=0.035, right=0.985, top=0.83, bottom=0.06, wspace=0.14, hspace=0.42)
    for column, (name, text) in enumerate(COLUMNS.items()):
        _box(figure, figure.add_subplot(grid[0, column]).get_position(), name, text)
    for row, (data, (modality, classes, epochs, settings)) in enumerate(ROWS.items()):
        optimizer = multicnn.Optimizer(learning_rate=3e-3, schedule="cosine")
        predictor = multicnn.train(
            data,
            folder / data,
            model=tree(classes).to_dict(),
            epochs=epochs,
            optimizer=optimizer,
            settings=settings,
            baseline="off",
        )
        source = _source(data)
        prediction = predictor.predict([source])[0]
        print(f"{modality}: {prediction.label} {prediction.probability:.3f}, test {predictor.metrics['test']}")
        for column, (shape, output) in enumerate(_outputs(predictor, source).items()):
            axes = figure.add_subplot(grid[row, column])
            if column == 0:
                _draw_input(axes, modality, output)
            else:
                _draw_maps(axes, output)
            axes.set_xlabel(shape, fontsize=8.5, color=SOFT, labelpad=3)
            if column == 0:
                axes.set_ylabel(modality, fontsize=11, color=INK)
        _draw_probabilities(figure.add_subplot(grid[row, 4]), prediction.probabilities)
    figure.savefig(IMAGES / "one_tree.png")


def _source(data: str) -> Any:
    """Return the example of the figure, as a user gives it to `predict`."""
    if data == "digits":
        return _digit()
    if data == "docstrings":
        return SENTENCE
    return next(Path(multicnn.__file__).parent.rglob(CLIP))


def _digit() -> np.ndarray:
    return (load_digits().images[DIGIT] * 255 / 16).round().astype(np.uint8)


def _outputs(predictor: Any, source: Any) -> dict[str, Any]:
    """Return the input and the output of each stage, by the text of its shape."""
    preprocess, network = predictor.preprocess, predictor.network
    raw = preprocess.decode(source)
    batch = preprocess.finish(preprocess.example(raw)[np.newaxis])
    stages = [[layer for layer in network.layers if layer.name.startswith(f"conv{i}.")][-1] for i in (1, 2, 3)]
    outputs = keras.Model(network.inputs, [stage.output for stage in stages])(batch)
    is_text = isinstance(raw, str)
    shape = f"{len(raw.split())} words, embed(…, 100)" if is_text else " x ".join(f"{n:,}" for n in batch.shape[1:])
    shown: dict[str, Any] = {shape: raw if is_text else np.asarray(batch)[0]}
    for output in outputs:
        shown[" x ".join(f"{n:,}" for n in output.shape[1:])] = np.asarray(output, np.float32)[0]
    return shown


def _box(figure: Figure, place: Any, name: str, text: str) -> None:
    """Draw a node of the tree above its column, with an arrow from the one before."""
    for axes in figure.axes[-1:]:
        axes.remove()
    left, width = place.x0, place.width
    if name != "input":
        box = FancyBboxPatch(
            (left, 0.885), width, 0.095, boxstyle="round,pad=0,rounding_size=0.012", fc="#eaf3f9", ec=BLUE, lw=1
        )
        figure.add_artist(box)
        figure.text(left - 0.013, 0.925, "→", fontsize=13, color=BLUE, ha="center", va="center")
    head = "" if name in ("input", "logits") else f'stage("{name}")\n'
    kwargs = {"weight": "bold", "fontsize": 12} if name == "input" else {"family": "monospace", "fontsize": 8}
    figure.text(left + width / 2, 0.932, head + text, ha="center", va="center", color=INK, linespacing=1.35, **kwargs)


def _draw_input(axes: Axes, modality: str, raw: Any) -> None:
    if modality == "image":
        axes.imshow(raw[..., 0], cmap="gray", aspect="equal")
    elif modality == "waveform":
        axes.plot(np.asarray(raw)[:, 0], lw=0.4, color=BLUE)
        axes.margins(x=0)
    else:
        axes.text(0.5, 0.5, textwrap.fill(f"“{raw}”", 26), ha="center", va="center", fontsize=9.5, color=INK)
    _bare(axes)


def _draw_maps(axes: Axes, output: np.ndarray) -> None:
    """Draw the strongest maps: side by side in two dimensions, one line per channel in one dimension."""
    strongest = np.argsort(-output.reshape(-1, output.shape[-1]).max(axis=0), kind="stable")
    if output.ndim == 3:
        maps = [np.pad(output[..., channel], 1, constant_values=np.nan) for channel in np.sort(strongest[:18])]
        tiled = np.vstack([np.hstack(maps[i : i + 6]) for i in (0, 6, 12)])
        axes.imshow(tiled, cmap="viridis", aspect="equal", interpolation="nearest")
    else:
        lines = output[:, np.sort(strongest[:18])].T
        masked = ~output.any(axis=1)  # the steps of padding
        lines = np.where(masked, np.nan, lines)
        axes.imshow(lines, cmap="viridis", aspect="auto", interpolation="nearest")
        if masked.any():
            axes.text((len(masked) + np.argmax(masked)) / 2 - 0.5, 8.5, "padding,\nmasked", **_LABEL)
            axes.set_facecolor("#f2f2f2")
    _bare(axes)


def _draw_probabilities(axes: Axes, probabilities: dict[str, float]) -> None:
    best = sorted(probabilities, key=probabilities.__getitem__)[-3:]
    for i, label in enumerate(best):
        axes.barh(i, probabilities[label], color=BLUE, height=0.2)
        axes.text(0, i + 0.18, label, fontsize=9, color=INK, va="bottom")
        axes.text(1, i + 0.18, f"{probabilities[label]:.2f}", fontsize=9, color=INK, va="bottom", ha="right")
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.3, 2.9)
    axes.set_xlabel(f"{len(probabilities)} classes", fontsize=8.5, color=SOFT, labelpad=3)
    _bare(axes)


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)


def three(folder: Path) -> None:
    """Save the handwritten digit that the quickstart predicts."""
    Image.fromarray(np.kron(_digit(), np.ones((8, 8), np.uint8))).save(IMAGES / "three.png", optimize=True)


def report(folder: Path) -> None:
    """Take a screenshot of the report of the quickstart's run."""
    multicnn.train("digits", folder / "digits", model="vgg_small", epochs=5)
    _screenshot(folder / "digits" / "report.html", "report.png", height=1085)


def preview(folder: Path) -> None:
    """Take a screenshot of the page of `multicnn preview`."""
    page = multicnn.preview(
        "digits", folder / "preview.html", examples=5, settings=["augment.shift=1", "augment.rotation=10"]
    )
    _screenshot(page, "preview.png", height=1168, width=1340)


def explain(folder: Path) -> None:
    """Take a screenshot of the page of `multicnn explain`."""
    predictor = multicnn.train("docstrings", folder / "text", model="textcnn", epochs=5)
    multicnn.explain_texts(predictor, [SENTENCE], folder / "why.html")
    _screenshot(folder / "why.html", "explain.png", height=700)


def find_rate(folder: Path) -> None:
    """Draw the figure of `multicnn find-rate`."""
    multicnn.find_rate("digits", IMAGES / "find_rate.png")


def _screenshot(page: Path, name: str, height: int, width: int = 1000) -> None:
    chromium = os.environ.get("CHROMIUM", "chromium")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},{height}"]
    made = IMAGES / name
    command = [chromium, *options, f"--screenshot={made}", page.resolve().as_uri()]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    Image.open(made).convert("RGB").quantize(128).save(made, optimize=True)


MAKERS = {make.__name__: make for make in (one_tree, three, report, preview, explain, find_rate)}


def main() -> None:
    """Make the images that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*", choices=[*MAKERS, []], help="Which; by default all.")
    matplotlib.rcParams["font.family"] = "DejaVu Sans"
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name in parser.parse_args().images or MAKERS:
        with tempfile.TemporaryDirectory() as folder:
            MAKERS[name](Path(folder))
        size = (IMAGES / f"{name}.png").stat().st_size
        print(f"docs/images/{name}.png: {size:,} bytes", flush=True)
        if size > LARGEST:
            raise SystemExit(f"docs/images/{name}.png has more than {LARGEST:,} bytes")


if __name__ == "__main__":
    main()
