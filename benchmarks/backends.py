"""Test accuracy and training time of small_recipes.py on each backend, over seeds.

    python benchmarks/backends.py [--seeds 3] [--recipes digits docstrings spoken_digits]

Each backend trains in a process of its own, one after the other; JAX caches compiled functions for the next seed. Printed
are the mean and the standard deviation over the seeds, in percent, and the seconds per run.

Measured on 2 cores of an AMD EPYC with four times as much other work, TensorFlow 2.21, JAX 0.10.2, 3 seeds: digits 97.52
(standard deviation 0.99) on TensorFlow and 97.15 (0.42) on JAX, 101 and 314 seconds a run, of which JAX spends most on
compiling. On one core of an EPYC with AVX-512, in bfloat16: docstrings 61.21 (0.54) and 61.08 (0.37), 31 and 40 seconds;
spoken digits 90.71 (1.24) and 90.24 (2.89), 41 and 88 seconds.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BACKENDS = ("tensorflow", "jax")
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}


def main() -> None:
    """Print a line for each recipe and backend."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recipes", nargs="+", default=["digits", "docstrings", "spoken_digits"])
    parser.add_argument("--in-process", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.in_process:
        train(arguments.recipes, arguments.seeds)
        return
    print("recipe         backend      test accuracy    std   seconds a run", flush=True)
    with tempfile.TemporaryDirectory() as cache:
        for name in arguments.recipes:
            for backend in BACKENDS:
                environment = os.environ | QUIET | {"KERAS_BACKEND": backend, "JAX_COMPILATION_CACHE_DIR": cache}
                command = [sys.executable, __file__, "--in-process", "--seeds", str(arguments.seeds), "--recipes", name]
                subprocess.run(command, env=environment, check=True)


def train(recipes: list[str], seeds: int) -> None:
    """Train the recipes on the backend of this process and print their accuracies."""
    import keras
    import numpy as np
    from small_recipes import RECIPES

    import multicnn

    for name in recipes:
        accuracies, started = [], time.perf_counter()
        for seed in range(seeds):
            with tempfile.TemporaryDirectory() as folder:
                predictor = multicnn.train(
                    dataclasses.replace(RECIPES[name], seed=seed, baseline="off"), Path(folder) / "run"
                )
            accuracies.append(100 * predictor.metrics["test"]["accuracy"])
        seconds = (time.perf_counter() - started) / seeds
        spread = np.std(accuracies, ddof=1) if seeds > 1 else float("nan")
        print(
            f"{name:<15}{keras.backend.backend():<12}{np.mean(accuracies):>12.2f} %{spread:>7.2f}{seconds:>16.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
