"""`--vectors`: a network of texts that starts with word vectors, learned from the texts or given in a file."""

import json

import numpy as np
import pytest
from support.command_line import call

from multicnn.modalities.text.word_vectors import WordVectors, learn
from multicnn.recipe import Embedding, Recipe
from multicnn.training.setup import settled

WORDS = ("good", "bad", "film", "plot", "very", "not")


@pytest.fixture
def table(tmp_path):
    """Return a small table of texts."""
    rng = np.random.default_rng(0)
    lines = [f"{' '.join(rng.choice(WORDS, 6))} {i},{'ab'[i % 2]}" for i in range(60)]
    (tmp_path / "t.csv").write_text("text,label\n" + "\n".join(lines))
    return tmp_path / "t.csv"


def chosen(table, *settings):
    return settled(table, settings, {})[0]


def test_given_vectors_are_trained_on_unless_the_kind_says_otherwise(tmp_path):
    assert Embedding().settled_kind == "rand" and Embedding(vectors="word2vec").settled_kind == "nonstatic"
    assert Embedding(vectors="word2vec", kind="static").settled_kind == "static"
    assert Recipe().replaced(["model.embedding.vectors=fasttext"]).model.embedding.settled_kind == "nonstatic"
    with pytest.raises(ValueError, match="vectors must be given where format or length is"):
        Embedding(length=1.0)
    with pytest.raises(ValueError, match=r"kind must be one that takes vectors.*Received: kind='rand'"):
        Embedding(kind="rand", vectors="word2vec")


def test_word2vec_is_its_skip_gram():
    texts = [list(WORDS)] * 20
    np.testing.assert_array_equal(learn(texts, "word2vec").vectors, learn(texts, "skipgram").vectors)


def test_what_suits_vectors_is_chosen_with_the_rest(table):
    plain, learned = chosen(table), chosen(table, "model.embedding.vectors=word2vec")
    assert plain.model.embedding.length is None and learned.model.embedding.length == 1
    assert learned.model.embedding.passes > 5 and learned.epochs == plain.epochs
    assert learned.optimizer == plain.optimizer and learned.model.embedding.dropout == plain.model.embedding.dropout
    asked = chosen(table, "model.embedding.vectors=word2vec", "model.embedding.passes=2", "model.embedding.length=3")
    assert (asked.model.embedding.passes, asked.model.embedding.length) == (2, 3)
    given = chosen(table, f"model.embedding.vectors={table}")
    assert given.preprocess.max_vocabulary > 20_000 and given.model.embedding.passes == 5


@pytest.mark.parametrize("command", ["train", pytest.param("crossval", marks=pytest.mark.slow)])
def test_a_run_starts_with_the_vectors_of_a_file_and_says_how_much_they_cover(command, table, monkeypatch, capsys):
    vectors = np.random.default_rng(0).normal(size=(len(WORDS), 5)).astype(np.float32)
    file = WordVectors(WORDS, vectors).save(table.with_name("v.txt"))
    folds = ["--folds", 2] if command == "crossval" else []
    options = ["--vectors", file, "--epochs", 1, "--model", "textcnn", "--set", "model.arguments.filters=4"]
    code, out, err = call(monkeypatch, capsys, command, table, "--out", table.parent / "run", *folds, *options)
    assert code == 0, err
    assert "v.txtcovers" in "".join((out + err).split())  # lines are wrapped
    recipe = json.loads(next((table.parent / "run").rglob("recipe.json")).read_text())
    assert recipe["model"]["embedding"]["kind"] == "nonstatic" and recipe["epochs"] == 1


def test_vectors_of_images_and_of_nothing_are_refused(table, monkeypatch, capsys):
    for data, vectors, words in (
        ("digits", "word2vec", "--vectors is for texts"),
        (table, "none.txt", "--vectors must be"),
    ):
        code, _, err = call(monkeypatch, capsys, "train", data, "--vectors", vectors)
        assert code == 2 and words in err and f"--vectors='{vectors}'" in err and len(err.splitlines()) == 1
