"""`multicnn predict`: folders, tables and URLs."""

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from support.command_line import call

import multicnn
from multicnn.blocks import chain, dense, embed, flatten, global_average_pool, network
from multicnn.modalities import ImagePreprocess, TextPreprocess
from multicnn.predictor import Predictor
from multicnn.tasks import Classification, Multilabel

ARTEFACTS = Path(__file__).parents[1] / "artefacts" / "0.1.0"
IMAGES = ImagePreprocess(size=(2, 2), channels=1, mean=(0.5,), std=(0.25,))
WORDS = TextPreprocess(length=3, vocabulary=("a", "film"))


def saved(preprocess, block, folder):
    """Return the file of an untrained predictor, the smallest that there is."""
    model = network(block, preprocess.input_shape)
    return Predictor(preprocess, block, model, Classification(("=sum", "cat"))).save(folder / "model.keras")


@pytest.fixture(scope="module")
def of_images(tmp_path_factory):
    return saved(IMAGES, chain(flatten(), dense(2)), tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def of_texts(tmp_path_factory):
    body = chain(embed(WORDS.vocabulary_size, 2), global_average_pool(), dense(2))
    return saved(WORDS, body, tmp_path_factory.mktemp("texts"))


@pytest.fixture
def photos(tmp_path):
    """Return a folder of images at two depths, with hidden and system files, and a file that is none."""
    root = tmp_path / "photos"
    for name in ("b/9.png", "a/4.png", "top.png", ".hidden/4.png", "__MACOSX/4.png", "a/.4.png", "a/Thumbs.db"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ARTEFACTS / f"digits_{'19' if '9' in name else '4'}.png", root / name)
    shutil.copy(ARTEFACTS / "eight_belinda.ogg", root / "b" / "clip.ogg")
    (root / "b" / "notes.doc").write_bytes(b"\xd0\xcf\x11\xe0 a document")
    return root


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_files_of_a_folder_are_predicted_as_if_they_were_named(of_images, photos, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = [f"photos/{name}" for name in ("a/4.png", "b/9.png", "b/clip.ogg", "b/notes.doc", "top.png")]
    of_folder = call(monkeypatch, capsys, "predict", of_images, "photos", "--json", "--csv", "out.csv")
    assert of_folder == call(monkeypatch, capsys, "predict", of_images, *names, "--json")
    code, out, _ = of_folder
    rows = list(map(json.loads, out.splitlines()))
    assert code == 1
    assert [row["input"] for row in rows] == names
    assert ["error" in row for row in rows] == [False, False, True, True, False]

    in_table = rows_of("out.csv")
    assert [row["input"] for row in in_table] == names
    for row, cells in zip(rows, in_table):
        assert cells["error"] == row.get("error", "")
        if "label" in row:
            assert cells["label"].removeprefix("'") == row["label"]
            assert float(cells["probability"]) == row["probabilities"][row["label"]]
            assert {n: float(cells[f"probability of {n}"]) for n in row["probabilities"]} == row["probabilities"]

    in_python = multicnn.load(of_images).predict(Path("photos"))
    assert [(p.input, p.label or None, p.error) for p in in_python] == [
        (row["input"], row.get("label"), row.get("error")) for row in rows
    ]


def test_a_folder_of_texts(of_texts, tmp_path, monkeypatch, capsys):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "1.txt").write_text("a film")
    (tmp_path / "texts" / "2.png").write_bytes((ARTEFACTS / "digits_4.png").read_bytes())
    (tmp_path / "texts" / "3.csv").write_text("text,label\na film,cat\n")
    arguments = (tmp_path / "texts", "a film", tmp_path / "texts" / "3.csv", "a film.csv")
    code, out, _ = call(monkeypatch, capsys, "predict", of_texts, *arguments, "--json")
    first, second, third, same, table, text = map(json.loads, out.splitlines())
    assert code == 1 and "error" in second and "error" not in text
    assert "a table, not a text" in third["error"] == table["error"]
    in_python = multicnn.load(of_texts).predict(tmp_path / "texts")
    assert [each.error is None for each in in_python] == [True, False, False]
    assert in_python[0].probabilities == first["probabilities"]
    assert same["probabilities"] == first["probabilities"]


def test_a_table_of_any_number_of_labels(tmp_path, monkeypatch, capsys):
    block = chain(flatten(), dense(2))
    model = network(block, IMAGES.input_shape)
    model.set_weights([np.zeros((4, 2)), np.ones(2)])
    path = Predictor(IMAGES, block, model, Multilabel(("a", "b"), "|")).save(tmp_path / "model.keras")
    call(monkeypatch, capsys, "predict", path, ARTEFACTS / "digits_4.png", "--csv", tmp_path / "out.csv")
    (row,) = rows_of(tmp_path / "out.csv")
    assert (row["label"], row["probability"]) == ("a|b", "")
    assert float(row["probability of a"]) == float(row["probability of b"]) == pytest.approx(1 / (1 + np.exp(-1)))


@pytest.mark.slow
def test_a_table_of_the_windows_of_a_folder_of_clips(tmp_path, monkeypatch, capsys):
    table, model = tmp_path / "out.csv", ARTEFACTS / "spoken_digits.keras"
    code, out, _ = call(monkeypatch, capsys, "predict", model, ARTEFACTS, "--json", "--per-window", "--csv", table)
    good = [row for row in map(json.loads, out.splitlines()) if "label" in row]
    assert code == 1
    assert [Path(row["input"]).suffix for row in good] == [".ogg", ".ogg"]
    windows = [(row["input"], window["start"]) for row in good for window in row["windows"]]
    assert [(row["input"], float(row["start"])) for row in rows_of(table) if row["start"]] == windows


def test_the_table_can_be_written_into_the_folder_again_and_again(of_images, photos, monkeypatch, capsys):
    table = photos / "out.csv"
    for _ in range(2):
        call(monkeypatch, capsys, "predict", of_images, photos, "--csv", table)
        assert len(rows_of(table)) == 5
    assert [path.name for path in photos.iterdir() if path.name.startswith(".part")] == []


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not allow")
def test_a_spreadsheet_runs_no_name(of_images, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = ['=HYPERLINK("http:,a","b").png', "@x.png", "two\nlines.png"]
    for name in names:
        shutil.copy(ARTEFACTS / "digits_4.png", name)
    call(monkeypatch, capsys, "predict", of_images, *names, "--csv", "out.csv")
    assert [row["input"] for row in rows_of("out.csv")] == ["'" + names[0], "'" + names[1], names[2]]


URL = "https://a.example/cat.jpg"
REFUSED = {
    "a URL": (["predict", "x.keras", "a.png", URL], "must be on this machine"),
    "a URL to explain": (["explain", "x.keras", URL], "must be on this machine"),
    "a URL of a model": (["predict", URL, "a.png"], "nothing is downloaded"),
    "a URL of data": (["evaluate", "model.keras", URL], "nothing is downloaded"),
    "a URL to examine": (["doctor", URL], "nothing is downloaded"),
    "a URL to preview": (["preview", URL], "nothing is downloaded"),
    "a URL to train on": (["train", URL], "nothing is downloaded"),
    "a URL of weights": (["train", "digits", "--from", URL], "nothing is downloaded"),
    "a folder without files": (["predict", "model.keras", "empty"], "folders that hold some"),
    "another format of table": (["predict", "x.keras", "a.png", "--csv", "out.xlsx"], "--csv must end in .csv"),
    "a folder as table": (["predict", "x.keras", "a.png", "--csv", "folder.csv"], "--csv must be a file"),
    "a table in a file": (["predict", "x.keras", "a.png", "--csv", "a.png/out.csv"], "--csv must be a file"),
    "an input as table": (["predict", "x.keras", "texts.csv", "--csv", "./texts.csv"], "another file than the inputs"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_call_is_one_line_and_leaves_nothing(name, of_images, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(of_images, "model.keras")
    for each in ("a.png", "texts.csv"):
        (tmp_path / each).write_text("x")
    for each in ("empty", "folder.csv"):
        (tmp_path / each).mkdir()
    before = sorted(tmp_path.rglob("*"))
    arguments, words = REFUSED[name]
    code, out, err = call(monkeypatch, capsys, *arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1 and words in err and "Received: " in err
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_is_downloaded_in_python_either(of_images, tmp_path):
    predictor = multicnn.load(of_images)
    with pytest.raises(ValueError, match="nothing is downloaded"):
        predictor.predict(URL)
    good, bad = predictor.predict([ARTEFACTS / "digits_4.png", URL])
    assert good.label and "nothing is downloaded" in bad.error
    for source in (URL, Path(URL)):
        with pytest.raises(ValueError, match="nothing is downloaded"):
            multicnn.train(source, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_url_among_texts_is_a_text(of_texts):
    assert multicnn.load(of_texts).predict(URL)[0].error is None
