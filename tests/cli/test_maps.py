"""`multicnn explain` of images, clips and texts by maps: what it prints and writes, and how it exits."""

import json

import keras
import numpy as np
import pytest
from PIL import Image
from support.command_line import call
from support.html import Page

import multicnn
from multicnn.blocks import activation, chain, conv, dense, embed, global_average_pool, global_max_pool, network, stage
from multicnn.predictor import Predictor
from multicnn.tasks import Classification
from multicnn.tasks.extreme_multilabel import ExtremeMultilabel
from multicnn.tasks.regression import Regression

NET = chain(stage("low", conv(3, 3, activation="relu")), global_average_pool(), dense(2))
MADE = {
    "image": (multicnn.ImagePreprocess(size=(8, 8), channels=1, mean=(0.4,), std=(0.2,)), NET),
    "audio": (multicnn.AudioPreprocess(sample_rate=8000, seconds=0.2, n_mels=8, mean=-40.0, std=10.0), NET),
    "tanh": (multicnn.ImagePreprocess(size=(8, 8), channels=1, mean=(0.4,), std=(0.2,)),
             chain(conv(3, 3), activation("tanh"), global_average_pool(), dense(2))),
    "text": (multicnn.TextPreprocess(length=6, vocabulary=("good", "bad", "film")),
             chain(embed(5, 4), conv(4, 2, activation="relu"), global_max_pool(), dense(2))),
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Predictors that are not trained, an image of another size than theirs, and a clip of three windows."""
    folder = tmp_path_factory.mktemp("mapped")
    for name, (preprocess, block) in MADE.items():
        keras.utils.set_random_seed(0)
        built = network(block, preprocess.input_shape)
        Predictor(preprocess, block, built, Classification(("a", "b"))).save(folder / f"{name}.keras")
    pixels = np.random.default_rng(0).integers(0, 256, (60, 200)).astype(np.uint8)
    Image.fromarray(pixels).save(folder / "x.png")
    import soundfile

    clip = 0.01 * np.random.default_rng(0).normal(size=4800)
    clip[3200:] *= 20
    soundfile.write(folder / "x.wav", clip, 8000)
    return folder


@pytest.mark.parametrize(
    ("kind", "given"),
    [("image", "x.png"), pytest.param("audio", "x.wav", marks=pytest.mark.slow), ("text", "a good film")],
)
def test_maps_as_json_and_as_a_page(kind, given, files, tmp_path, monkeypatch, capsys):
    given = files / given if "." in given else given
    out = tmp_path / "page.html"
    code, printed, err = call(
        monkeypatch, capsys, "explain", files / f"{kind}.keras", given, "--method", "saliency", "--out", out, "--json"
    )
    assert code == 0, err
    (found,) = json.loads(printed)["explanations"]
    assert found["method"] == "saliency" and found["label"] == found["predicted"]
    predictor = multicnn.load(files / f"{kind}.keras")
    cells = np.array(found["map"])
    assert cells.shape == ((3,) if kind == "text" else predictor.preprocess.map_shape) and cells.max() > 0
    written = out.read_text(encoding="utf-8")
    assert Page(written).needs_nothing_else()
    assert written.count("data:image/png") == {"image": 2, "audio": 1, "text": 0}[kind]
    assert ("<audio" in written) == (kind == "audio") and ("--strength" in written)
    if kind == "audio":
        probabilities = [each["b"] for _, each in predictor.predict(str(given))[0].windows]
        sure = int(np.argmax(probabilities) if found["label"] == "b" else np.argmin(probabilities))
        assert found["start"] == pytest.approx(0.2 * sure) and f"from {0.2 * sure:.2f} s" in written


def test_a_map_on_the_terminal_and_a_warning(files, monkeypatch, capsys):
    arguments = ("explain", files / "image.keras", files / "x.png", "--method", "guided-grad-cam", "--stage", "low")
    code, out, err = call(monkeypatch, capsys, *arguments, "--label", "b")
    assert code == 0 and "guided-grad-cam; explained b (0." in out and "layer low" in out
    assert "random weights" in err and "Adebayo" in err


def test_labelled_data_gives_its_worst(files, tmp_path, monkeypatch, capsys):
    for label in "ab":
        for i in range(3):
            (tmp_path / "d" / label).mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(i).integers(0, 256, (8, 8)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "d" / label / f"{i}{label}.png")
    arguments = ("explain", files / "image.keras", tmp_path / "d", "--examples", 2, "--json")
    code, out, err = call(monkeypatch, capsys, *arguments)
    assert code == 0, err
    found = json.loads(out)["explanations"]
    assert len(found) == 2 and all(each["truth"] != each["predicted"] for each in found)


@pytest.mark.parametrize(
    "task", [Regression(mean=3.0), ExtremeMultilabel(labels=tuple("abcdef"))], ids=["number", "labels"]
)
def test_a_text_without_classes_is_explained_by_its_words(task, tmp_path, monkeypatch, capsys):
    preprocess, _ = MADE["text"]
    block = chain(embed(5, 4), conv(4, 2, activation="relu"), global_max_pool(), dense(len(task.labels)))
    built = network(block, preprocess.input_shape)
    path = Predictor(preprocess, block, built, task).save(tmp_path / "m.keras")
    code, out, err = call(monkeypatch, capsys, "explain", path, "a good film", "--json")
    assert code == 0, err
    (found,) = json.loads(out)["explanations"]
    assert len(found["map"]) == 3 and found["label"] in task.labels
    with pytest.raises(ValueError, match="`predictor` must predict classes"):
        multicnn.explain_texts(path, ["a good film"])


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        ("image", ["--method", "lime"], "must be one of ['saliency'"),
        ("tanh", ["--method", "deconvnet"], "it has no ReLU. Received: --method='deconvnet'"),
        ("image", ["--stage", "conv9"], "must be one of ['low']. Received: --stage='conv9'"),
        ("image", ["--label", "c"], "Received: --label='c'"),
        ("audio", [], "Received: INPUTS="),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(model, arguments, message, files, monkeypatch, capsys):
    code, _, err = call(monkeypatch, capsys, "explain", files / f"{model}.keras", files / "x.png", *arguments)
    assert code == 2 and message in err and len(err.strip().splitlines()) == 1
