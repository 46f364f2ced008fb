import base64
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile
from PIL import Image

from multicnn.evaluation.previews import preview
from multicnn.evaluation.report import write_evaluation, write_report

LABELS = ["<b>cat</b>", "7", "dog & co"]
HISTORY = "epoch,loss,accuracy,val_loss,val_accuracy\n1,1.1,0.4,1.2,0.3\n2,0.5,0.8,0.7,0.7\n"
METRICS = {
    "train": {"accuracy": 0.99, "loss": 0.05, "macro_f1": 0.98, "n": 1200},
    "test": {"accuracy": 0.9, "loss": 0.25, "macro_f1": 0.89, "n": 30},
    "linear_baseline": {"accuracy": 0.8, "macro_f1": 0.75, "n": 30, "model": "TF-IDF & SVM"},
    "parameters": 61706,
    "seconds": 12.5,
}


class Page(HTMLParser):
    """Reads a page strictly: every element closed in order; keeps text, tags and attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.text.append(data.strip())

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run <1>"
    folder.mkdir()
    rng = np.random.default_rng(0)
    ids = [f"photos/{i} & more.png" for i in range(30)]
    write_evaluation(folder, rng.normal(size=(30, 3)).astype(np.float32), rng.integers(0, 3, 30), LABELS, ids)
    (folder / "history.csv").write_text(HISTORY)
    (folder / "metrics.json").write_text(json.dumps(METRICS))
    (folder / "recipe.json").write_text('{"model": "lenet5", "note": "</pre><script>"}')
    (folder / "bad_files.csv").write_text("id,source,reason\nx.png,/data/x.png,empty file\n")
    return folder


def test_the_files_of_an_evaluation(run):
    assert {path.name for path in run.iterdir()} >= {"per_class.csv", "mistakes.csv", "confusion_matrix.png"}


def test_the_page_is_sound_accessible_and_complete(run):
    path = write_report(run)
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
    text = write_report(run).read_text(encoding="utf-8")
    page = Page(text)
    assert not page.all("script") and not page.all("link")
    for attributes in (attributes for _, attributes in page.tags):
        assert attributes.get("src", "data:").startswith("data:")
        assert "href" not in attributes
    assert "http" not in text


def test_names_and_texts_are_escaped(run):
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert not page.all("b")
    assert "run <1>" in page.text
    assert {"<b>cat</b>", "7", "dog & co"} <= set(page.text)
    assert any("</pre><script>" in text for text in page.text)


def test_the_numbers_and_the_linear_model_beside_them(run):
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert "A linear model classifies 80.0% correctly: 10.0 points fewer." in " ".join(page.text)
    assert {"0.9900", "1,200", "61,706", "linear model, test", "Linear model: TF-IDF & SVM."} <= set(page.text)
    order = [text for text in page.text if text in ("training", "validation", "test", "linear model, test")]
    assert order == ["training", "test", "linear model, test"]


@pytest.mark.parametrize(("linear", "verdict"), [(0.95, "5.0 points more"), (0.9, "just as many")])
def test_a_better_linear_model_is_not_hidden(run, linear, verdict):
    metrics = METRICS | {"linear_baseline": METRICS["linear_baseline"] | {"accuracy": linear}}
    (run / "metrics.json").write_text(json.dumps(metrics))
    assert verdict in write_report(run).read_text(encoding="utf-8")


def test_embedded_pictures_are_those_of_the_folder(run):
    sources = re.findall(r'src="data:image/png;base64,([^"]+)"', write_report(run).read_text(encoding="utf-8"))
    files = {(run / name).read_bytes() for name in ("learning_curves.png", "confusion_matrix.png")}
    assert {base64.b64decode(source) for source in sources} == files


def test_a_bad_text_may_be_a_book(run):
    (run / "bad_files.csv").write_text(f"id,source,reason\n1,{'word ' * 100_000},no label\n")
    page = Page(write_report(run).read_text())
    assert "no label" in page.text and max(map(len, page.text)) < 10_000


def test_parts_without_a_file_are_left_out(tmp_path):
    page = Page(write_report(tmp_path).read_text(encoding="utf-8"))
    assert not page.all("section")
    with pytest.raises(ValueError, match=r"folder must be an existing run folder. Received: folder="):
        write_report(tmp_path / "nowhere")


def test_nothing_wrong_is_said(tmp_path):
    write_evaluation(tmp_path, np.eye(3, dtype=np.float32), np.arange(3), LABELS, ["1", "2", "3"])
    assert "every example was classified correctly" in write_report(tmp_path).read_text(encoding="utf-8")


def test_previews_stand_beside_the_mistakes(run):
    ids = [f"photos/{i} & more.png" for i in range(30)]
    page = Page(write_report(run, {name: np.zeros((8, 8, 3), np.uint8) for name in ids}).read_text(encoding="utf-8"))
    thumbs = [picture for picture in page.all("img") if picture.get("class") == "thumb"]
    assert len(thumbs) >= 10
    assert thumbs[0]["alt"].endswith("& more.png")


@pytest.mark.parametrize(
    ("shape", "size"),
    [((8, 8), (160, 160)), ((28, 28, 1), (140, 140)), ((100, 90, 3), (90, 100)), ((480, 640, 3), (160, 120))],
)
def test_preview_of_a_picture(shape, size):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    source = Page(preview(pixels, "x")).all("img")[0]["src"]
    picture = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
    assert picture.size == size
    if max(shape) < 160:
        shown = np.asarray(picture).reshape(*picture.size[::-1], -1)
        step = size[0] // shape[1]
        np.testing.assert_array_equal(shown[::step, ::step], pixels.reshape(*shape[:2], -1))


def test_preview_of_a_sound():
    wave = np.sin(np.arange(12 * 8000, dtype=np.float32))
    source = Page(preview((wave, 8000), 'a "b"')).all("audio")[0]
    decoded, rate = soundfile.read(io.BytesIO(base64.b64decode(source["src"].partition(",")[2])))
    assert (rate, len(decoded)) == (8000, 80_000)
    np.testing.assert_allclose(decoded, wave[:80_000], atol=1e-4)
    assert source["aria-label"] == 'a "b"'


def test_preview_of_a_text_and_of_nothing_known():
    assert Page(preview("a < b", "x")).text == ["a < b"]
    assert len(Page(preview("x" * 5000, "x")).text[0]) == 600
    with pytest.raises(TypeError, match=r"raw must be .* Received: raw of float"):
        preview(1.0, "x")


def test_importing_evaluation_imports_nothing_heavy():
    code = (
        "import sys, multicnn.evaluation.report, multicnn.evaluation.baseline\n"
        "heavy = {'matplotlib', 'sklearn', 'pandas', 'PIL', 'soundfile', 'scipy', 'tensorflow', 'keras'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
