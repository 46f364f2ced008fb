"""Peak resident memory of training runs, compared with a run on hardly any data.

    python benchmarks/memory.py FOLDER_OR_TAR [--size 96] [--limit 1.0]

FOLDER has a folder of images for each class (CIFAR-10's training set as JPEG, say); an archive (.tar, .tar.gz) is unpacked
into a temporary folder first. `multicnn.train` trains a linear model for one epoch, each time in a process of its own: on
the built-in digits, on the images as they are, and on the images enlarged to `--size`, which then exceed the memory limit
of a run (2**30 bytes) and are cached on disk. Printed are the largest resident sets (`ru_maxrss`); the exit code is 1 if
one is more than `--limit` GB (10^9 bytes) above that of the digits.

Measured with CIFAR-10 as 50,000 JPEG files on 2 cores of an AMD EPYC with AVX-512, TensorFlow 2.21: the digits 0.96 GB, the
images 1.77, enlarged to 96 x 96 (1.38 GB of examples, on disk) 1.89.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

TRAIN = """
import resource, sys, multicnn
data, out, *settings = sys.argv[1:]
multicnn.train(data, out, model="linear", epochs=1, batch_size=128, settings=settings, baseline="off")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9)  # Linux counts in KiB
"""


def main() -> None:
    """Print the memory of each run; exit with 1 above the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--limit", type=float, default=1.0)
    arguments = parser.parse_args()
    enlarged = f"preprocess.size=[{arguments.size},{arguments.size}]"
    with tempfile.TemporaryDirectory() as scratch:
        data = unpack(arguments.data, Path(scratch) / "data")
        baseline = peak("digits", "the built-in digits", scratch)
        original = peak(data, "the images", scratch)
        resized = peak(data, f"the images, {arguments.size} x {arguments.size}", scratch, enlarged)
    sys.exit(max(original, resized) - baseline > arguments.limit)


def peak(data: str | Path, name: str, scratch: str, *settings: str) -> float:
    """Train in a process of its own and return its largest resident set in GB."""
    command = [sys.executable, "-c", TRAIN, data, Path(scratch) / name, *settings]
    environment = {**os.environ, "MULTICNN_CACHE": str(Path(scratch) / "cache")}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    gigabytes = float(done.stdout.splitlines()[-1])
    print(f"{name:<28}{gigabytes:6.2f} GB", flush=True)
    return gigabytes


def unpack(data: Path, folder: Path) -> Path:
    """Return the folder, or the unpacked archive: its folder `train`, if there is one."""
    if data.is_dir():
        return data
    with tarfile.open(data) as archive:
        archive.extractall(folder, filter="data")
    return next((path for path in sorted(folder.rglob("train")) if path.is_dir()), folder)


if __name__ == "__main__":
    main()
