"""`multicnn words`: what it prints, and how it exits."""

import json

import numpy as np
import pandas as pd
import pytest
from gensim.test.utils import datapath
from support.command_line import call

from multicnn.modalities.text.word_vectors import WordVectors, read
from multicnn.modalities.text.word_vectors.plot import flattened, plot_words


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "reviews.csv"
    rows = [f"{word} film, не плохой фильм" for word in ("good", "bad", "Good") for _ in range(30)]
    pd.DataFrame({"review": [*rows, ""]}).to_csv(path, index=False)
    return path


def words(monkeypatch, capsys, *arguments):
    return call(monkeypatch, capsys, "words", *arguments)


def test_vectors_are_learned_and_looked_at(texts, tmp_path, monkeypatch, capsys):
    out = tmp_path / "v.vec"
    options = ["--dims", 6, "--text-column", "review", "--kind", "cbow"]
    code, said, err = words(monkeypatch, capsys, "train", texts, out, *options)
    assert code == 0, err
    assert "7 words of 540 tokens, 6 dimensions" in said
    assert {"good", "bad", "film", ",", "не", "плохой", "фильм"} == set(read(out).words)
    code, said, _ = words(monkeypatch, capsys, "nearest", out, "good", "bad", "--count", 3, "--json")
    found = json.loads(said)
    assert code == 0 and list(found) == ["good", "bad"]
    assert found["good"][0][0] == read(out).nearest("good", 1)[0][0] and len(found["good"]) == 3


def test_an_analogy_is_b_minus_a_plus_c(tmp_path, monkeypatch, capsys):
    made = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1], [-1, 0.1, 0.2]], np.float32)
    WordVectors(("man", "woman", "king", "queen", "apple"), made).save(tmp_path / "v.txt")
    code, said, _ = words(monkeypatch, capsys, "analogy", tmp_path / "v.txt", "man", "king", "woman")
    assert code == 0 and said.splitlines()[0] == "man : king = woman : ?" and said.splitlines()[1].split()[1] == "queen"


def test_coverage_counts_types_and_tokens(tmp_path, monkeypatch, capsys):
    WordVectors(("Film", "good"), np.eye(2, dtype=np.float32)).save(tmp_path / "v.txt")
    (tmp_path / "texts.txt").write_text("good film\n\ngood Film good strange\n", encoding="utf-8")
    code, said, _ = words(monkeypatch, capsys, "coverage", tmp_path / "v.txt", tmp_path / "texts.txt", "--json")
    found = json.loads(said)
    assert code == 0 and found["types"] == pytest.approx(2 / 3) and found["tokens"] == pytest.approx(5 / 6)
    assert found["missing"] == [["strange", 1]]


def test_the_picture_keeps_neighbours_together(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3, 20))
    names = tuple(f"{kind}{letter}" for kind in ("cat", "dog", "cow") for letter in "abcdefgh")
    made = np.repeat(centres, 8, axis=0) + rng.normal(0, 0.1, (24, 20))
    vectors = WordVectors(names, made.astype(np.float32))
    for chosen in (names, names[:3] + names[8:11]):  # t-SNE, and the components of few words
        places = flattened(vectors, chosen)
        kinds = np.array([name[:3] for name in chosen])
        distances = np.linalg.norm(places[:, None] - places, axis=2) + 1e9 * np.eye(len(chosen))
        assert (kinds[distances.argmin(axis=1)] == kinds).all()
        np.testing.assert_array_equal(places, flattened(vectors, chosen))
    out = plot_words(vectors, tmp_path / "map.png", words=["cata", "dogb"])
    assert out.read_bytes().startswith(b"\x89PNG")
    code, said, _ = words(monkeypatch, capsys, "plot", datapath("test_glove.txt"), tmp_path / "glove.png")
    assert code == 0 and (tmp_path / "glove.png").stat().st_size > 5000 and said.strip().endswith("glove.png")


def test_a_pickle_of_gensim_is_read_only_if_it_is_asked_for(monkeypatch, capsys):
    path = datapath("old_keyedvectors_320.dat")
    word = read(path, format="gensim").words[0]
    code, _, err = words(monkeypatch, capsys, "nearest", path, word)
    assert code == 2 and "set the format to gensim" in err and len(err.strip().splitlines()) == 1
    code, said, err = words(monkeypatch, capsys, "nearest", path, word, "--format", "gensim", "--json")
    assert code == 0, err
    assert len(json.loads(said)[word]) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nearest", "nothing.vec", "a"], "Received: VECTORS='nothing.vec'"),
        (["nearest", datapath("test_glove.txt"), "qqq"], "Received: word='qqq'"),
        (["coverage", datapath("test_glove.txt"), "nothing.csv"], "Received: TEXTS='nothing.csv'"),
        (["train", datapath("test_glove.txt"), "x.vec", "--kind", "elmo"], "Received: --kind='elmo'"),
        (["train", datapath("test_glove.txt"), "x.doc"], "OUT must end in one of .txt, .vec"),
        (["train", datapath("test_glove.txt"), "/dev/null/x.vec"], "OUT must be a file that can be written"),
        (["train", datapath("test_glove.txt"), "x.vec", "--tokenizer", "spacy"], "Received: --tokenizer='spacy'"),
        (["plot", datapath("test_glove.txt"), "x.png", "the"], "two words or more"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments, message, monkeypatch, capsys):
    code, _, err = words(monkeypatch, capsys, *arguments)
    assert code == 2 and message in err and len(err.strip().splitlines()) == 1


def test_what_a_network_has_learned(tmp_path, monkeypatch, capsys):
    import multicnn

    (tmp_path / "t.csv").write_text("text,label\n" + "".join(f"{'ab'[i % 2]} word{i % 5},{i % 2}\n" for i in range(60)))
    settings = ["model.arguments.filters=2", "model.embedding.dims=3", "epochs=1"]
    multicnn.train(tmp_path / "t.csv", tmp_path / "run", model="textcnn", settings=settings)
    code, said, err = words(monkeypatch, capsys, "nearest", tmp_path / "run" / "model.keras", "a", "--count", 2)
    assert code == 0, err
    assert len(said.splitlines()) == 3
