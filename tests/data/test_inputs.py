"""What Python users hand to `predict`: one input or many, in every form that they have them in."""

import asyncio
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import tensorflow as tf
from PIL import Image

from multicnn.data.inputs import inputs_of, name_of, source_of
from multicnn.modalities import AudioPreprocess, ImagePreprocess, TextPreprocess
from multicnn.recipe import DataSource

GREY = ImagePreprocess(size=(8, 9), channels=1, mean=(0.5,), std=(1.0,))
RGB = ImagePreprocess(size=(8, 9), channels=3, mean=(0.5,) * 3, std=(1.0,) * 3)
AUDIO = AudioPreprocess(sample_rate=8000, seconds=1.0, mean=0.0, std=1.0)
TEXT = TextPreprocess(length=4, vocabulary=("good", "bad"))

RNG = np.random.default_rng(0)
PLANES = RNG.integers(0, 256, (5, 8, 9), dtype=np.uint8)
COLOURS = RNG.integers(0, 256, (5, 8, 9, 3), dtype=np.uint8)
TIME = np.arange(8000) / 8000
CLIPS = np.stack([(0.4 * np.sin(2 * np.pi * f * TIME)).astype(np.float32) for f in (300, 500, 800)])
TEXTS = ["a good film", "a bad one"]


class Upload:
    """An upload of an asynchronous server: its `read` is a coroutine, its file is in `file`."""

    def __init__(self, content):
        self.file, self.filename = io.BytesIO(content), "a.bin"

    async def read(self):
        return self.file.read()


class Broken:
    """A file object of another library, with errors of its own."""

    def read(self):
        raise RuntimeError("the disk\nis gone")


def decoded(given, preprocess):
    return [preprocess.decode(source_of(item, preprocess)) for item in inputs_of(given, preprocess)]


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file


@pytest.mark.parametrize(
    "given, preprocess, expected",
    [
        (PLANES[0], GREY, PLANES[:1]),
        (PLANES, GREY, PLANES),
        (PLANES[..., None], GREY, PLANES),
        (PLANES[:, None], GREY, PLANES),
        (PLANES[:1], GREY, PLANES[:1]),
        (PLANES[:3], GREY, PLANES[:3]),
        (PLANES / 255, GREY, PLANES),
        ([*PLANES], GREY, PLANES),
        ((PLANES[0], PLANES[1]), GREY, PLANES[:2]),
        (PLANES[0].tolist(), GREY, PLANES[:1]),
        (tf.constant(PLANES), GREY, PLANES),
        (COLOURS[0], RGB, COLOURS[:1]),
        (COLOURS, RGB, COLOURS),
        (np.moveaxis(COLOURS, -1, 1), RGB, COLOURS),
        (np.moveaxis(COLOURS[0], -1, 0), RGB, COLOURS[:1]),
        (COLOURS[0].astype(np.float32), RGB, COLOURS[:1]),
        (Image.fromarray(COLOURS[0]), RGB, COLOURS[:1]),
        (png(COLOURS[0]), RGB, COLOURS[:1]),  # at its end, as it was written
        (png(COLOURS[0]).getvalue(), RGB, COLOURS[:1]),
        (memoryview(png(COLOURS[0]).getvalue()), RGB, COLOURS[:1]),
        (Upload(png(COLOURS[0]).getvalue()), RGB, COLOURS[:1]),
        ({"bytes": png(COLOURS[0]).getvalue(), "path": None}, RGB, COLOURS[:1]),
        (pd.DataFrame({"image": [png(COLOURS[0]).getvalue()], "label": [1]}), RGB, COLOURS[:1]),
        (pd.Series([png(COLOURS[0]).getvalue()]), RGB, COLOURS[:1]),
        (CLIPS[0], AUDIO, CLIPS[:1]),
        (CLIPS, AUDIO, CLIPS),
        ((CLIPS[0], 8000), AUDIO, CLIPS[:1]),
        ((CLIPS[:1], 8000), AUDIO, CLIPS[:1]),
        ((np.stack([CLIPS[0]] * 2), 8000), AUDIO, CLIPS[:1]),
        (np.stack([CLIPS[0]] * 2, axis=1), AUDIO, CLIPS[:1]),
        ([(CLIPS[0], 8000), (CLIPS[1], np.int64(8000))], AUDIO, CLIPS[:2]),
        ({"array": CLIPS[0], "sampling_rate": 8000}, AUDIO, CLIPS[:1]),
        ("a good film", TEXT, TEXTS[:1]),
        (np.str_("a good film"), TEXT, TEXTS[:1]),
        (np.array(TEXTS), TEXT, TEXTS),
        (np.array(TEXTS)[:, None], TEXT, TEXTS),
        (np.array("a good film"), TEXT, TEXTS[:1]),
        (np.array([text.encode() for text in TEXTS]), TEXT, TEXTS),
        (tf.constant(TEXTS), TEXT, TEXTS),
        (tuple(TEXTS), TEXT, TEXTS),
        (pd.DataFrame({"id": [1, 2], "text": TEXTS}), TEXT, TEXTS),
        (pd.Series(TEXTS), TEXT, TEXTS),
        (io.BytesIO(b"a good film"), TEXT, TEXTS[:1]),
        (io.StringIO("a good\nfilm"), TEXT, ["a good\nfilm"]),
        ((text for text in TEXTS), TEXT, TEXTS),
        ([CLIPS[0].tolist(), CLIPS[1, :4000].tolist()], AUDIO, [CLIPS[0], CLIPS[1, :4000]]),
        ([(CLIPS[0].tolist(), 8000)], AUDIO, CLIPS[:1]),
    ],
)
def test_what_is_understood(given, preprocess, expected):
    found = decoded(given, preprocess)
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        np.testing.assert_array_equal(np.squeeze(one), other)


@pytest.mark.parametrize(
    "given, preprocess, message",
    [
        (None, RGB, "`inputs` cannot be understood: pass paths"),
        (5, TEXT, "pass paths, contents of files, arrays or texts"),
        ({"text": "a good film"}, TEXT, "a mapping with the keys text: pass the values"),
        (
            pd.DataFrame({"a": TEXTS, "b": TEXTS}),
            TEXT,
            r"a frame with the columns a, b: pass the column .* as frame\[name\]",
        ),
        (np.zeros((2, 5)), TEXT, "an array of float64: pass strings"),
        (PLANES[:3, :6], GREY, "may be one image or many: pass one image of 3 channels as np.moveaxis"),
        (np.zeros((2, 3, 4, 5, 6)), RGB, "images must have the shape"),
        (
            PLANES.reshape(5, 72),
            GREY,
            r"may be rows of pixels or one image: pass rows of pixels as x.reshape\(-1, 8, 9, 1\)",
        ),
        (RNG.integers(0, 500, (20, 100)), AUDIO, "may be features or token ids"),
        (-80 * RNG.random((98, 128)), AUDIO, "may be features or token ids"),
        (np.zeros((2, 8000), np.float32), AUDIO, r"may be one clip or many: pass one clip as \(x, rate\)"),
        (np.zeros((8000, 5), np.float32), AUDIO, "may be one clip or many"),
        ("https://example.org/a.png", RGB, "must be on this machine"),
    ],
)
def test_a_wrong_call_is_refused(given, preprocess, message):
    with pytest.raises(ValueError, match=message):
        inputs_of(given, preprocess)


@pytest.mark.parametrize(
    "item, preprocess, reason",
    [
        ((CLIPS, 8000), AUDIO, r"\(samples,\) or \(samples, channels\), not \(3, 8000\)"),
        ((CLIPS[0] * 30000).round(), AUDIO, "are PCM, not floats of full scale 1"),
        ((CLIPS[0], None), AUDIO, "a tuple that is no .waveform, rate"),
        ((CLIPS[0],), AUDIO, "a tuple that is no .waveform, rate"),
        ((CLIPS[0], np.inf), AUDIO, "a sample rate must be a whole number of Hz, not inf"),
        ((CLIPS[0], 8000.5), AUDIO, "a sample rate must be a whole number of Hz"),
        (np.ma.masked_greater(COLOURS[0], 200), RGB, "masked values"),
        (Broken(), RGB, "cannot be read: the disk is gone"),
        (float("nan"), TEXT, "not a text: float"),
        ({"text": "a good film"}, TEXT, "a mapping with the keys text"),
        (io.StringIO("not pixels"), RGB, "not an image: starts like text"),
        (COLOURS[0] * -1.0, RGB, "pixels must be whole numbers from 0 to 255"),
        (Path("nothing.txt"), TEXT, "cannot be read"),
    ],
)
def test_a_bad_input_has_a_reason(item, preprocess, reason):
    with pytest.raises(ValueError, match=reason):
        preprocess.decode(source_of(item, preprocess))


@pytest.mark.parametrize(
    "given, preprocess", [([float("nan"), "a"], TEXT), ([float("nan")], TEXT), ([float("nan")], RGB)]
)
def test_a_missing_value_is_a_bad_input_in_its_place(given, preprocess):
    assert len(list(inputs_of(given, preprocess))) == len(given)
    with pytest.raises(ValueError):
        preprocess.decode(source_of(given[0], preprocess))


def test_waveforms_equal_their_file(tmp_path):
    soundfile.write(tmp_path / "same.wav", CLIPS[0], 8000)
    (expected,) = decoded(tmp_path / "same.wav", AUDIO)
    np.testing.assert_allclose(decoded((CLIPS[:1], 8000), AUDIO)[0], expected, atol=1 / 32768)


def test_a_path_of_a_text_is_read_and_a_string_is_a_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a good film")
    assert decoded([path, str(path)], TEXT) == ["a good film", str(path)]


def test_waveforms_without_a_rate_have_that_of_the_training():
    halved = AudioPreprocess(sample_rate=4000, seconds=1.0, mean=0.0, std=1.0)
    given = inputs_of(CLIPS, halved, DataSource(sample_rate=8000))
    np.testing.assert_array_equal(
        [halved.decode(each) for each in given], [halved.decode((clip, 8000)) for clip in CLIPS]
    )


def test_names():
    class Named(io.BytesIO):
        name = "upload.png"

    assert [name_of(item, 3) for item in ("a", Path("b"), Named(), PLANES)] == ["a", "b", "upload.png", "[3]"]
    assert asyncio.run(Upload(b"x").read()) == b"x"
