"""The demo: what it prints is there, and the commands that it proposes work."""

import re
import shlex
from pathlib import Path

import pytest
from support.command_line import call


@pytest.mark.slow
def test_the_paths_that_it_prints_are_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(monkeypatch, capsys, "demo", "--epochs", "1")
    assert code == 0, err
    folder = Path(re.search(r"runs/demo-[\d-]+", out)[0])
    for name in ("digits", "docstrings", "spoken_digits"):
        assert (folder / name / "model.keras").is_file() and (folder / name / "report.html").is_file()
    proposed = [
        line.strip() for line in out.splitlines() if line.strip().startswith("multicnn ") and str(folder) in line
    ]
    assert len(proposed) == 2
    for line in proposed:
        assert call(monkeypatch, capsys, *shlex.split(line)[1:])[0] == 0, line
