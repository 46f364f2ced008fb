"""A file is written whole or not at all."""

import os
import signal
import subprocess
import sys

import pytest

from multicnn.utils import signals
from multicnn.utils.files import atomic_file, locked, sweep


def test_the_old_contents_stand_until_the_new_are_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with atomic_file(path) as part:
        part.write_text("old")
        assert not path.exists()
    with pytest.raises(RuntimeError), atomic_file(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    with atomic_file(path) as part:
        part.write_text("new")
    assert path.read_text() == "new"
    assert [each.name for each in path.parent.iterdir()] == ["a.txt"]


def test_it_is_synchronised_before_it_takes_its_name_and_its_name_after(tmp_path, monkeypatch):
    done = []
    real = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append(os.readlink(f"/proc/self/fd/{fd}")), real[0](fd)))
    monkeypatch.setattr(os, "replace", lambda one, other: (done.append("renamed"), real[1](one, other)))
    with atomic_file(tmp_path / "a.txt") as part:
        part.write_text("a")
    assert done == [str(part), "renamed", str(tmp_path)]


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    with pytest.raises(OSError, match=r"folder cannot be written: Is a directory"), atomic_file(path) as part:
        part.touch()
    assert list(tmp_path.iterdir()) == [path]


def test_sweeping_deletes_what_was_half_written(tmp_path):
    kept = tmp_path / "a" / "b.txt"
    kept.parent.mkdir()
    kept.touch()
    with atomic_file(kept) as part:
        part.write_text("half")
        left = part.with_name(".part-other.npz")
        left.touch()
    sweep(tmp_path)
    assert list(kept.parent.iterdir()) == [kept]


def test_a_folder_is_held_by_one_until_it_ends_however_it_does(tmp_path):
    with pytest.raises(RuntimeError), locked(tmp_path):
        with (
            pytest.raises(ValueError, match=r"another run is using this folder. Received: folder="),
            locked(tmp_path),
        ):
            pass
        raise RuntimeError
    dies = f"import os; from pathlib import Path; from multicnn.utils.files import locked; lock = locked(Path({str(tmp_path)!r}))"
    killed = f"{dies}; lock.__enter__(); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", killed]).returncode == 9
    with locked(tmp_path):
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("signum", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_how_an_interrupted_run_ends(signum, error):
    with pytest.raises(error) as raised:
        signals.stop(signum, "why")
    assert raised.value.args == (("why",) if error is KeyboardInterrupt else (143,))


@pytest.fixture
def handlers():
    """Those of before are put back."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize(
    ("signum", "error"), [(signal.SIGINT, KeyboardInterrupt("interrupted")), (signal.SIGTERM, SystemExit(143))]
)
def test_both_unwind_and_are_heeded_though_a_library_swallows_them(signum, error, handlers, monkeypatch):
    monkeypatch.setattr(signals, "pending", None)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signals.unwind()
    with signals.DeferSignals() as deferred:
        assert deferred.signum is None
    with pytest.raises(type(error)) as raised:
        os.kill(os.getpid(), signum)
    assert raised.value.args == error.args
    with signals.DeferSignals() as deferred:
        assert deferred.signum == signum


def test_an_ignored_ctrl_c_stays_ignored(handlers):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signals.unwind()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
