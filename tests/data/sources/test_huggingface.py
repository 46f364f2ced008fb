"""Data sets of Hugging Face, where `datasets` is installed."""

import io

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from multicnn.data.inputs import inputs_of, source_of
from multicnn.data.load import load_manifest
from multicnn.modalities import ImagePreprocess, TextPreprocess
from multicnn.recipe import DataSource

datasets = pytest.importorskip("datasets")

N = 24
CLASSES = ["neg", "pos"]
Y = [i % 2 for i in range(N)]
LABELS = [CLASSES[y] for y in Y]
TEXTS = [f"film {i}" for i in range(N)]
RNG = np.random.default_rng(0)
COLUMNS = ["hash", "label", "split", "status"]


def png(i):
    file = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (5, 6, 3), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


def wav(i):
    file = io.BytesIO()
    soundfile.write(file, RNG.uniform(-0.5, 0.5, 400), 8000, format="WAV")
    return file.getvalue()


FILES = {"image": [png(i) for i in range(N)], "audio": [wav(i) for i in range(N)]}


def made(inputs, name, feature):
    data = datasets.Dataset.from_dict({name: inputs, "label": Y})
    return data.cast_column(name, feature).cast_column("label", datasets.ClassLabel(names=CLASSES))


def rows(data, **fields):
    return load_manifest(DataSource(**fields), data=data).table[COLUMNS].values.tolist()


def test_texts():
    assert rows(made(TEXTS, "text", datasets.Value("string"))) == rows((TEXTS, LABELS))
    assert rows(made(TEXTS, "review", datasets.Value("string"))) == rows((TEXTS, LABELS))


@pytest.mark.parametrize("kind, feature", [("image", datasets.Image()), ("audio", datasets.Audio())])
def test_files_are_not_decoded(kind, feature):
    """The contents are those of the files: a folder of them has the same hashes, and so the same splits."""
    cells = [{"bytes": content, "path": None} for content in FILES[kind]]
    assert rows(made(cells, "img", feature)) == rows((FILES[kind], LABELS))


def test_splits():
    whole = made(TEXTS, "text", datasets.Value("string"))
    parts = datasets.DatasetDict(
        train=whole.select(range(16)), validation=whole.select(range(16, 20)), test=whole.select(range(20, N))
    )
    manifest = load_manifest(DataSource(), data=parts)
    assert [len(manifest.rows(split)) for split in ("train", "val", "test")] == [16, 4, 4]
    parts["unsupervised"] = whole
    manifest = load_manifest(DataSource(), data=parts)
    assert len(manifest) == N and manifest.remarks[0].message == "left out: unsupervised"


def test_an_unlabelled_row_is_bad():
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=CLASSES)})
    data = datasets.Dataset.from_dict({"text": TEXTS, "label": [*Y[:-1], -1]}, features=features)
    assert load_manifest(DataSource(), data=data).bad_rows()["reason"].tolist() == ["empty label"]


def test_doubtful_columns_are_refused():
    data = datasets.Dataset.from_dict({"title": TEXTS, "body": TEXTS, "label": LABELS})
    with pytest.raises(ValueError, match=r"text_column must name the inputs \(title, body, label\)"):
        rows(data)
    assert rows(data, text_column="body") == rows((TEXTS, LABELS))


def test_predict_takes_the_inputs():
    preprocess = TextPreprocess(length=4, vocabulary=("film",))
    data = made(TEXTS, "review", datasets.Value("string"))
    assert list(inputs_of(data, preprocess)) == TEXTS
    images = ImagePreprocess(size=(5, 6), channels=3, mean=(0.5,) * 3, std=(1.0,) * 3)
    data = made([{"bytes": content, "path": None} for content in FILES["image"]], "img", datasets.Image())
    found = [images.decode(source_of(item, images)) for item in inputs_of(data, images)]
    np.testing.assert_array_equal(found, [images.decode(content) for content in FILES["image"]])
    (decoded,) = inputs_of([data[0]["img"]], images)  # as an image of Pillow
    np.testing.assert_array_equal(images.decode(decoded), found[0])


def test_a_frame_of_it():
    data = made(TEXTS, "text", datasets.Value("string"))
    frame = data.to_pandas().assign(label=LABELS)
    assert isinstance(frame, pd.DataFrame) and rows(frame) == rows(data)
