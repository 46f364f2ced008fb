"""benchmarks/compare_trees.py on checkouts whose benchmarks print known lines."""

import subprocess
import sys
from pathlib import Path

import pytest

COMPARE = Path(__file__).parents[2] / "benchmarks" / "compare_trees.py"
TABLES = {  # as the benchmarks print them, with room for the value
    "training_step": (
        "network      weights  ours ms  peer                 ms  peer/ours   quartiles",
        "resnet20     272,474    231.0  plain Keras        317.4{:>10.3f}   1.315 to 1.506",
        "resnet20 plain Keras",
    ),
    "prediction": (
        "network   batch   ours ms  peer                ms  peer/ours",
        "m5         256   1052.00  model.predict  1367.60{:>11.2f}",
        "m5 256 model.predict",
    ),
    "data_engine": (
        "row                     peer                       ours/s   peer/s  ratio   quartiles     processor  aim   limit",
        "clips, later            ... .cache().shuffle()    123,456    1,234{:>7.2f}   22.00 to 35.74      27.67    5     12%",
        "clips, later ... .cache().shuffle()",
    ),
    "predict_start": ("bare     best 3.90 s   all 3.90 3.95", "ratio    {:.2f}", "ratio"),
}
# Prints one value after another, run by run.
BENCHMARK = """
import pathlib, sys
values = {values}
assert sys.argv[1:] == {arguments}
file = pathlib.Path(__file__).with_suffix(".runs")
run = len(file.read_text()) if file.exists() else 0
file.write_text("x" * (run + 1))
print({header!r})
print({line!r}.format(values[run]))
"""


def compare(folder, benchmark, before, after, old=None, options=(), old_arguments=(), arguments=()):
    """Write both checkouts, compare them and return (exit code, the words of each printed row)."""
    header, row, _ = TABLES[benchmark]
    sides = (("before", before, old or row, old_arguments), ("after", after, row, arguments))
    for name, values, line, expected in sides:
        file = folder / name / "benchmarks" / f"{benchmark}.py"
        file.parent.mkdir(parents=True)
        file.write_text(BENCHMARK.format(values=values, header=header, line=line, arguments=list(expected)))
    command = [sys.executable, COMPARE, "--rounds", str(len(before)), *options, folder / "before", folder / "after"]
    done = subprocess.run([*command, benchmark, *arguments], capture_output=True, text=True)
    return done.returncode, [" ".join(line.split()) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("benchmark", TABLES)
def test_each_benchmark_is_read(tmp_path, benchmark):
    code, (line,) = compare(tmp_path, benchmark, [2.0], [4.0])
    larger = "worse" if benchmark == "predict_start" else "better"
    assert line == f"{TABLES[benchmark][2]} 2.000 (2.000 to 2.000) 4.000 (4.000 to 4.000) {larger}"
    assert code == (larger == "worse")


def test_quartiles_that_overlap_are_no_verdict(tmp_path):
    code, (line,) = compare(tmp_path, "prediction", [1.0, 2.0, 3.0, 4.0, 5.0], [3.5, 4.0, 6.0, 7.0, 8.0])
    assert line == "m5 256 model.predict 3.000 (2.000 to 4.000) 6.000 (4.000 to 7.000) overlap"
    assert code == 0


def test_renamed_rows_and_arguments_are_matched(tmp_path):
    old = TABLES["data_engine"][1].replace("clips, later", "sound, later")
    options = ("--renamed", "sound=clips")
    arguments = {"old_arguments": ("--rows", "sound"), "arguments": ("--rows", "clips")}
    code, (line,) = compare(tmp_path, "data_engine", [2.0], [1.0], old, options, **arguments)
    assert line.startswith("clips, later") and line.endswith("worse") and code == 1


def test_a_benchmark_without_rows_fails(tmp_path):
    code, lines = compare(tmp_path, "prediction", [2.0], [1.0], old="nothing {}")
    assert code == 1 and not lines
