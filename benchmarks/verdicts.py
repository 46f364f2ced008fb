"""Plant one fault after another, train, and print what the verdict says; then healthy runs, of which it must say nothing false.

    python benchmarks/verdicts.py [FAULT ...] [--healthy]

Each fault is made on a built-in data set with a network of a few layers. The table of docs/training.md is this one's; it
takes about two minutes on two cores of an AMD EPYC with AVX-512, the healthy runs about four.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import multicnn  # before TensorFlow, whose settings it makes
from multicnn.blocks import Block, activation, chain, conv, dense, flatten, max_pool, repeat
from multicnn.recipe import DataSource, Model, Recipe
from multicnn.utils.reporter import Reporter

PLAIN = (  # before the last layer
    conv(8, 3, activation="relu"),
    max_pool(2),
    conv(16, 3, activation="relu"),
    flatten(),
    dense(32),
    activation("relu"),
)
SIGMOIDS = (flatten(), repeat(10, chain(dense(32), activation("sigmoid"))))
TANHS = (flatten(), dense(64), activation("tanh"))
SGD = "optimizer.name=sgd"
_NARROW = ["preprocess.level=characters", "model.arguments.filters=16", "model.arguments.units=64"]
_LARGE_INPUTS = ["preprocess.mean=[0.3]", "preprocess.std=[0.0007]"]  # 500 times what they should be


@dataclasses.dataclass(frozen=True)
class Fault:
    """A fault, and the diagnosis that must name it.

    Attributes:
        expected: The name of the diagnosis, and the names of others that follow from the fault and may stand beside it.
        settings: What makes the fault.
        model: The network by name, or its blocks before the last layer.
        data: The data, or a function that writes them into a folder and returns their path.
        start: Settings of a run whose weights this one starts with.
    """

    expected: Sequence[str]
    settings: Sequence[str] = ()
    model: str | tuple[Block, ...] = PLAIN
    classes: int = 10
    data: str | Callable[[Path], Path] = "digits"
    start: Sequence[str] | None = None
    epochs: int = 4


def _digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return np.rint(pixels.reshape(-1, 8, 8) * 255 / 16).astype(np.uint8), labels


def _saved(folder: Path, name: str, **arrays: np.ndarray) -> Path:
    np.savez(folder / name, **arrays)
    return folder / name


def without_a_class(folder: Path) -> Path:
    """Digits whose test set has no 8 and no 9."""
    x, y = _digits()
    test = np.arange(len(x)) % 5 == 0
    kept = test & (y < 8)
    return _saved(folder, "missing.npz", x_train=x[~test], y_train=y[~test], x_test=x[kept], y_test=y[kept])


def noise(folder: Path) -> Path:
    """Digits whose labels are drawn at random."""
    x, y = _digits()
    return _saved(folder, "noise.npz", x=x, y=np.random.default_rng(0).permutation(y))


def spoilt_training(folder: Path) -> Path:
    """Digits whose training labels alone are drawn at random."""
    x, y = _digits()
    val = np.arange(len(x)) % 5 == 0
    wrong = np.random.default_rng(0).permutation(y[~val])
    return _saved(folder, "spoilt.npz", x_train=x[~val], y_train=wrong, x_val=x[val], y_val=y[val])


def rare(folder: Path) -> Path:
    """Noise of two classes, of which one has a twentieth of the images."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (600, 8, 8), np.uint8)
    return _saved(folder, "rare.npz", x=x, y=(np.arange(600) % 20 == 0).astype(int))


def twenty(folder: Path) -> Path:
    """Digits of which 20 are for validation."""
    x, y = _digits()
    return _saved(
        folder,
        "twenty.npz",
        x_train=x[20:1500],
        y_train=y[20:1500],
        x_val=x[:20],
        y_val=y[:20],
        x_test=x[1500:],
        y_test=y[1500:],
    )


def few(folder: Path) -> Path:
    """A hundred digits for training, the others to test on, with their pixels in noise."""
    x, y = _digits()
    x = np.clip(x + np.random.default_rng(0).normal(0, 90, x.shape), 0, 255).astype(np.uint8)
    return _saved(
        folder,
        "few.npz",
        x_train=x[:100],
        y_train=y[:100],
        x_val=x[100:600],
        y_val=y[100:600],
        x_test=x[600:],
        y_test=y[600:],
    )


FAULTS = {
    "all weights start at 0": Fault(["identical units"], ["model.initializer=zeros"]),
    "all weights start at 0.05": Fault(
        ["identical units"], ['model.initializer=["random_normal", {"mean": 0.05, "stddev": 0}]']
    ),
    "initial weights of deviation 5": Fault(
        ["initial weights too large", "dead units"], ['model.initializer=["random_normal", {"stddev": 5}]', SGD]
    ),
    "initial weights of deviation 0.0001": Fault(
        ["initial weights too small", "vanishing gradients", "dead units"],
        ['model.initializer=["random_normal", {"stddev": 0.0001}]', SGD],
    ),
    "char_cnn with a sixteenth of the filters its initial weights are meant for": Fault(
        ["initial weights too small", "vanishing gradients", "dead units"],
        _NARROW,
        model="char_cnn_small",
        data="docstrings",
    ),
    "Adam at a rate of 1": Fault(["learning rate too high", "dead units"], ["optimizer.learning_rate=1"]),
    "SGD at a rate of 0.5": Fault(["learning rate too high", "dead units"], [SGD, "optimizer.learning_rate=0.5"]),
    "loaded weights at a rate of 0.3, nothing frozen": Fault(
        ["loaded features destroyed", "dead units"],
        ["optimizer.learning_rate=0.3"],
        start=["epochs=6"],
    ),
    "kernels that are all negative, before rectifiers": Fault(
        ["dead units"], ['model.initializer=["random_uniform", {"minval": -0.2, "maxval": -0.01}]']
    ),
    "inputs 500 times too large, before tanh": Fault(["saturated units"], _LARGE_INPUTS, model=TANHS),
    "ten layers of sigmoids": Fault(["vanishing gradients"], [SGD], model=SIGMOIDS),
    "inputs 500 times too large, before rectifiers": Fault(
        ["exploding gradients", "learning rate too high"],
        [*_LARGE_INPUTS, "optimizer.learning_rate=1e-6"],
    ),
    "SGD at a rate of 0.000001": Fault(["learning rate too low"], [SGD, "optimizer.learning_rate=1e-6"]),
    "a window of 0.1 s for words of half a second": Fault(
        ["window too short"], ["preprocess.seconds=0.1"], model="linear", data="spoken_digits"
    ),
    "a length of 3 words for sentences": Fault(
        ["window too short"], ["preprocess.length=3"], model="textcnn", data="docstrings"
    ),
    "labels drawn at random": Fault(["nothing learned", "nothing learned that holds"], data=noise),
    "labels drawn at random, learned by heart": Fault(
        ["nothing learned that holds"], ["optimizer.learning_rate=0.003"], data=noise, epochs=40
    ),
    "a class of 5 % that cannot be told": Fault(["one answer to everything"], data=rare, classes=2),
    "weights that were good, training labels that are not": Fault(
        ["nothing learned", "stopped after the first epoch"],
        ["patience=2"],
        data=spoilt_training,
        start=["epochs=6"],
        epochs=10,
    ),
    "two epochs": Fault(["underfitting"], ["optimizer.learning_rate=3e-4"], epochs=2),
    "a hundred training examples in noise": Fault(
        ["overfitting"], ["optimizer.learning_rate=0.003"], data=few, epochs=20
    ),
    "20 validation examples": Fault(["small validation set"], data=twenty, epochs=8),
    "a test set without two of the classes": Fault(["classes without test examples"], data=without_a_class, epochs=8),
}

HEALTHY = {
    "digits, lenet5": ("digits", "lenet5", ["preprocess.size=[28, 28]", "epochs=6"]),
    "digits, vgg_small": ("digits", "vgg_small", ["model.arguments.width=8", "epochs=8"]),
    "digits, resnet20": ("digits", "resnet20", ["model.arguments.width=8", "epochs=8"]),
    "digits, linear": ("digits", "linear", ["epochs=20"]),
    "spoken_digits, res8": ("spoken_digits", "res8", ["epochs=16", "optimizer.learning_rate=0.003"]),
    "docstrings, textcnn": ("docstrings", "textcnn", ["epochs=6"]),
    "docstrings, char_cnn_small": (
        "docstrings",
        "char_cnn_small",
        [*_NARROW, "model.initializer=he_normal", "epochs=12", "optimizer.learning_rate=3e-4"],
    ),
}
# What may be said of a network in which nothing is broken.
OF_HEALTHY = {"overfitting", "underfitting"}


class _Lines(Reporter):
    def log(self, line: str, level: int = logging.INFO) -> None:
        """Print nothing."""


def planted(fault: Fault, folder: Path, seed: int = 0) -> multicnn.Predictor:
    """Train with a fault in a folder, and return the predictor with its metrics."""
    data = fault.data if isinstance(fault.data, str) else str(fault.data(folder))
    model = fault.model if isinstance(fault.model, str) else chain(*fault.model, dense(fault.classes)).to_dict()
    settings = [f"epochs={fault.epochs}", *fault.settings]
    if fault.start is not None:
        trained("digits", model, fault.start, folder / "start", seed)
        settings += [f"start.path={folder / 'start' / 'model.keras'}", "start.finetune=off"]
    return trained(data, model, settings, folder / "run", seed)


def trained(
    data: str, model: str | dict[str, Any], settings: Sequence[str], out: Path, seed: int
) -> multicnn.Predictor:
    """Train by a recipe, to which no default is added that suits the data."""
    recipe = Recipe(data=DataSource(path=data), model=Model(name=model), seed=seed, baseline="off")
    return multicnn.train(recipe, out, settings=list(settings), reporter=_Lines())


def main() -> None:
    """Print a line for each fault, or for each healthy run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="words of the faults to plant; by default all")
    parser.add_argument("--healthy", action="store_true", help="train the healthy networks instead")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name, run in (HEALTHY if options.healthy else FAULTS).items():
        if options.faults and not any(words in name for words in options.faults):
            continue
        with tempfile.TemporaryDirectory() as folder:
            if isinstance(run, Fault):
                made = planted(run, Path(folder), options.seed)
            else:
                data, model, settings = run
                made = trained(data, model, settings, Path(folder) / "run", options.seed)
        said = [f"{row['name']}: {row['message']}" for row in made.metrics["diagnoses"]]
        print(f"\n{name}\n  " + "\n  ".join(said or [made.metrics["verdict"]]), flush=True)


if __name__ == "__main__":
    main()
