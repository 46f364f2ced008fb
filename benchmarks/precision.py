"""Test accuracy and training time of recipes under each precision policy, over seeds.

    python benchmarks/precision.py [RECIPE ...] [--seeds 3] [--policies float32 mixed_bfloat16 mixed_float16] [--set FIELD=VALUE]

A RECIPE is one of small_recipes.py (digits, docstrings, spoken_digits: the default is all three) or a file of `pipelines/`.
Printed are the mean and the standard deviation over the seeds, the mean difference from float32 with the same seed and its
standard error, all in percentage points, and the seconds per run. The target is 0.3 points at most for the mixed policies.

Measured on one core of an AMD EPYC with AVX-512 and bfloat16 (the other core busy), TensorFlow 2.21, 8 seeds: mean,
standard deviation, difference from float32, and seconds per run:

                     float32             mixed_bfloat16                        mixed_float16
    digits           97.38 (1.22)    8   97.38 (0.69)   0.00 +- 0.28    7      97.76 (0.86)  +0.38 +- 0.45    20
    docstrings       60.67 (0.44)   18   60.80 (0.78)  +0.13 +- 0.25   16      60.89 (0.74)  +0.23 +- 0.28    83
    spoken_digits    91.88 (2.09)   40   92.14 (2.02)  +0.27 +- 1.16   29      91.96 (1.86)  +0.09 +- 0.76   205

No difference exceeds chance; those of spoken digits are not resolved to 0.3 points. pipelines/mnist_lenet5.py with 3
epochs, 3 seeds, whose 10,000 test examples resolve more:

    mnist_lenet5     98.80 (0.28)   40   98.92 (0.07)  +0.12 +- 0.13   32      98.99 (0.04)  +0.19 +- 0.15   141

float16 is slow on CPUs: it is meant for GPUs.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # multicnn's default, set here because TensorFlow is imported first

import keras
import numpy as np
from small_recipes import RECIPES

import multicnn
from multicnn.cli.options import recipe_or_path

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")


def main() -> None:
    """Print a line for each recipe and policy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=list(RECIPES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--policies", nargs="+", default=POLICIES)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    arguments = parser.parse_args()
    print("recipe              policy          test accuracy    std   from float32          seconds a run")
    for name in arguments.recipes:
        recipe = RECIPES.get(name) or recipe_or_path(name)
        accuracies = {}
        for policy in arguments.policies:
            started = time.perf_counter()
            accuracies[policy] = np.array(
                [accuracy(recipe, policy, seed, arguments.settings) for seed in range(arguments.seeds)]
            )
            seconds = (time.perf_counter() - started) / arguments.seeds
            difference = accuracies[policy] - next(iter(accuracies.values()))
            error = difference.std(ddof=1) / len(difference) ** 0.5
            print(
                f"{Path(name).stem:<20}{policy:<16}{accuracies[policy].mean():>11.2f} %{accuracies[policy].std(ddof=1):>7.2f}"
                f"{difference.mean():>+15.2f} +- {error:.2f}{seconds:>16.1f}",
                flush=True,
            )


def accuracy(recipe: multicnn.Recipe, policy: str, seed: int, settings: list[str]) -> float:
    """Train once and return the test accuracy in percent."""
    with tempfile.TemporaryDirectory() as folder:
        recipe = dataclasses.replace(recipe, runtime=dataclasses.replace(recipe.runtime, precision=policy), seed=seed)
        recipe = dataclasses.replace(recipe, baseline="off")
        predictor = multicnn.train(recipe, Path(folder) / "run", settings=settings)
    keras.backend.clear_session()
    return 100 * predictor.metrics["test"]["accuracy"]


if __name__ == "__main__":
    main()
