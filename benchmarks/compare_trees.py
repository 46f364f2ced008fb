"""Compare a benchmark's ratios in two checkouts of multicnn: quartiles of each row over alternating runs.

    python benchmarks/compare_trees.py [--rounds 5] [--renamed OLD=NEW ...] BEFORE AFTER BENCHMARK [ARGUMENTS ...]

BENCHMARK is `training_step`, `prediction`, `data_engine` or `predict_start`. In each round the file of that name runs once in
each checkout, with ARGUMENTS; neither checkout need be installed. The value of a row is the ratio that the benchmark prints,
which is taken beside a peer in the same process and so hardly depends on the load of the machine; of `predict_start` also the
best time. A row is `better` or `worse` if the quartiles of the two checkouts do not overlap, and then the exit code is 1 if
any is worse. For a row or argument that has another name in BEFORE, say `--renamed small_pictures=small_images`.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

PATTERNS = {  # a printed line: the words that name the row, and its value
    "training_step": r"(\S+) +[\d,]+ +[\d.]+  (\S.*?) +[\d.]+ +([\d.]+)   [\d.]+ to [\d.]+$",
    "prediction": r"(\S+) +(\d+) +[\d.]+  (\S.*?) +[\d.]+ +([\d.]+)$",
    "data_engine": r"(.{24})(.{24})[ \d,]{18} *([\d.]+)   [\d.]+ to [\d.]+",
    "predict_start": r"(ratio|predict) +(?:best +)?([\d.]+)",
}
LOWER_IS_BETTER = {"predict_start"}  # the others print the peer's time over ours


def main() -> None:
    """Print a line for each row; exit with 1 if one is worse."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--renamed", action="append", default=[], metavar="OLD=NEW")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("benchmark", choices=PATTERNS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    new_names = dict(pair.split("=", 1) for pair in options.renamed)
    old_names = {new: old for old, new in new_names.items()}
    old_arguments = [old_names.get(word, word) for word in options.arguments]

    before: dict[str, list[float]] = {}
    after: dict[str, list[float]] = {}
    for turn in range(options.rounds):
        sides = [(options.before, old_arguments, new_names, before), (options.after, options.arguments, {}, after)]
        for checkout, arguments, names, values in sides if turn % 2 == 0 else reversed(sides):
            for row, value in run(checkout, options.benchmark, arguments, names).items():
                values.setdefault(row, []).append(value)
        print(f"round {turn + 1} of {options.rounds}", file=sys.stderr, flush=True)

    for row in before.keys() ^ after.keys():
        print(f"{row:<48}only {'before' if row in before else 'after'}")
    verdicts = [compare(row, before[row], after[row], options.benchmark) for row in before if row in after]
    sys.exit("worse" in verdicts)


def run(checkout: Path, benchmark: str, arguments: list[str], names: dict[str, str]) -> dict[str, float]:
    """Run the benchmark once and return the value of each row, with the new names of renamed rows."""
    command = [sys.executable, str(Path("benchmarks") / f"{benchmark}.py"), *arguments]
    environment = os.environ | {"PYTHONPATH": str(checkout.resolve())}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{benchmark} failed in {checkout}:\n{done.stderr[-2000:]}")
    values = {}
    for line in done.stdout.splitlines():
        if match := re.match(PATTERNS[benchmark], line):
            *words, value = match.groups()
            row = " ".join(word.strip() for word in words)
            for old, new in names.items():
                row = re.sub(rf"\b{re.escape(old)}\b", new, row)
            values[row] = float(value)
    if not values:
        sys.exit(f"{benchmark} in {checkout} printed no row that is known here:\n{done.stdout[-2000:]}")
    return values


def compare(row: str, before: list[float], after: list[float], benchmark: str) -> str:
    """Print the medians and quartiles of a row and return the verdict."""
    (low, middle, high), (new_low, new_middle, new_high) = quartiles(before), quartiles(after)
    verdict = "overlap"
    if new_low > high or new_high < low:
        verdict = "better" if (new_low > high) != (benchmark in LOWER_IS_BETTER) else "worse"
    old, new = f"{middle:.3f} ({low:.3f} to {high:.3f})", f"{new_middle:.3f} ({new_low:.3f} to {new_high:.3f})"
    print(f"{row:<48}{old:<30}{new:<30}{verdict}", flush=True)
    return verdict


def quartiles(values: list[float]) -> list[float]:
    """Return the quartiles, interpolated as `numpy.quantile` does."""
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3


if __name__ == "__main__":
    main()
