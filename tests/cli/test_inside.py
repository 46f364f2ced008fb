"""`multicnn filters`, `feature-map`, `maximize` and `invert`: what they print, and how they exit."""

import json

import keras
import numpy as np
import pytest
from PIL import Image
from support.command_line import call

import multicnn
from multicnn.blocks import chain, conv, dense, global_average_pool, network, stage
from multicnn.predictor import Predictor
from multicnn.tasks import Classification


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A predictor, not trained, and images of two classes."""
    folder = tmp_path_factory.mktemp("inside")
    random = np.random.default_rng(0)
    for label in "ab":
        (folder / "data" / label).mkdir(parents=True)
        for i in range(4):
            Image.fromarray(random.integers(0, 256, (8, 8), dtype=np.uint8)).save(folder / "data" / label / f"{i}.png")
    keras.utils.set_random_seed(0)
    preprocess = multicnn.ImagePreprocess(size=(8, 8), channels=1, mean=(0.5,), std=(0.25,))
    block = chain(stage("one", conv(3, 3, activation="relu")), global_average_pool(), dense(2))
    Predictor(preprocess, block, network(block, (8, 8, 1)), Classification(("a", "b"))).save(folder / "m.keras")
    return folder


def test_each_command_as_json_and_in_lines(folder, monkeypatch, capsys):
    model, data = folder / "m.keras", folder / "data"
    code, out, err = call(monkeypatch, capsys, "filters", model, "--json")
    assert code == 0, err
    assert json.loads(out)[0]["scale"] == "3 x 3 px" and json.loads(out)[0]["shape"] == [3, 3, 1, 3]
    code, out, err = call(monkeypatch, capsys, "feature-map", model, data, "--filters", 2, "--top", 3, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert [len(each["strongest"]) for each in found] == [3, 3] and found[0]["strongest"][0]["example"].endswith(".png")
    code, out, err = call(monkeypatch, capsys, "maximize", model, "--label", "b", "--other", model)
    assert code == 0 and out.startswith("b: ") and "of noise of equal norm" in out, err
    code, out, err = call(monkeypatch, capsys, "invert", model, data / "a", "--out", folder / "new" / "i.png")
    assert (
        code == 0 and out.startswith("one: error ") and "another input" in out and (folder / "new" / "i.png").exists()
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["feature-map", "m.keras", "data", "--stage", "two"],
            "one of one, global_average_pool, dense. Received: --stage='two'",
        ),
        (["filters", "m.keras", "--out", "x.gif"], "must end in .html or .png. Received: --out='x.gif'"),
        (["maximize", "m.keras", "--label", "c"], "'c'"),
        (["invert", "m.keras", "nothing.png"], "nothing.png"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments, message, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    code, _, err = call(monkeypatch, capsys, *arguments)
    assert code == 2 and message in err and len(err.strip().splitlines()) == 1
