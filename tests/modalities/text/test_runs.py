"""Texts end to end: a Russian set with everything bad in it, and what cannot be learned from, each told in a line."""

import dataclasses
import itertools
import unicodedata

import numpy as np
import pandas as pd
import pytest
from support.command_line import call

import multicnn
from multicnn.blocks import network
from multicnn.modalities.text.word_vectors import WordVectors

SPORT = ("забил решающий гол", "выиграла финал турнира", "бежит марафон", "отбил подачу соперника")
KITCHEN = ("варит густой суп", "печёт яблочный пирог", "режет свежий лук", "солит горячую кашу")
WHO = ("Мальчик", "Наш сосед", "Её сестра", "Опытная команда", "Ёжик-чемпион", "Никто не знал, что он")
WHEN = ("утром.", "сегодня!", "в третий раз…", "под дождём;", "— и улыбается.")
SETTINGS = [
    "model.arguments.filters=6",
    "model.embedding.dims=12",
    "epochs=6",
    "optimizer.learning_rate=0.01",
    "batch_size=16",
]
UNREADABLE = [
    b'"caf\xe9 au lait",\xd1\x81\xd0\xbf\xd0\xbe\xd1\x80\xd1\x82',
    b'"  ",\xd1\x81\xd0\xbf\xd0\xbe\xd1\x80\xd1\x82',
]


def russian():
    """Sentences and their labels, all different."""
    for label, does in (("спорт", SPORT), ("кухня", KITCHEN)):
        for words in itertools.product(WHO, does, WHEN):
            yield " ".join(words), label


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A predictor of a table in which two rows are bad, one text has one word and one has 100,000; and its folder."""
    folder = tmp_path_factory.mktemp("russian")
    rows = [*russian(), ("гол", "спорт"), ("суп " * 100_000, "кухня")]
    lines = [f'"{text}",{label}'.encode() for text, label in rows] + UNREADABLE
    (folder / "t.csv").write_bytes(b"text,label\n" + b"\n".join(lines) + b"\n")
    return multicnn.train(folder / "t.csv", folder / "run", model="textcnn", settings=SETTINGS), folder


def test_bad_rows_are_listed_and_none_is_lost(trained):
    predictor, folder = trained
    bad = pd.read_csv(folder / "run" / "bad_files.csv")
    assert [reason.split(":")[0] for reason in sorted(bad["reason"])] == ["empty text", "not UTF-8"]
    manifest = pd.read_parquet(folder / "run" / "manifest.parquet")
    assert len(manifest) == 2 * len(WHO) * len(SPORT) * len(WHEN) + 4
    assert (manifest["status"] == "good").sum() == len(manifest) - 2
    assert (
        predictor.preprocess.length < 20 and predictor.metrics["bad"] == 2
    )  # the one of 100,000 words is no real text


def test_russian_is_learned_and_comes_back_the_same(trained, tmp_path):
    predictor, _ = trained
    assert predictor.metrics["test"]["accuracy"] > 0.9 and predictor.labels == ("кухня", "спорт")
    texts = [
        *itertools.islice((text for text, _ in russian()), 0, None, 7),
        "суп",
        "гол " * 100_000,
        "👩‍👩‍👧 ß İ \u200f",
        "!",
        "незнакомое слово",
    ]
    again = multicnn.load(predictor.save(tmp_path / "m.keras"))
    first, second = predictor.predict(texts), again.predict(texts)
    assert [p.probabilities for p in first] == [p.probabilities for p in second]
    assert all(p.error is None for p in first)


@pytest.mark.parametrize(
    "change",
    [str.upper, lambda text: unicodedata.normalize("NFD", text), lambda text: text.replace(" ", "\u00a0\t"), "\ufeff{}".format],
    ids=["capitals", "combining marks", "other spaces", "byte order mark"],
)  # fmt: skip
def test_how_a_text_is_written_changes_nothing(change, trained):
    text = "Ёжик-чемпион печёт яблочный пирог; й, ё"
    source = change(text).encode()
    one, other = trained[0].predict([text.encode(), source])
    assert one.probabilities == other.probabilities


def test_a_long_text_is_pooled_over_its_windows(trained, tmp_path, monkeypatch, capsys):
    predictor = trained[0]
    pooling = dataclasses.replace(
        predictor, preprocess=dataclasses.replace(predictor.preprocess, length=10, long="windows")
    )
    pooling = multicnn.load(dataclasses.replace(pooling, network=resized(pooling, 10)).save(tmp_path / "m.keras"))
    parts = [
        "Мальчик варит густой суп утром . и он ест кашу",
        "Сосед выиграла финал турнира сегодня ! под дождём ; и гол",
    ]
    whole, first = pooling.predict([" ".join(parts), parts[0]])
    assert [start for start, _ in whole.windows] == [0.0, 10.0, 11.0]
    means = {label: np.mean([found[label] for _, found in whole.windows]) for label in pooling.labels}
    assert whole.probabilities == pytest.approx(means)
    assert whole.windows[0][1] == pytest.approx(first.probabilities)
    code, out, _ = call(monkeypatch, capsys, "predict", tmp_path / "m.keras", " ".join(parts), "--per-window")
    assert code == 0 and "\n  token 11\t" in out


def resized(predictor, length):
    """The same network for texts of another length."""
    made = network(predictor.block, (length,))
    made.set_weights(predictor.network.get_weights())
    return made


def run(monkeypatch, capsys, folder, *arguments):
    code, _, err = call(monkeypatch, capsys, "train", *arguments, "--out", folder / "run")
    said = [line for line in err.splitlines() if line.startswith("multicnn:")]
    assert code == 2 and len(said) == 1 and "Traceback" not in err
    return said[0]


def test_a_vector_file_cut_in_the_middle_is_one_line(tmp_path, monkeypatch, capsys):
    words = tuple(dict.fromkeys(" ".join(text.lower() for text, _ in russian()).split()))
    WordVectors(words, np.ones((len(words), 5), np.float32)).save(tmp_path / "v.txt")
    whole = (tmp_path / "v.txt").read_bytes()
    (tmp_path / "v.txt").write_bytes(whole[: len(whole) // 2])
    pd.DataFrame(russian(), columns=["text", "label"]).to_csv(tmp_path / "t.csv", index=False)
    settings = ["model.embedding.kind=static", f"model.embedding.vectors={tmp_path / 'v.txt'}", "model.name=textcnn"]
    said = run(
        monkeypatch, capsys, tmp_path, tmp_path / "t.csv", *(word for pair in settings for word in ("--set", pair))
    )
    assert "cut" in said and "v.txt" in said


def test_only_empty_texts_is_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "t.csv").write_text("text,label\n" + ' ,a\n"",b\n' * 20)
    assert "DATA must hold a usable example" in run(monkeypatch, capsys, tmp_path, tmp_path / "t.csv")


def test_a_vocabulary_of_one_word_trains(tmp_path):
    rows = "".join(f"{'слово ' * (1 + i)},{'ab'[i > 29]}\n" for i in range(60))
    (tmp_path / "t.csv").write_text("text,label\n" + rows, encoding="utf-8")
    predictor = multicnn.train(tmp_path / "t.csv", tmp_path / "run", model="textcnn", settings=SETTINGS[:3])
    assert predictor.preprocess.vocabulary == ("слово",)
    assert [p.error for p in predictor.predict(["слово", "иное"])] == [None, None]


def test_neighbours_come_from_the_given_vectors(tmp_path):
    path = tmp_path / "texts.csv"
    texts = [f"{word} film number {i}" for i in range(20) for word in ("good", "bad")]
    pd.DataFrame({"text": texts, "label": ["x", "y"] * 20}).to_csv(path, index=False)
    tiny = {"arguments": {"filters": 4}, "embedding_dims": 4, "epochs": 1, "augment": {"neighbours": 0.5}}
    with pytest.raises(ValueError, match=r"needs word vectors that are given.*Received: augment.neighbours=0.5"):
        multicnn.train(path, tmp_path / "none", **tiny)
    vectors = multicnn.Embedding(kind="static", vectors="cbow")
    settings = ["preprocess.min_count=1", "preprocess.modality=text"]
    trained = multicnn.train(path, tmp_path / "run", embedding=vectors, settings=settings, **tiny)
    assert "test" in trained.metrics
    page = multicnn.preview(path, tmp_path / "page.html", embedding=vectors, settings=settings, **tiny)
    assert "neighbours" in page.read_text()


def test_vectors_that_gensim_saved_are_read_only_if_the_recipe_says_so(tmp_path):
    from gensim.models import KeyedVectors

    words = KeyedVectors(4)
    words.add_vectors(["good", "bad"], np.eye(2, 4, dtype=np.float32))
    words.save(str(tmp_path / "words.kv"))
    table = pd.DataFrame({"text": [f"{word} film {i}" for i in range(20) for word in ("good", "bad")]})
    table.assign(label=["x", "y"] * 20).to_csv(tmp_path / "t.csv", index=False)
    settings = [
        "model.arguments.filters=4",
        "epochs=1",
        "model.embedding.kind=static",
        f"model.embedding.vectors={tmp_path / 'words.kv'}",
    ]
    with pytest.raises(ValueError, match="set the format to gensim"):
        multicnn.train(tmp_path / "t.csv", tmp_path / "no", settings=settings)
    trained = multicnn.train(
        tmp_path / "t.csv", tmp_path / "run", settings=[*settings, "model.embedding.format=gensim"]
    )
    assert {"good", "bad"} <= set(trained.preprocess.vocabulary)
