"""What a recipe attains under each precision: test accuracy over seeds, and the time.

    python benchmarks/precision.py DATA [--seeds 3] [--policies float32 mixed_bfloat16 mixed_float16] [--set FIELD=VALUE ...]

DATA is as for `multicnn.train`. Printed are the mean and the standard deviation over the
seeds, and the mean of the difference from float32 with the same seed, in points.

Not measured yet.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import multicnn

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")


def main() -> None:
    """Prints a line for each policy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--policies", nargs="+", default=POLICIES)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    arguments = parser.parse_args()
    reference = None
    print("policy            test accuracy   std      from float32   seconds a run")
    for policy in arguments.policies:
        accuracies, started = [], time.perf_counter()
        for seed in range(arguments.seeds):
            with tempfile.TemporaryDirectory() as folder:
                settings = [*arguments.settings, f"precision={policy}", f"seed={seed}"]
                made = multicnn.train(arguments.data, Path(folder) / "run", settings=settings)
            accuracies.append(100 * made.metrics["test"]["accuracy"])
            keras.backend.clear_session()
        reference = accuracies if reference is None else reference
        difference = np.mean(np.subtract(accuracies, reference))
        seconds = (time.perf_counter() - started) / arguments.seeds
        print(
            f"{policy:<16}{np.mean(accuracies):>13.2f} %{np.std(accuracies, ddof=1):>7.2f}{difference:>+16.2f}{seconds:>16.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
