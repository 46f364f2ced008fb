"""No chatter of libraries, and none of the user's own warnings hidden."""

import os
import subprocess
import sys
import warnings

import pytest

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
