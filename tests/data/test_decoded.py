"""Inputs of `predict`: how many are in memory at once, what is said of those that are constant, and those that memory lacks for."""

import csv
import json

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf
from PIL import Image
from support.command_line import call

from multicnn.blocks import chain, conv, dense, embed, global_average_pool, network
from multicnn.data import decoded
from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.modalities.text.preprocess import TextPreprocess
from multicnn.predictor import Predictor, load
from multicnn.tasks import Classification

RNG = np.random.default_rng(0)


def predictor_of(preprocess, *front):
    keras.utils.set_random_seed(0)
    block = chain(*front, global_average_pool(), dense(2))
    return Predictor(preprocess, block, network(block, preprocess.input_shape), Classification(("a", "b")))


@pytest.fixture(scope="module")
def of_images():
    return predictor_of(ImagePreprocess(size=(4, 4), channels=1, mean=(0.5,), std=(0.5,)), conv(2, 1))


@pytest.fixture(scope="module")
def of_clips():
    usual = {"sample_rate": 1000, "seconds": 0.1, "features": "waveform", "mean": 0.0, "std": 0.1}
    return predictor_of(AudioPreprocess(**usual), conv(2, 5))


@pytest.fixture(scope="module")
def of_texts():
    words = TextPreprocess(long="windows", length=3).fit(["one two three four five"] * 3)
    return predictor_of(words, embed(50, 2))


def noise(*shape):
    return RNG.integers(0, 256, shape, np.uint8)


LOUD = np.sin(np.arange(250)).astype(np.float32)
INPUTS = {
    "image": [
        (noise(4, 4), ""),
        (np.zeros((4, 4), np.uint8), "of one colour or nearly black as the network sees it"),
        (np.full((9, 9, 3), 200, np.uint8), "of one colour or nearly black as the network sees it"),
    ],
    "audio": [
        (LOUD, ""),
        (np.zeros(250, np.float32), "silent, with no sample above -60 dB"),
        (np.concatenate([np.zeros(200, np.float32), LOUD]), ""),  # only some of its windows are
    ],
    "text": [
        ("one two three four five", ""),
        ("one one one one one", "one token to the network, or only tokens that are in no vocabulary"),
        ("one", "one token to the network, or only tokens that are in no vocabulary"),
        ("one one one two", ""),
    ],
}


@pytest.mark.parametrize("modality", INPUTS)
def test_a_constant_input_has_a_remark(modality, of_images, of_clips, of_texts):
    predictor = {"image": of_images, "audio": of_clips, "text": of_texts}[modality]
    inputs, remarks = zip(*INPUTS[modality])
    predictions = predictor.predict(list(inputs))
    assert [each.remark for each in predictions] == list(remarks)
    assert all(each.label and each.error is None for each in predictions)
    assert [each.remark in repr(each) for each in predictions] == [True] * len(inputs)


def test_the_command_writes_the_remark_everywhere(of_images, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    of_images.save("model.keras")
    Image.fromarray(noise(4, 4)).save("1.png")
    Image.new("L", (4, 4)).save("2.png")
    inputs, remark = ["model.keras", "1.png", "2.png"], INPUTS["image"][1][1]
    code, out, _ = call(monkeypatch, capsys, "predict", *inputs, "--csv", "rows.csv")
    assert code == 0 and [remark in line for line in out.splitlines()] == [False, True]
    with open("rows.csv", encoding="utf-8", newline="") as file:
        assert [row["remark"] for row in csv.DictReader(file)] == ["", remark]
    code, out, _ = call(monkeypatch, capsys, "predict", *inputs, "--json")
    assert [json.loads(line).get("remark") for line in out.splitlines()] == [None, remark]


def clips(folder, seconds):
    paths = [folder / f"{i}.wav" for i in range(len(seconds))]
    for path, length in zip(paths, seconds):
        soundfile.write(path, RNG.normal(0, 0.1, int(1000 * length)), 1000)
    return paths


def test_a_batch_is_bounded_by_its_examples_and_by_its_bytes(of_clips, tmp_path, monkeypatch):
    sources = [*clips(tmp_path, [0.1] * 5 + [60] + [0.1] * 3 + [2, 2, 2]), tmp_path / "missing.wav"]
    alone = [of_clips.predict(source)[0] for source in sources]
    sizes = {}
    for name, most, size in (("examples", 4, 1 << 40), ("bytes", 1 << 40, 9000), ("neither", 1 << 40, 1 << 40)):
        monkeypatch.setattr(decoded, "MOST", most)
        monkeypatch.setattr(decoded, "BYTES", size)
        batches = list(decoded.batches(sources, of_clips.preprocess))
        sizes[name] = [[len(each.examples) for each in batch] for batch in batches]
        for one, other in zip(of_clips.predict(sources), alone, strict=True):
            assert one.label == other.label and one.error == other.error and len(one.windows) == len(other.windows)
            np.testing.assert_allclose(list(one.probabilities.values()), list(other.probabilities.values()), atol=1e-6)
    assert sizes["examples"] == [[1, 1, 1, 1], [1, 600], [1, 1, 1, 20], [20], [20], [0]]
    assert sizes["bytes"] == [[1, 1, 1, 1, 1], [600], [1, 1, 1], [20], [20], [20, 0]]  # of 400 bytes each
    assert sizes["neither"] == [[*[1] * 5, 600, 1, 1, 1, 20, 20, 20, 0]]


def failing(predictor, most):
    """Return a predictor like this one, whose network has memory for so many examples at a time."""
    other = Predictor(predictor.preprocess, predictor.block, predictor.network, predictor.task)

    def run(batch):
        if len(batch) > most(batch):
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor\nand more")
        return predictor._run(batch)

    object.__setattr__(other, "_run", run)
    return other


def test_where_memory_lacks_for_a_batch_it_is_computed_in_smaller_ones(of_images):
    images = list(noise(21, 4, 4))
    few = failing(of_images, lambda batch: 4)
    assert [each.label for each in few.predict(images)] == [each.label for each in of_images.predict(images)]
    stored = np.stack(images)[..., None]
    np.testing.assert_allclose(few.logits(stored), of_images.logits(stored), atol=1e-6)


def test_where_memory_lacks_for_one_input_that_input_is_bad(of_images):
    bright = failing(of_images, lambda batch: 0 if np.max(batch) > 0.99 else 300)
    images = [noise(4, 4) // 2, np.full((4, 4), 255, np.uint8), noise(4, 4) // 2]
    first, second, third = bright.predict(images)
    assert (first.label, third.label) == (of_images.predict(images[0])[0].label, of_images.predict(images[2])[0].label)
    assert second.label is None and second.error == "the memory is too small to compute one example"


@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_without_memory_a_command_ends_in_a_line(verb, of_images, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    of_images.save("model.keras")
    for name in ("a/1.png", "b/2.png"):
        (tmp_path / name).parent.mkdir()
        Image.fromarray(noise(4, 4)).save(name)
    monkeypatch.setattr("multicnn.predictor.load", lambda *_, **__: failing(load("model.keras"), lambda batch: 0))
    monkeypatch.setattr("multicnn.api.load", lambda *_, **__: failing(load("model.keras"), lambda batch: 0))
    code, out, err = call(monkeypatch, capsys, verb, "model.keras", ".")
    if verb == "predict":
        assert code == 1 and out.count("\terror: the memory is too small") == 2, (out, err)
    else:
        assert code == 2 and len(err.strip().splitlines()) == 1 and "the memory is too small" in err, (out, err)
