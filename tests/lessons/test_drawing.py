"""Figures: drawn from the numbers, in one look, without a window, and never the caller's settings."""

import base64
import sys

import matplotlib
import numpy as np
import pytest
from PIL import Image

from multicnn.lessons import approximation, sizes, weight_counts, window

STEPS = window.step(np.arange(4).reshape(2, 2), np.ones((2, 1)))


@pytest.mark.parametrize("suffix", ["png", "svg", "jpg", "webp", pytest.param("pdf", marks=pytest.mark.slow)])
def test_a_figure_is_saved_in_the_kind_of_its_name(suffix, tmp_path):
    path = STEPS.save(tmp_path / "new" / f"a.{suffix}")
    start = path.read_bytes()[:400]
    magic = {"png": b"\x89PNG", "svg": b"<svg", "jpg": b"\xff\xd8", "webp": b"WEBP", "pdf": b"%PDF"}[suffix]
    assert magic in start
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["a.gif", "a", "a.png/b.png"])
def test_a_name_that_no_figure_can_have(name, tmp_path):
    (tmp_path / "a.png").write_bytes(b"a file")
    with pytest.raises(ValueError, match="Received: out="):
        STEPS.save(tmp_path / name)


def test_the_same_numbers_make_the_same_file_whatever_the_caller_has_set():
    expected = STEPS.encoded("png"), STEPS.encoded("svg")
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "figure.dpi": 300}):
        assert (STEPS.encoded("png"), STEPS.encoded("svg")) == expected
        assert STEPS.figure().dpi == 80
        assert matplotlib.rcParams["font.size"] == 30


def test_a_notebook_shows_the_figure_as_an_image():
    bundle = STEPS._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"])[:4] == b"\x89PNG"
    assert "pyplot" not in " ".join(name for name in sys.modules if name.startswith("multicnn.lessons"))


def test_at_most_nine_frames():
    many = window.step(np.arange(49).reshape(7, 7), np.ones((2, 2)))
    assert sum(axes.get_title(loc="left") != "" for axes in many.figure().axes) == 9
    assert sum(axes.get_title(loc="left") != "" for axes in STEPS.figure().axes) == 2


def test_how_much_is_computed(monkeypatch):
    for value, expected in (("", 7), ("full", 7), ("quick", 2)):
        monkeypatch.setenv("MULTICNN_LESSON", value)
        assert sizes.sized(7, quick=2) == expected
    monkeypatch.setenv("MULTICNN_LESSON", "fast")
    with pytest.raises(ValueError, match="Received: MULTICNN_LESSON='fast'"):
        sizes.sized(7, quick=2)


@pytest.mark.parametrize(
    "drawing", [approximation.bump(), weight_counts.weight_counts()], ids=lambda d: type(d).__name__
)
def test_no_figure_is_wider_than_a_page(drawing, tmp_path):
    with Image.open(drawing.save(tmp_path / "a.png")) as image:
        assert image.width <= 800 and image.height <= 800
