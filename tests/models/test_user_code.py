"""Networks and Blocks of the user's own code: by module or file, from the current folder, trained, saved and loaded."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import squeeze_excite

import multicnn
from multicnn.blocks import Block
from multicnn.models import create
from multicnn.models.user_code import code_of, import_code

NET = "from multicnn.blocks import chain, dense, flatten\n\ndef net(classes, *, units={units}):\n"
NET += "    return chain(flatten(), dense(units), dense(classes))\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, which Python does not search."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize("model", ["own_nets:net", "own_nets.py:net", "./own_nets.py:net", "{folder}/own_nets.py:net"])
def test_a_function_is_found_from_the_current_folder(model, folder):
    (folder / "own_nets.py").write_text(NET.format(units=3))
    path = list(sys.path)
    assert "dense(3)" in repr(create(model.format(folder=folder), 2))
    assert "dense(5)" in repr(create(model.format(folder=folder), 2, units=5))
    assert sys.path == path


def test_a_file_finds_its_neighbours_and_runs_again_when_it_has_changed(folder):
    (folder / "code").mkdir()
    (folder / "code" / "neighbour_of_nets.py").write_text("UNITS = 3")
    file = folder / "code" / "own_nets.py"
    file.write_text("from neighbour_of_nets import UNITS\n" + NET.format(units="UNITS"))
    assert "dense(3)" in repr(create("code/own_nets.py:net", 2))
    assert import_code("code/own_nets.py") is import_code("code/own_nets.py")
    file.write_text(NET.format(units=1234))
    assert "dense(1234)" in repr(create("code/own_nets.py:net", 2))


BAD = {
    "no file": ("nowhere.py:net", r"`model` names code that cannot be imported \(FileNotFoundError"),
    "no module": ("no_such_module:net", r"cannot be imported \(ModuleNotFoundError"),
    "no function": ("own_nets.py:other", r"`model` names no function of own_nets.py"),
    "an error inside": ("wrong.py:net", r"cannot be imported \(NameError: name 'undefined'"),
    "no Python": ("broken.py:net", r"cannot be imported \(SyntaxError"),
    "a taken name": ("taken.py:net", r"cannot be imported \(the name 'conv' is that of the Block"),
}


@pytest.mark.parametrize(("model", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_imported_is_one_line(model, message, folder):
    (folder / "own_nets.py").write_text(NET.format(units=3))
    (folder / "wrong.py").write_text("undefined")
    (folder / "broken.py").write_text("def net(")
    (folder / "taken.py").write_text("from multicnn.blocks import Block\n\nclass conv(Block):\n    pass\n")
    with pytest.raises(ValueError, match=rf"{message}.*Received: model='{model}'") as error:
        create(model, 2)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("own:net", "own"),
        ("a/own.py:net", "a/own.py"),
        (r"C:\own.py:net", r"C:\own.py"),
        ("resnet20", None),
        ({}, None),
    ],
)
def test_the_code_that_a_recipe_names(model, code):
    assert code_of(model) == code


# From training to prediction ------------------------------------------------------------------------------------------


def run(code, folder):
    """Run Python code in a process of its own in a folder, where imports do not search it: as a console script."""
    environment = {**os.environ, "PYTHONPATH": str(Path(multicnn.__file__).parents[1]), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


COMMANDS = """
import contextlib, io, json, sys
from multicnn import cli

def command(*arguments):
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["multicnn", *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
    return code, out.getvalue(), err.getvalue()
"""
TRAIN = """
settings = ["model.name=own.py:senet", "epochs=1", "baseline=off", "model.arguments.width=4"]
arguments = [each for setting in settings for each in ("--set", setting)]
print(command("train", {data!r}, "--out", "run", *arguments))
"""
USE = """
import multicnn
image = {data!r} + "/dark/0.png"
found = {{"unknown": command("predict", "model.keras", image)}}
found["no such file"] = command("predict", "model.keras", image, "--blocks", "nowhere.py")
try:
    multicnn.load("model.keras")
except ValueError as error:
    found["load"] = str(error)
found["imported"] = [name for name, module in sys.modules.items() if "own" in name.split("/")[-1].split(".")[:1]]
found["predict"] = command("predict", "model.keras", image, "--blocks", "blocks_of_mine.py", "--json")
found["inspect"] = command("inspect", "model.keras", "--json")
found["table"] = command("inspect", "model.keras")
found["evaluate"] = command("evaluate", "model.keras", {data!r}, "--json")
found["features"] = command("features", "model.keras", {data!r}, "--stage", "conv1")
found["by name"] = multicnn.load("model.keras", blocks="blocks_of_mine.py").network.get_layer("conv1").name
found["imported after"] = [name for name in sys.modules if name.split("/")[-1] in ("own", "own.py")]
print(json.dumps(found))
"""


def test_a_block_of_the_users_own_trains_and_is_loaded_by_its_code_alone(bright_and_dark, tmp_path):
    data = str(bright_and_dark(10))
    shutil.copy(squeeze_excite.__file__, tmp_path / "own.py")
    run(COMMANDS + TRAIN.format(data=data), tmp_path)
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["model"]["name"] == "own.py:senet"

    # The code that the recipe in the file names is there, and wrong: the file does not choose what is imported.
    shutil.move(tmp_path / "own.py", tmp_path / "blocks_of_mine.py")
    shutil.copy(tmp_path / "run" / "model.keras", tmp_path)
    (tmp_path / "own.py").write_text("raise SystemExit('the file chose the code')")
    found = json.loads(run(COMMANDS + USE.format(data=data), tmp_path).splitlines()[-1])

    remedy = "Blocks that are not defined: squeeze_excite. Import the module that defines them first"
    code, _, err = found["unknown"]
    assert code == 2 and remedy in err and "--blocks" in err and len(err.strip().splitlines()) == 1
    code, _, err = found["no such file"]
    assert code == 2 and "Received: --blocks='nowhere.py'" in err
    assert remedy in found["load"] and found["imported"] == found["imported after"] == []

    assert json.loads(found["predict"][1].splitlines()[0])["label"] in ("bright", "dark")
    code, out, _ = found["inspect"]
    rows = {row["stage"]: row for row in json.loads(out)["rows"]}
    assert rows["conv1"]["multiply_adds"] is None and rows["conv1"]["receptive_field"] is None
    assert rows["dense"]["multiply_adds"] == 4 * 2 and json.loads(out)["multiply_adds"] is None
    assert "not known" in found["table"][1]
    assert found["evaluate"][0] == 0 and found["features"][0] == 0 and found["by name"] == "conv1"
    assert "squeeze_excite" not in Block.kinds or Block.kinds["squeeze_excite"] is squeeze_excite.squeeze_excite
