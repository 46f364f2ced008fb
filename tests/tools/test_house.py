"""tools/house.py on a small package whose faults are known."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2] / "tools" / "house.py"
SOUND = {
    "__init__.py": "",
    "cli/__init__.py": "from multicnn import api",
    "api.py": "from multicnn.blocks import conv\nfrom .version import VERSION",
    "blocks/__init__.py": "from multicnn.blocks.base import Block",
    "blocks/base.py": "import keras\nfrom ..utils import files",
    "utils/files.py": "def write(path, *, held_out=None):\n    '''Write a file.'''\n    return path",
    "version.py": "VERSION = '1'",
}
FAULTY = {
    **SOUND,
    "api.py": "from multicnn.data import load\ndef predict():\n    from multicnn.cli import main",
    "data/__init__.py": "from multicnn.data.load import load",
    "data/load.py": "from typing import Any\nfrom multicnn import blocks, data\n"
    + "class BuildSite:\n    sense: Any\n    def __init__(self, a, b, c, d, e, f, g, h, i):\n        self.kept = a",
    "blocks/base.py": "from typing import TYPE_CHECKING\nfrom multicnn.utils import arrays\n"
    + "if TYPE_CHECKING:\n    from multicnn.api import predict",
    "utils/arrays.py": "import tensorflow.experimental.numpy",
    "utils/files.py": "def whole_file():\n    '''Whether it is there.\n\n    Long.\n    '''\n    return 1\nclass Late:\n    pass",
    "attic.py": "",
}


def checkout(root: Path, files: dict[str, str]) -> Path:
    for name, source in files.items():
        path = root / "multicnn" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    (root / "multicnn" / "__pycache__").mkdir()
    (root / "README.md").write_text("12345", encoding="utf-8")
    return root


def run(*arguments: object) -> tuple[int, str]:
    command = [sys.executable, str(HOUSE), "--no-mypy", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> Path:
    return checkout(tmp_path_factory.mktemp("faulty"), FAULTY)


@pytest.fixture(scope="module")
def printed(faulty) -> str:
    return run(faulty)[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("entries at the top of multicnn/", 8),
        ("rooms without a place in ORDER", 1),
        ("floors", 4),  # api and cli, data, blocks, utils
        ("arrows between rooms", 5),
        ("upward imports", 1),
        ("circles of rooms", 0),
        ("circles of rooms, deferred imports too", 1),
        ("circles of modules", 1),
        ("circles of modules, deferred imports too", 2),
        ("imports of TensorFlow from pure Keras", 1),
        ("lines of the longest function", 2),  # docstrings do not count
        ("parameters of the widest function", 9),
        ("functions with more than 8 parameters", 1),
        ("fields of the widest class", 1),
        ("names that the glossary replaces", 5),
        ("docstrings that begin with What or Whether", 1),
        ("lines with Any", 1),
        ("README bytes", 5),
    ],
)
def test_a_measure_is_as_counted_by_hand(name, value, printed):
    assert re.search(rf"^{re.escape(name)} +(\d+)", printed, re.MULTILINE)[1] == str(value)


@pytest.mark.parametrize(
    "line",
    [
        "multicnn/api.py:3: api imports multicnn.cli",
        "api, cli",
        "multicnn.data, multicnn.data.load",
        "multicnn.blocks.base -> multicnn.utils.arrays -> tensorflow",
        "multicnn/data/load.py:3: class BuildSite (site)",
        "multicnn/data/load.py:4: field sense (sense)",
        "multicnn/data/load.py:6: attribute kept (kept)",
        "multicnn/utils/files.py:1: function whole_file (whole)",
        "multicnn/utils/files.py:7: class Late (Late)",
        "multicnn/utils/files.py:1: Whether it is there.",
        "attic",
    ],
)
def test_a_fault_is_listed_where_it_stands(line, printed):
    assert f"\n  {line}\n" in f"{printed}\n"


def test_check_fails_only_where_a_limit_is_exceeded(faulty, tmp_path):
    sound = checkout(tmp_path, SOUND)
    code, printed = run("--check", sound)
    assert code == 0 and "\n\n" not in printed
    assert run(faulty)[0] == 0 and run("--check", sound, faulty)[0] == 1


def test_two_checkouts_stand_side_by_side(faulty, tmp_path):
    _, printed = run(faulty, checkout(tmp_path, SOUND))
    assert printed.splitlines()[0].split("multicnn/")[1].split() == ["8", "6", "limit", "19"]
