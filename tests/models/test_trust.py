"""No file decides what code is run: recipes from files and run folders need a flag for code and pickles."""

import json
import os
import pickle

import pytest
from support.command_line import call

import multicnn
from multicnn import Recipe
from multicnn.models import trust

CODE = (
    "from multicnn.models import create\nopen('ran', 'w').close()\ndef net(classes): return create('linear', classes)\n"
)


class Executed:
    def __reduce__(self):
        return os.mkdir, ("ran",)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Make the current folder one with code and a pickle, each of which leaves `ran` where it is run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(CODE)
    (tmp_path / "vectors.txt").write_bytes(pickle.dumps({"gensim": 1, "x": Executed()}, 2))
    return tmp_path


RECIPES = {
    "code": {"data": {"path": "digits"}, "model": {"name": "own.py:net"}, "epochs": 1},
    "code under its old name": {"data": {"path": "digits"}, "model": "own.py:net"},
    "a module": {"data": {"path": "digits"}, "model": {"name": "own:net"}},
    "code of a member": {"data": {"path": "digits"}, "members": [{"seed": 1}, {"model.name": "own.py:net"}]},
    "pickle": {
        "data": {"path": "docstrings"},
        "model": {"embedding": {"kind": "static", "vectors": "vectors.txt", "format": "gensim"}},
    },
}


@pytest.mark.parametrize(
    "command",
    ["train", *(pytest.param(each, marks=pytest.mark.slow) for each in ("doctor", "preview", "crossval", "find-rate"))],
)
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_from_a_file_runs_no_code(name, command, folder, monkeypatch, capsys):
    (folder / "recipe.json").write_text(json.dumps(RECIPES[name]))
    code, _, err = call(monkeypatch, capsys, command, "recipe.json")
    flag = "--allow-pickle" if name == "pickle" else "--allow-code"
    assert code == 2 and flag in err and "'recipe.json'" in err and len(err.strip().splitlines()) == 1
    assert not (folder / "ran").exists() and not (folder / "runs").exists()


@pytest.mark.parametrize("name", ["code", "code of a member", "pickle"])
def test_a_run_folder_from_elsewhere_runs_no_code(name, folder, monkeypatch, capsys):
    recipe = Recipe.from_dict(RECIPES[name]).to_dict()
    for at, content in (("run/recipe.json", recipe), ("plan/plan.json", {"command": "crossval", "recipe": recipe})):
        (folder / at).parent.mkdir()
        (folder / at).write_text(json.dumps(content))
    again = ["train", "digits", "--resume", "run"]  # what is not given is as the folder says
    for arguments in (["train", "--resume", "run"], again, ["crossval", "--resume", "plan"]):
        code, _, err = call(monkeypatch, capsys, *arguments)
        assert code == 2 and "--allow-" in err and arguments[-1] in err and len(err.strip().splitlines()) == 1
    with pytest.raises(ValueError, match="no file decides what code is run"):
        multicnn.train(resume="run")
    assert not (folder / "ran").exists()


def test_a_pickle_is_no_word_vectors_whatever_its_name(folder, monkeypatch, capsys):
    code, _, err = call(monkeypatch, capsys, "words", "nearest", "vectors.txt", "a")
    assert code == 2 and "which runs code when it is read" in err
    assert not (folder / "ran").exists()


@pytest.mark.slow
def test_a_pickle_is_no_word_vectors_in_training_either(folder, monkeypatch, capsys):
    settings = ["--set", "model.embedding.kind=static", "--set", "model.embedding.vectors=vectors.txt"]
    code, _, err = call(monkeypatch, capsys, "train", "docstrings", *settings)
    assert code == 2 and "which runs code when it is read" in err
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    "changed", [["model.name=linear"], ["model=linear"], ["model.name=own.py:net"], ["seed=1", "model=own.py:net"]]
)
def test_what_the_user_types_is_the_users_own(changed):
    recipe = Recipe.from_dict(RECIPES["code"])
    assert trust.check_recipe(recipe, "data", "recipe.json", changed) is recipe


def test_what_is_typed_for_all_does_not_allow_what_a_member_names():
    with pytest.raises(ValueError, match=r"members\.1\.model\.name='own.py:net'"):
        trust.check_recipe(Recipe.from_dict(RECIPES["code of a member"]), "data", "r.json", ["model.name=linear"])


def test_each_kind_is_allowed_for_itself_and_only_in_the_block():
    code, vectors = Recipe.from_dict(RECIPES["code"]), Recipe.from_dict(RECIPES["pickle"])
    with trust.allowing("code"):
        trust.check_recipe(code, "data", "recipe.json")
        with pytest.raises(ValueError, match="--allow-pickle"):
            trust.check_recipe(vectors, "data", "recipe.json")
        with trust.allowing("pickle"):
            trust.check_recipe(vectors, "data", "recipe.json")
    with pytest.raises(ValueError, match="--allow-code"):
        trust.check_recipe(code, "data", "recipe.json")
    with pytest.raises(ValueError, match="`allow` must be some of code, pickle"), trust.allowing("all"):
        pass


@pytest.mark.slow
def test_the_flag_lets_it_run(folder, monkeypatch, capsys):
    (folder / "recipe.json").write_text(json.dumps(RECIPES["code"]))
    code, _, err = call(monkeypatch, capsys, "train", "recipe.json", "--allow-code", "--dry-run")
    assert code == 0, err
    assert (folder / "ran").exists()


@pytest.mark.parametrize("layer", ["Lambda", pytest.param("TFSMLayer", marks=pytest.mark.slow)])
def test_a_block_in_a_recipe_lifts_no_layer_that_runs_code(layer, folder, monkeypatch, capsys):
    block = {"type": "chain", "blocks": [{"type": "flatten"}, {"type": "lift", "layer": layer, "config": {}}]}
    (folder / "recipe.json").write_text(json.dumps({"data": {"path": "digits"}, "model": {"name": block}}))
    code, _, err = call(monkeypatch, capsys, "train", "recipe.json")
    assert code == 2 and f"lifts {layer!r}" in err


def test_a_block_in_a_recipe_holds_no_function_of_keras(folder, monkeypatch, capsys):
    evil = {"module": "keras.utils", "class_name": "function", "config": "get_file", "registered_name": "get_file"}
    block = {
        "type": "chain",
        "blocks": [{"type": "flatten"}, {"type": "dense", "units": 10, "activation": ["x", evil]}],
    }
    (folder / "recipe.json").write_text(json.dumps({"data": {"path": "digits"}, "model": {"name": block}}))
    code, _, err = call(monkeypatch, capsys, "train", "recipe.json")
    assert code == 2 and "keras.utils.function" in err
