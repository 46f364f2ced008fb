"""The workers that `--workers` starts end with the first."""

import os

import pytest

from multicnn.cli import launching


class Started:
    """A process that only notes that it was killed."""

    killed = 0

    def __init__(self, command, env, **_):
        self.index = env[launching._ID]

    def kill(self):
        type(self).killed += 1


@pytest.mark.parametrize(
    ("error", "code"),
    [(ValueError("a mistake"), 2), (KeyboardInterrupt(), 130), (SystemExit(143), 143), (SystemExit("why"), 2)],
)
def test_however_the_first_ends_none_is_left(error, code, monkeypatch):
    left = []
    monkeypatch.setattr(Started, "killed", 0)
    monkeypatch.setattr(launching.subprocess, "Popen", Started)
    monkeypatch.setattr(launching.atexit, "register", lambda function, *arguments: left.append(arguments))
    monkeypatch.setattr(os, "environ", {**os.environ})
    with pytest.raises(type(error)), launching.workers(3):
        raise error
    assert Started.killed == 2 and left == [(code,)]


def test_where_the_first_ends_well_none_is_killed(monkeypatch):
    monkeypatch.setattr(Started, "killed", 0)
    monkeypatch.setattr(launching.subprocess, "Popen", Started)
    monkeypatch.setattr(os, "environ", {**os.environ})
    with launching.workers(2):
        assert os.environ[launching._ID] == "0"
    assert Started.killed == 0
