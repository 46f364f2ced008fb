"""`multicnn explain`: what it prints, and how it exits."""

import json

import keras
import numpy as np
import pytest
from support.command_line import call

import multicnn
from multicnn import models
from multicnn.blocks import chain, embed, network
from multicnn.predictor import Predictor
from multicnn.tasks import Classification


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The file of a predictor, not trained: an explanation is as exact."""
    folder = tmp_path_factory.mktemp("explained")
    texts = [f"{('good', 'bad')[i % 2]} [b]text number {i % 7}" for i in range(80)]
    (folder / "t.csv").write_text("text,label\n" + "".join(f"{text},{'ab'[i % 2]}\n" for i, text in enumerate(texts)))
    preprocess = multicnn.TextPreprocess().fit(texts)
    keras.utils.set_random_seed(0)
    block = chain(embed(preprocess.vocabulary_size, 4), models.create("textcnn", 2, filters=4))
    return Predictor(preprocess, block, network(block, preprocess.input_shape), Classification(("a", "b"))).save(
        folder / "m.keras"
    )


def test_texts_as_json(model, monkeypatch, capsys):
    code, out, err = call(monkeypatch, capsys, "explain", model, "good text", "bad", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert list(found) == ["texts"] and [row["text"] for row in found["texts"]] == ["good text", "bad"]
    for row in found["texts"]:
        assert row["method"] == "n-grams"
        assert sum(gram["contribution"] for gram in row["ngrams"]) + row["bias"] == pytest.approx(
            row["logit"], abs=1e-4
        )
        assert sum(score for _, score in row["tokens"]) + row["bias"] == pytest.approx(row["logit"], abs=1e-4)
        magnitudes = np.abs([gram["contribution"] for gram in row["ngrams"]])
        assert (np.diff(magnitudes) <= 0).all()


def test_texts_on_the_terminal(model, monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")
    code, out, _ = call(monkeypatch, capsys, "explain", model, "good [b]text", "--label", "b", "--top", 2)
    assert code == 0
    assert "\x1b[" in out and "48;2;" in out  # coloured
    assert "b (0." in out and "bias" in out
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    _, out, _ = call(monkeypatch, capsys, "explain", model, "good [b]text")
    assert "48;2;" not in out and "good [ b ] text" in out


def test_a_text_longer_than_a_file_name(model, monkeypatch, capsys):
    text = "the file is read and its lines are returned " * 20
    monkeypatch.setenv("MULTICNN_DATA", "/nowhere")
    code, out, err = call(monkeypatch, capsys, "explain", model, text)
    assert code == 0 and "bias" in out, err


def test_data_and_its_page(model, tmp_path, monkeypatch, capsys):
    table, page = model.parent / "t.csv", tmp_path / "page.html"
    code, out, err = call(monkeypatch, capsys, "explain", model, table, "--out", page, "--examples", 3, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["data"]["texts"] == 80 and len(found["texts"]) == 3 and set(found["data"]["classes"]) == {"a", "b"}
    written = page.read_text(encoding="utf-8")
    assert written.startswith("<!DOCTYPE html>") and "t.csv" in written and "over 80 texts" in written
    code, out, _ = call(monkeypatch, capsys, "explain", model, table)
    assert code == 0 and "over 80 texts" in out and "the filters that contribute most" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["good", "--label", "c"], "Received: --label='c'"),
        (["   "], "empty text"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments, message, model, monkeypatch, capsys):
    code, _, err = call(monkeypatch, capsys, "explain", model, *arguments)
    assert code == 2 and message in err and len(err.strip().splitlines()) == 1
