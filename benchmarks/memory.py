"""Peak resident memory of training runs, beside that of one with hardly any data.

    python benchmarks/memory.py FOLDER_OR_TAR [--size 96] [--limit 1.0]

FOLDER has a folder of pictures for each class (CIFAR-10's training set as JPEG, say); an archive (.tar, .tar.gz) is unpacked
into a temporary folder first. One epoch of a linear model by `multicnn.train` runs in a process of its own: on the embedded
digits, on the pictures as they are, and on the pictures enlarged to `--size`, of which there are then more than a run keeps in
memory (2**30 bytes), so that they lie in the cache on disk. Printed are the largest resident sets (`ru_maxrss`); the exit code is
1 if one is more than `--limit` GB (10^9 bytes) above that of the digits.

Measured with CIFAR-10 as 50,000 JPEG files on 2 cores of an AMD EPYC with AVX-512, TensorFlow 2.21: the digits
0.96 GB, the pictures 1.77, enlarged to 96 x 96 (1.38 GB of examples, on disk) 1.89.
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
multicnn.train(data, out, model="linear", epochs=1, batch_size=128, settings=settings)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9)  # Linux counts in KiB
"""


def main() -> None:
    """Prints the memory of each run; exits 1 above the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--limit", type=float, default=1.0)
    arguments = parser.parse_args()
    enlarged = f"preprocess.size=[{arguments.size},{arguments.size}]"
    with tempfile.TemporaryDirectory() as scratch:
        data = unpacked(arguments.data, Path(scratch) / "data")
        empty = peak("digits", "the embedded digits", scratch)
        whole = peak(data, "the pictures", scratch)
        large = peak(data, f"the pictures, {arguments.size} x {arguments.size}", scratch, enlarged)
    sys.exit(max(whole, large) - empty > arguments.limit)


def peak(data: str | Path, name: str, scratch: str, *settings: str) -> float:
    """The largest resident set of a training run, in GB."""
    command = [sys.executable, "-c", TRAIN, data, Path(scratch) / name, *settings]
    environment = {**os.environ, "MULTICNN_CACHE": str(Path(scratch) / "cache")}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    found = float(done.stdout.splitlines()[-1])
    print(f"{name:<28}{found:6.2f} GB", flush=True)
    return found


def unpacked(data: Path, folder: Path) -> Path:
    """The folder itself, or what an archive holds: its folder `train`, if it has one."""
    if data.is_dir():
        return data
    with tarfile.open(data) as archive:
        archive.extractall(folder, filter="data")
    return next((found for found in sorted(folder.rglob("train")) if found.is_dir()), folder)


if __name__ == "__main__":
    main()
