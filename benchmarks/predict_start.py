"""Time from process start to label: `multicnn predict MODEL FILE` beside a process that only loads the network.

    python benchmarks/predict_start.py [MODEL FILE] [--rounds 5]

The bare process imports Keras with TensorFlow and `multicnn.layers`, and calls `keras.saving.load_model`; it neither reads
the file nor runs the network. Without MODEL and FILE, an untrained vgg_small for 32x32 images and a PNG are written. Both
kinds of process alternate; the best of the rounds counts, since other work on the machine can only add to a time.

Measured on 2 cores of an AMD EPYC, best of 5, in four runs: 1.08, 1.11, 1.17 and, with AVX-512, 1.11 times the bare process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE = "import sys, keras, multicnn.layers; keras.saving.load_model(sys.argv[1], compile=False)"
PREDICT = "import sys; from multicnn.cli import main; sys.argv[0] = 'multicnn'; main()"


def main() -> None:
    """Print the best time of both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("file", nargs="?")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model, file = arguments.model, arguments.file
        if file is None:
            model, file = example(Path(folder))
        commands = {
            "predict": [sys.executable, "-c", PREDICT, "predict", model, file],
            "bare": [sys.executable, "-c", BARE, model],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(-1, arguments.rounds):  # the first round fills the disk cache
            for name in sorted(commands, reverse=turn % 2 == 1):
                seconds = timed(commands[name])
                if turn >= 0:
                    times[name].append(seconds)
    for name, values in times.items():
        print(f"{name:<8} best {min(values):.2f} s   all {' '.join(f'{value:.2f}' for value in values)}")
    print(f"ratio    {min(times['predict']) / min(times['bare']):.2f}")


def timed(command: list[str]) -> float:
    """Run a process, which must succeed, and return its seconds."""
    started = time.perf_counter()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    )  # fmt: skip
    return time.perf_counter() - started


def example(folder: Path) -> tuple[str, str]:
    """Write a model and an image and return their paths."""
    import numpy as np
    from PIL import Image

    import multicnn
    from multicnn import models
    from multicnn.blocks import network
    from multicnn.tasks import Classification

    block = models.create("vgg_small", 10)
    preprocess = multicnn.ImagePreprocess(size=(32, 32), channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    labels = tuple(f"class {i}" for i in range(10))
    predictor = multicnn.Predictor(preprocess, block, network(block, (32, 32, 3)), Classification(labels))
    predictor.save(folder / "model.keras")
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "image.png")
    return str(folder / "model.keras"), str(folder / "image.png")


if __name__ == "__main__":
    main()
