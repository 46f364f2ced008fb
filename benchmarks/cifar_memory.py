"""Peak resident memory of a training run on 50,000 JPEG files.

    python benchmarks/cifar_memory.py FOLDER_OR_TAR [--model lenet5] [--limit 3.0]

FOLDER has a folder of pictures for each class (CIFAR-10's training set as JPEG, say); an archive (.tar, .tar.gz) is unpacked
into a temporary folder first. One epoch of `multicnn.train` runs in a process of its own, whose largest resident set
(`ru_maxrss`) is printed; the exit code is 1 above the limit in GB (10^9 bytes).

Measured with CIFAR-10 as 50,000 JPEG files and lenet5: 1.94 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

TRAIN = """
import sys, multicnn
multicnn.train(sys.argv[1], sys.argv[2], model=sys.argv[3], epochs=1, batch_size=128)
"""


def main() -> None:
    """Prints the files, the seconds, the accuracy and the memory; exits 1 above the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="lenet5")
    parser.add_argument("--limit", type=float, default=3.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = unpacked(arguments.data, Path(scratch) / "data")
        files = sum(len(names) for _, _, names in os.walk(data))
        run, started = Path(scratch) / "run", time.perf_counter()
        subprocess.run([sys.executable, "-c", TRAIN, data, run, arguments.model], check=True)
        seconds = time.perf_counter() - started
        metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9  # Linux counts in KiB
    accuracy = metrics["test"]["accuracy"]
    print(
        f"{files:,} files, {arguments.model}, {seconds:.0f} s, test accuracy {accuracy:.3f}: peak {peak:.2f} GB resident"
    )
    sys.exit(peak > arguments.limit)


def unpacked(data: Path, folder: Path) -> Path:
    """The folder itself, or what an archive holds: its folder `train`, if it has one."""
    if data.is_dir():
        return data
    with tarfile.open(data) as archive:
        archive.extractall(folder, filter="data")
    return next((found for found in sorted(folder.rglob("train")) if found.is_dir()), folder)


if __name__ == "__main__":
    main()
