import base64
import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.html import Page

from multicnn.data.load import load_manifest
from multicnn.evaluation.report import report_run, write_evaluation, write_report
from multicnn.modalities import Shown
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.recipe import DataSource
from multicnn.tasks import Classification

LABELS = ["<b>cat</b>", "7", "dog & co"]
TASK = Classification(tuple(LABELS))
HISTORY = "epoch,loss,accuracy,val_loss,val_accuracy\n1,1.1,0.4,1.2,0.3\n2,0.5,0.8,0.7,0.7\n"
METRICS = {
    "train": {"accuracy": 0.99, "loss": 0.05, "macro_f1": 0.98, "n": 1200},
    "test": {"accuracy": 0.9, "loss": 0.25, "macro_f1": 0.89, "n": 30},
    "linear_baseline": {"accuracy": 0.8, "macro_f1": 0.75, "n": 30, "model": "TF-IDF & SVM"},
    "parameters": 61706,
    "seconds": 12.5,
}


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run <1>"
    folder.mkdir()
    rng = np.random.default_rng(0)
    ids = [f"photos/{i} & more.png" for i in range(30)]
    write_evaluation(folder, TASK, rng.normal(size=(30, 3)).astype(np.float32), rng.integers(0, 3, 30), ids)
    (folder / "history.csv").write_text(HISTORY)
    (folder / "metrics.json").write_text(json.dumps(METRICS))
    (folder / "recipe.json").write_text('{"model": "lenet5", "note": "</pre><script>"}')
    (folder / "bad_files.csv").write_text("id,source,reason\nx.png,/data/x.png,empty file\n")
    return folder


def test_the_files_of_an_evaluation(run):
    assert {path.name for path in run.iterdir()} >= {"per_class.csv", "mistakes.csv", "confusion_matrix.png"}


def test_the_page_is_sound_accessible_and_complete(run):
    path = write_report(run, TASK)
    assert path == run / "report.html"
    page = Page(path.read_text(encoding="utf-8"))
    assert [text for text in page.text if text in ("Results", "Learning curves", "Confusion matrix")]
    headings = [
        "Results",
        "Learning curves",
        "Confusion matrix",
        "Classes",
        "Worst mistakes",
        "Skipped inputs",
        "Recipe",
    ]
    assert [text for text in page.text if text in headings] == headings
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    assert len(page.all("table")) == len(page.all("caption")) == 4
    assert all(heading["scope"] in ("row", "col") for heading in page.all("th"))
    assert len(page.all("img")) == 2
    assert all(picture["alt"] for picture in page.all("img"))


def test_the_page_needs_nothing_else(run):
    text = write_report(run, TASK).read_text(encoding="utf-8")
    assert Page(text).needs_nothing_else() and "http" not in text


def test_names_and_texts_are_escaped(run):
    page = Page(write_report(run, TASK).read_text(encoding="utf-8"))
    assert not page.all("b")
    assert "run <1>" in page.text
    assert {"<b>cat</b>", "7", "dog & co"} <= set(page.text)
    assert any("</pre><script>" in text for text in page.text)


def test_the_numbers_and_the_linear_baseline_beside_them(run):
    page = Page(write_report(run, TASK).read_text(encoding="utf-8"))
    assert "Linear baseline: 80.0 % (95 % interval 62.7 to 90.5 %) (10.0 percentage points below)." in " ".join(
        page.text
    )
    assert {
        "0.9900 (0.9826 to 0.9943)",
        "1,200",
        "61,706",
        "linear baseline, test",
        "Linear baseline: TF-IDF & SVM.",
    } <= set(page.text)
    order = [text for text in page.text if text in ("training", "validation", "test", "linear baseline, test")]
    assert order == ["training", "test", "linear baseline, test"]


@pytest.mark.parametrize(("linear", "verdict"), [(0.95, "5.0 percentage points above"), (0.9, "(the same)")])
def test_a_better_linear_baseline_is_not_hidden(run, linear, verdict):
    metrics = METRICS | {"linear_baseline": METRICS["linear_baseline"] | {"accuracy": linear}}
    (run / "metrics.json").write_text(json.dumps(metrics))
    assert verdict in write_report(run, TASK).read_text(encoding="utf-8")


def test_embedded_pictures_are_those_of_the_folder(run):
    sources = re.findall(r'src="data:image/png;base64,([^"]+)"', write_report(run, TASK).read_text(encoding="utf-8"))
    files = {(run / name).read_bytes() for name in ("learning_curves.png", "confusion_matrix.png")}
    assert {base64.b64decode(source) for source in sources} == files


def test_a_bad_text_may_be_a_book(run):
    (run / "bad_files.csv").write_text(f"id,source,reason\n1,{'word ' * 100_000},no label\n")
    page = Page(write_report(run, TASK).read_text())
    assert "no label" in page.text and max(map(len, page.text)) < 10_000


def test_parts_without_a_file_are_left_out(tmp_path):
    page = Page(write_report(tmp_path, TASK).read_text(encoding="utf-8"))
    assert not page.all("section")
    with pytest.raises(ValueError, match=r"folder must be an existing run folder. Received: folder="):
        write_report(tmp_path / "nowhere", TASK)


def test_nothing_wrong_is_said(tmp_path):
    write_evaluation(tmp_path, TASK, np.eye(3, dtype=np.float32), np.arange(3), ["1", "2", "3"])
    assert "every example was classified correctly" in write_report(tmp_path, TASK).read_text(encoding="utf-8")


def test_previews_stand_beside_the_mistakes(run):
    ids = [f"photos/{i} & more.png" for i in range(30)]
    examples = {name: Shown("image", np.zeros((8, 8, 3), np.uint8)) for name in ids}
    page = Page(write_report(run, TASK, examples).read_text(encoding="utf-8"))
    thumbs = [picture for picture in page.all("img") if picture.get("class") == "thumb"]
    assert len(thumbs) >= 10
    assert thumbs[0]["alt"].endswith("& more.png")


def test_importing_evaluation_imports_nothing_heavy():
    code = (
        "import sys, multicnn.evaluation.report, multicnn.evaluation.baseline\n"
        "heavy = {'matplotlib', 'sklearn', 'pandas', 'PIL', 'soundfile', 'scipy', 'jinja2', 'tensorflow', 'keras'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_mistake_whose_file_has_vanished_is_listed_without_its_picture(tmp_path):
    for label in "ab":
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(4):
            Image.fromarray(np.full((4, 4), 30 * i + ord(label), np.uint8)).save(tmp_path / "data" / label / f"{i}.png")
    manifest = load_manifest(DataSource(path=str(tmp_path / "data"), validation_fraction=0, test_fraction=0))
    (tmp_path / "data" / "a" / "1.png").unlink()
    (tmp_path / "run").mkdir()
    report_run(tmp_path / "run", ImagePreprocess(), manifest, lambda rows: np.tile([[0.0, 1.0]], (len(rows), 1)))
    assert "a/1.png" in pd.read_csv(tmp_path / "run" / "mistakes.csv")["id"].tolist()
    page = (tmp_path / "run" / "report.html").read_text()
    assert "a/1.png" in page and page.count('alt="a/') == 3
