"""What became constant when it was read, and what a window cuts or pads, is reported where the examples are decoded."""

import re

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image
from support.reporters import Recorder

import multicnn
from multicnn.blocks import chain, dense, flatten, network
from multicnn.data import store
from multicnn.modalities import lookup
from multicnn.predictor import Predictor
from multicnn.tasks import choose_task

RNG = np.random.default_rng(0)
TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 16000)


def low_16_bits(level):
    return Image.fromarray(np.clip(RNG.normal(level, 10, (16, 16)), 0, 4095).astype(np.uint16))


def images(folder, odd):
    """Write twenty images into two class folders; the first ones are `odd`."""
    for i in range(20):
        usual = Image.fromarray(RNG.integers(0, 256, (16, 16, 3), np.uint8))
        path = folder / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        (odd[i] if i < len(odd) else usual).save(path)
    return folder


def clips(folder, odd):
    for i in range(20):
        path = folder / "ab"[i % 2] / f"{i}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, odd[i] if i < len(odd) else TONE + RNG.normal(0, 0.01, len(TONE)), 16000)
    return folder


def texts(folder, odd):
    usual = [f"one more text of {word}" for word in ("rain", "snow", "sun", "wind") for _ in range(5)]
    table = pd.DataFrame({"text": [*odd, *usual[len(odd) :]], "label": list("ab") * 10})
    table.to_csv(folder / "texts.csv", index=False)
    return folder / "texts.csv"


HIDDEN = Image.fromarray(np.dstack([RNG.integers(0, 256, (16, 16, 3), np.uint8), np.zeros((16, 16), np.uint8)]))
RAMP = Image.fromarray(np.tile(np.linspace(0, 4095, 16).astype(np.uint16), (16, 1)))
ANTIPHASE = np.stack([TONE, -TONE], axis=1)
CASES = {
    "16 bits of which few are used": (images, [low_16_bits(40), low_16_bits(100)], {}, "2 of 20 are of one colour"),
    "12 bits": (images, [RAMP], {}, "1 of 20 are of one colour or nearly black.*Save such images"),
    "transparency over everything": (images, [HIDDEN], {}, "1 of 20 are of one colour"),
    "stereo in antiphase": (clips, [ANTIPHASE], {}, "1 of 20 are silent.*save one of their channels"),
    "silence": (clips, [np.zeros(8000), np.zeros(8000)], {}, "2 of 20 are silent"),
    "silence, kept as waveforms": (clips, [np.zeros(8000)], {"augment": {"gain_db": 3.0}}, "1 of 20 are silent"),
    "one token": (texts, ["word", "so so so"], {}, "2 of 20 are one token.*preprocess.level=characters"),
    "nothing odd, images": (images, [], {}, None),
    "nothing odd, audio": (clips, [], {}, None),
    "nothing odd, texts": (texts, [], {}, None),
}


def lines_of(data, **fields):
    reporter = Recorder()
    multicnn.prepare(data, reporter=reporter, **fields)
    return reporter.lines


SLOW = ("silence", "silence, kept as waveforms", "nothing odd, texts", "nothing odd, images")


@pytest.mark.parametrize("case", [pytest.param(case, marks=pytest.mark.slow if case in SLOW else ()) for case in CASES])
def test_what_became_constant_is_said_in_one_line(case, tmp_path):
    make, odd, fields, expected = CASES[case]
    lines = [line for line in lines_of(make(tmp_path, odd), **fields) if "constant examples" in line]
    assert len(lines) == (expected is not None)
    assert re.search(expected or "", "".join(lines))


def test_the_window_is_said_with_the_share_of_clips_that_it_cuts_or_pads(tmp_path):
    odd = [*[np.tile(TONE, 2)] * 2, TONE[:4000]]
    assert (
        "window: every example is 0.5 s long: 10.0% of 20 clips are longer and cut, 5.0% are shorter and padded with silence "
        "(preprocess.seconds)" in lines_of(clips(tmp_path, odd), preprocess={"modality": "audio", "seconds": 0.5})
    )


def test_the_window_says_nothing_of_no_clips(tmp_path):
    lines = lines_of(clips(tmp_path, [TONE[:4000]]), preprocess={"modality": "audio", "seconds": 0.5})
    assert [line for line in lines if line.startswith("window")] == [
        "window: every example is 0.5 s long: 5.0% of 20 clips are shorter and padded with silence (preprocess.seconds)"
    ]


def test_numbers_are_not_spoken_of_as_files():
    x = np.zeros((20, 4, 4), np.float32)
    x[::2] = np.linspace(0, 1, 16).reshape(4, 4)
    x[:, 0, 0] = np.arange(20) / 255 / 10
    (line,) = (line for line in lines_of((x, [0, 1] * 10), model="linear") if "constant examples" in line)
    assert "10 of 20 are of one colour or nearly black" in line and "floats from 0 to 1" in line
    assert "16-bit" not in line and "transparency" not in line


def test_marks_are_kept_with_the_examples_on_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("MULTICNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "MEMORY_LIMIT", 0)
    data = tmp_path / "data"
    data.mkdir()
    images(data, [HIDDEN])
    first, again = ([line for line in lines_of(data) if "constant" in line] for _ in range(2))
    assert first == again
    assert len(first) == 1


def test_evaluate_says_it_too(tmp_path):
    preprocess = lookup("image")(size=(16, 16), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
    block = chain(flatten(), dense(2))
    task = choose_task("classification", None).fitted(["a", "b"])
    reporter = Recorder()
    Predictor(preprocess, block, network(block, (16, 16, 3)), task).evaluation(
        images(tmp_path, [HIDDEN, HIDDEN]), reporter=reporter
    )
    assert any("2 of 20 are of one colour" in line for line in reporter.lines)
