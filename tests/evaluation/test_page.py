"""Pages other than the report: each is sound, needs nothing else, and escapes what it shows."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from support.html import Page

from multicnn.evaluation import page
from multicnn.evaluation.contact_sheet import write_contact_sheet
from multicnn.evaluation.data_report import shown_rows, write_data_report
from multicnn.evaluation.explanation import write_explanations
from multicnn.modalities import Shown
from multicnn.modalities.finding import Finding

PIXELS = Shown("image", np.zeros((8, 8, 3), np.uint8))
CLIP = Shown("audio", *(np.zeros(800, np.float32), 8000))


def read(path):
    text = path.read_text(encoding="utf-8")
    sound = Page(text)
    assert sound.needs_nothing_else() and "http" not in text
    assert all(image["alt"] for image in sound.all("img")) and all(clip["aria-label"] for clip in sound.all("audio"))
    return sound


def test_a_contact_sheet(tmp_path):
    rows = [{"id": "<1>", "label": "7", "as it is": [CLIP], "network": [PIXELS, Shown("text", "a < b")]}]
    path = write_contact_sheet(tmp_path / "new" / "x.html", "A & B", "Lead.", ["as it is", "network"], rows)
    sheet = read(path)
    assert {"A & B", "Lead.", "<1>", "7", "a < b", "as it is"} <= set(sheet.text)
    assert [len(sheet.all(tag)) for tag in ("audio", "img", "td")] == [1, 1, 3]
    assert sheet.all("img")[0]["alt"] == "<1>: network"


@pytest.mark.parametrize(
    ("decisions", "lead"),
    [(0, "No issues need your attention."), (1, "1 issue needs your attention."), (2, "2 issues need your attention.")],
)
def test_a_data_report(tmp_path, decisions, lead):
    groups = tuple((2 * i, 2 * i + 1) for i in range(10))
    findings = [Finding(f"<finding {i}>", "a & b", i < decisions, groups if i == 0 else ()) for i in range(3)]
    assert shown_rows(findings) == list(range(16))
    counts = pd.DataFrame({"train": [1200, 4], "all": [1300, 6]}, index=["<cat>", "dog"])
    examples = {row: (f"{row}.png", "<cat>", [PIXELS] if row else []) for row in range(16)}
    scores = [{"guess": "the commonest class", "split": "test", "accuracy": 0.5, "n": 1200}]
    tables = {"By class": counts, "By group": counts.iloc[:0]}
    report = read(
        write_data_report(
            tmp_path / "x.html", "State", findings, tables, scores, examples, "accuracy", tmp_path / "x.findings.csv"
        )
    )
    assert {
        lead,
        "<finding 2>",
        "<cat>",
        "1,300",
        "0.5000 (0.4718 to 0.5282)",
        "The first 8 of 10; all are in x.findings.csv",
        "By class",
    } <= set(report.text)
    assert "By group" not in report.text and report.text.count("needs your attention") == decisions
    assert len(report.all("img")) == 15


def explanation(tokens, scores, **others):
    gram = SimpleNamespace(text="so <good>", contribution=(1.5, -1.5), filters=(("2.conv:17", 1.25), ("2.conv:3", 0.5)))
    values = {"label": "pos", "probability": 0.93, "truth": "neg", "column": 0, "ngrams": [gram], "method": "n-grams"}
    return SimpleNamespace(tokens=tokens, scores=np.array([scores, scores]).T, **(values | others))


def test_explanations(tmp_path):
    words = explanation(("so", "<good>", "a", "film"), [0.25, 1.0, 0.0, -0.5])
    characters = explanation(tuple("abc"), [0, 0, 0], ngrams=[], truth=None)
    findings = SimpleNamespace(
        method="n-grams",
        texts=1200,
        classes={"pos": [{"text": "so <good>", "texts": 12, "contribution": 1.25}], "neg": []},
        filters=[{"filter": "2.conv:17", "label": "7", "weight": 1.5, "texts": 100, "fired_by": ["so <good>", "x"]}],
    )
    why = read(write_explanations(tmp_path / "x.html", "Why", [words, characters], findings))
    assert {"pos: 0.930; true class: neg", "2.conv:17 (1.25), 2.conv:3 (0.50)", "so <good> · x"} <= set(why.text)
    spans = [(span["class"], span["style"], span["title"]) for span in why.all("span")][2:6]
    assert spans == [
        ("for", "--strength: 0.19", "+0.250"),
        ("for", "--strength: 0.75", "+1.000"),
        ("against", "--strength: 0.00", "+0.000"),
        ("against", "--strength: 0.38", "-0.500"),
    ]
    text = (tmp_path / "x.html").read_text()
    assert "</span> <span" in text and text.count("</span><span") == 2  # characters stand side by side


@pytest.mark.parametrize(
    ("value", "cell"),
    [(1200, "1,200"), ("7", "7"), (0.25, "0.2500"), ("1.0", "1.0000"), (float("nan"), "–"), ("a", "a"), ("", "")],
)
def test_numbers_in_a_cell(value, cell):
    assert page.number(value) == cell


@pytest.mark.parametrize(("value", "text"), [(1200, "1,200"), (12.5, "12.5"), (0.123456, "0.1235"), ("a", "a")])
def test_numbers_that_stand_alone(value, text):
    assert page.fact(value) == text


def test_a_name_that_is_no_unicode_can_be_written(tmp_path):
    path = page.write(tmp_path / "x.html", "contact_sheet", title="a\udcff", lead="", columns=[], rows=[])
    assert "a\\udcff" in path.read_text(encoding="utf-8")
