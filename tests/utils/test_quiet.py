"""No chatter of libraries, and none of the user's own warnings hidden."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from support.fuzzing import files

from multicnn.utils import quiet


def test_warnings_of_decoders_are_hidden_in_the_block_only():
    def warn(module, category=UserWarning):
        warnings.warn_explicit("odd", category, "file.py", 1, module=module)

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        with quiet.decoders():
            for module in ("PIL.TiffImagePlugin", "PIL", "librosa.core.spectrum", "PILLOWY", "users.own"):
                warn(module)
            for module in ("numpy.lib", "multicnn.modalities.image.decode", "users.own"):
                warn(module, RuntimeWarning)
        assert len(seen) == 3, [each.message for each in seen]
        assert warnings.filters == before
        warn("PIL")
        assert len(seen) == 4


@pytest.mark.parametrize("level", [None, "0"])
def test_the_import_of_tensorflow_leaves_the_environment_as_it_was(level, monkeypatch):
    found = []
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    if level is not None:
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", level)
    quiet.silently(lambda module: found.append(os.environ["TF_CPP_MIN_LOG_LEVEL"]), os)
    assert found == [level or "3"]
    assert os.environ.get("TF_CPP_MIN_LOG_LEVEL") == level


@pytest.mark.slow
def test_a_training_in_python_is_silent(tmp_path):
    code = f"import multicnn; multicnn.train('digits', {str(tmp_path / 'run')!r}, model='linear', epochs=1)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


KEPT = """
import os, sys
from multicnn.utils.quiet import keep_screen_for_python

keep_screen_for_python()
os.write(2, b"Note: Illegal Audio-MPEG-Header")
print("multicnn: a line", file=sys.stderr)
if sys.argv[1] == "crash":
    os.abort()
raise ValueError("an error of Python")
"""


@pytest.mark.parametrize(("end", "last"), [("crash", "Fatal Python error: Aborted"), ("error", "an error of Python")])
def test_the_screen_of_the_program_is_for_what_python_prints_and_for_crashes(end, last):
    environment = {name: value for name, value in os.environ.items() if name != "MULTICNN_TRACEBACK"}
    environment["PYTHONPATH"] = str(Path(quiet.__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", KEPT, end], env=environment, capture_output=True, text=True)
    assert done.returncode
    assert done.stderr.startswith("multicnn: a line\n") and last in done.stderr
    assert "Note" not in done.stderr


@pytest.mark.slow
def test_decoders_print_nothing_on_the_command_line(tmp_path):
    (tmp_path / "model.keras").write_bytes(files.saved("audio"))
    for number in range(200):
        file = files.damaged("audio", number)
        (tmp_path / f"{number}{file.suffix}").write_bytes(file.data)
    environment = os.environ | {"PYTHONPATH": str(Path(quiet.__file__).parents[2])}
    command = [sys.executable, "-m", "multicnn.cli", "predict", tmp_path / "model.keras", tmp_path]
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and len(done.stdout.splitlines()) >= 200
    assert done.stderr == ""
