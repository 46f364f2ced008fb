import sys

import numpy as np
import pytest

from multicnn.data.manifest import content_hash
from multicnn.data.sources import resolve

tfds = pytest.importorskip("tensorflow_datasets")


@pytest.mark.parametrize("name, modality", [("mnist", "image"), ("speech_commands", "audio"), ("imdb_reviews", "text")])
def test_each_sense(source, name, modality):
    with tfds.testing.mock_data(num_examples=12):
        manifest = resolve(source(f"tfds:{name}"))
        reference = list(tfds.as_numpy(tfds.load(name, split="train")))
        names = tfds.builder(name).info.features["label"].names
    assert manifest.modality == modality
    assert len(manifest.rows("train")) == 12
    assert manifest.table["label"].tolist() == [names[record["label"]] for record in reference]
    assert manifest.table["id"][3] == "train[3]"
    raw = manifest.raw_source(3)
    if modality == "image":
        assert raw.startswith(b"\x89PNG")  # still encoded
        assert manifest.table["hash"][3] == content_hash(raw)
    elif modality == "audio":
        assert raw[1] == 16000
        np.testing.assert_array_equal(raw[0], (reference[3]["audio"] / 32768).astype(np.float32))
    else:
        assert raw == reference[3]["text"].decode()


def test_images_are_decoded_to_the_pixels_of_tfds(source):
    from multicnn.modalities.image.preprocess import ImagePreprocess

    with tfds.testing.mock_data(num_examples=8):
        manifest = resolve(source("tfds:mnist"))
        data = tfds.load("mnist", split="train", decoders={"image": tfds.decode.SkipDecoding()})
        encoded = [record["image"] for record in tfds.as_numpy(data)]
    for row in manifest.rows():
        expected = tfds.features.Image(shape=(28, 28, 1)).decode_example(encoded[row]).numpy()
        np.testing.assert_array_equal(ImagePreprocess(channels=1).decode(manifest.raw_source(row)), expected)


def test_chosen_columns(source):
    with tfds.testing.mock_data(num_examples=6):
        manifest = resolve(source("tfds:ag_news_subset", text_column="title"))
        reference = list(tfds.as_numpy(tfds.load("ag_news_subset", split="train")))
    assert manifest.raw_source(0) == reference[0]["title"].decode()


@pytest.mark.parametrize(
    "name, fields, message",
    [
        ("no_such_set", {}, "path must name one of https.*no_such_set.*Received: path='tfds:no_such_set'"),
        ("mnist", {"group_column": "who"}, r"group_column must be a feature of tfds:mnist \(image, label\)"),
        ("mnist", {"modality": "audio"}, "path must have an image, audio or text feature"),
    ],
)
def test_errors(source, name, fields, message):
    with tfds.testing.mock_data(num_examples=2), pytest.raises(ValueError, match=message):
        resolve(source(f"tfds:{name}", **fields))


def test_a_download_that_fails_says_what_to_do(source, monkeypatch):
    def fail(self, **settings):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(ValueError, match=r"ConnectionError: no route to host.*tfds build mnist"):
        resolve(source("tfds:mnist"))


def test_not_installed(source, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ValueError, match=r"pip install 'multicnn\[datasets\]'"):
        resolve(source("tfds:mnist"))
