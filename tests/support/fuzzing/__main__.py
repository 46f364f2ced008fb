"""Run cases by their numbers: `python -m support.fuzzing image 137`, with tests/ in PYTHONPATH.

Exit code 1 where a case fails; the last line is the peak of the memory in bytes.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path

import multicnn  # noqa: F401 - before TensorFlow, whose settings it makes
from support.fuzzing.campaign import CAMPAIGNS, report, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=CAMPAIGNS)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int, nargs="?", default=1)
    arguments = parser.parse_args()
    numbers = range(arguments.first, arguments.first + arguments.count)
    with tempfile.TemporaryDirectory() as folder:
        failures = run(arguments.name, numbers, Path(folder), sys.stderr.fileno())
    if failures:
        print(report(arguments.name, failures))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
