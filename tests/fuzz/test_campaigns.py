"""Damaged files, artefacts and calls: no traceback, no hang, nothing left, none unlisted, under 2 GB.

`python -m support.fuzzing NAME NUMBER`, with tests/ in PYTHONPATH, makes a case again.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.fuzzing import calls, files
from support.fuzzing.campaign import CAMPAIGNS, report, run
from support.fuzzing.seeds import seeds

MEMORY = 2 * 10**9  # bytes, TensorFlow included
SOME = {
    **{name: range(30) for name in ("image", "audio", "text")},
    "artefacts": range(10),
    "calls": range(0, CAMPAIGNS["calls"].count, 30),
}
ALL = {"image": 2000, "audio": 2000, "text": 2000, "artefacts": 1000, "calls": CAMPAIGNS["calls"].count}
TESTS = Path(__file__).parents[1]


@pytest.fixture
def screen(capfd):
    """Return a file descriptor of the real standard error, where the traceback of a hang is seen."""
    with capfd.disabled():
        descriptor = os.dup(2)
    yield descriptor
    os.close(descriptor)


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", SOME)
def test_some(name, screen, tmp_path):
    failures = run(name, SOME[name], tmp_path, screen)
    assert not failures, report(name, failures)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_all(name):
    """In a process of its own, whose memory is measured."""
    paths = os.pathsep.join([str(TESTS.parent), str(TESTS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "support.fuzzing", name, "0", str(ALL[name])],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout[-20_000:]}\n{done.stderr[-5000:]}"
    assert int(done.stdout.split()[-1]) < MEMORY
    for line in done.stderr.splitlines():  # decoders of C print there, "Warning: ..." among it
        assert not re.search(r"\wWarning:|Traceback", line), line


def test_the_calls_are_many_and_different():
    made = {tuple(each) for each in calls.calls()}
    assert len(made) == CAMPAIGNS["calls"].count >= 300


@pytest.mark.parametrize("modality", files.MODALITIES)
def test_a_number_always_gives_the_same_file(modality):
    assert seeds.__wrapped__(modality) == seeds(modality)  # some formats hold a time or a random number
    assert files.damaged(modality, 3) == files.damaged(modality, 3) != files.damaged(modality, 4)


@pytest.mark.parametrize("modality", files.MODALITIES)
def test_most_whole_files_are_predicted(modality):
    """Else damaged ones would show nothing."""
    whole = [seed.data for seed in seeds(modality) if not seed.table]
    errors = [prediction.error for prediction in files.predictor(modality).predict(whole)]
    assert errors.count(None) >= 0.25 * len(errors)
