"""What recipes attain under each precision: test accuracy over seeds, and the time.

    python benchmarks/precision.py [RECIPE ...] [--seeds 3] [--policies float32 mixed_bfloat16 mixed_float16] [--set FIELD=VALUE]

A RECIPE is one of the demo's (digits, docstrings, spoken_digits: the default is all three) or a file of `pipelines/`. Printed are
the mean and the standard deviation over the seeds, and the mean difference from float32 with the same seed with its standard
error, all in points, and the seconds of a run. The mixed policies should be within 0.3 points.

Measured on one core of an AMD EPYC with AVX-512 and bfloat16, TensorFlow 2.21, 8 seeds, with the standard deviations:

                     float32         mixed_bfloat16    from float32
    digits           98.07 (0.53)    98.07 (0.62)       0.00 +- 0.16
    docstrings       60.67 (0.44)    60.63 (0.88)      -0.03 +- 0.29
    spoken_digits    91.52 (1.96)    92.68 (1.82)      +1.16 +- 0.75

mixed_float16, on an older processor and with 3 seeds, has on digits 97.25 (1.10) for float32's 97.61 (1.30), -0.37 +- 0.24. Not
measured yet: that on the other two, the time.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as multicnn has it, which is imported after TensorFlow here

import keras
import numpy as np

import multicnn
from multicnn.cli.options import recipe_or_path
from multicnn.demo import RECIPES

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")


def main() -> None:
    """Prints a line for each recipe and policy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=list(RECIPES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--policies", nargs="+", default=POLICIES)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    arguments = parser.parse_args()
    print("recipe              policy          test accuracy    std   from float32          seconds a run")
    for name in arguments.recipes:
        recipe = RECIPES.get(name) or recipe_or_path(name)
        found = {}
        for policy in arguments.policies:
            started = time.perf_counter()
            found[policy] = np.array(
                [accuracy(recipe, policy, seed, arguments.settings) for seed in range(arguments.seeds)]
            )
            seconds = (time.perf_counter() - started) / arguments.seeds
            difference = found[policy] - next(iter(found.values()))
            error = difference.std(ddof=1) / len(difference) ** 0.5
            print(
                f"{Path(name).stem:<20}{policy:<16}{found[policy].mean():>11.2f} %{found[policy].std(ddof=1):>7.2f}"
                f"{difference.mean():>+15.2f} +- {error:.2f}{seconds:>16.1f}",
                flush=True,
            )


def accuracy(recipe: multicnn.Recipe, policy: str, seed: int, settings: list[str]) -> float:
    """Of a run, on its test examples, in percent."""
    with tempfile.TemporaryDirectory() as folder:
        recipe = dataclasses.replace(recipe, precision=policy, seed=seed)
        made = multicnn.train(recipe, Path(folder) / "run", settings=settings)
    keras.backend.clear_session()
    return 100 * made.metrics["test"]["accuracy"]


if __name__ == "__main__":
    main()
