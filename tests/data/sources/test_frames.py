"""Frames and mappings of columns, and data sets of TensorFlow and Hugging Face."""

import numpy as np
import pandas as pd
import pyarrow
import pytest
import tensorflow as tf

from multicnn.data.load import load_manifest
from multicnn.recipe import DataSource

N = 40
TEXTS = [f"{'good' if i % 2 else 'bad'} film number {i}" for i in range(N)]
LABELS = ["pos" if i % 2 else "neg" for i in range(N)]
FRAME = pd.DataFrame({"text": TEXTS, "label": LABELS, "group": [f"g{i % 12}" for i in range(N)]})
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 6, 5, 3), dtype=np.uint8)
COLUMNS = ["hash", "label", "split", "group", "status", "reason"]


def rows(manifest):
    return manifest.table[COLUMNS].values.tolist()


def in_memory(data, **fields):
    return load_manifest(DataSource(**fields), data=data)


@pytest.mark.parametrize(
    "data, fields",
    [
        (FRAME, {}),
        (FRAME.rename(columns={"text": "Review", "label": "y"}), {"text_column": "Review", "label_column": "y"}),
        (FRAME.assign(text=FRAME.text.str.encode("utf-8"), label=FRAME.label.str.encode("utf-8")), {}),
        (FRAME.assign(label=FRAME.label.astype("category")), {}),
        (FRAME.set_index("group"), {}),
        ({"text": TEXTS, "label": LABELS}, {}),
        (pyarrow.Table.from_pandas(FRAME), {}),
        (FRAME, {"group_column": "group"}),
        (FRAME.assign(split=["train", "train", "val", "test"] * 10), {}),
        ((FRAME.text, FRAME.label), {}),
        ((FRAME[["text"]], FRAME.label), {}),
        ({"x": np.array(TEXTS), "y": np.array(LABELS)}, {}),
    ],
)
def test_a_frame_is_a_table(tmp_path, data, fields):
    """The manifest is that of the same columns in a file."""
    table = FRAME if not isinstance(data, pd.DataFrame) or "split" not in data else data
    table.to_csv(tmp_path / "a.csv", index=False)
    named = {"text_column": "text", "label_column": "label"}
    expected = load_manifest(DataSource(path=str(tmp_path / "a.csv"), **fields | named))
    assert rows(in_memory(data, **fields)) == rows(expected)


def test_frames_by_split(tmp_path):
    made = in_memory({"train": FRAME[:30], "validation": FRAME[30:35], "test": FRAME[35:]})
    assert [len(made.rows(split)) for split in ("train", "val", "test")] == [30, 5, 5]


def test_a_frame_of_files_and_one_of_their_contents(photos, monkeypatch):
    monkeypatch.chdir(photos)
    names = sorted(str(path.relative_to(photos)) for path in photos.rglob("*.png"))
    labels = [name[:3] for name in names]
    expected = load_manifest(DataSource(path=str(photos)))
    contents = [open(name, "rb").read() for name in names]
    for data in (
        pd.DataFrame({"file_name": names, "label": labels}),
        pd.DataFrame({"image": contents, "label": labels}),
        pd.DataFrame({"image": [{"bytes": each, "path": None} for each in contents], "label": labels}),
    ):
        assert rows(in_memory(data)) == rows(expected)


@pytest.mark.parametrize(
    "data, message",
    [
        (FRAME.rename(columns={"text": "review"}), r"text_column must be a column of frame \(review, label, group\)"),
        (FRAME.drop(columns="label"), "label_column must be a column of frame"),
        ({"text": TEXTS, "label": LABELS[:3]}, "or a mapping of columns. Received: data with the keys text, label"),
        ({"a": 1}, "or a mapping of columns. Received: data with the keys a"),
    ],
)
def test_a_wrong_frame_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        in_memory(data)


class Classes:
    """A data set of PyTorch's kind."""

    def __len__(self):
        return N

    def __getitem__(self, i):
        return np.moveaxis(PIXELS[i], -1, 0) / 255, LABELS[i]


class Stream:
    """A data set of Hugging Face that is streamed."""

    features = ("text", "label")

    def __iter__(self):
        return iter([])


def datasets_of_tensors():
    whole = tf.data.Dataset.from_tensor_slices((PIXELS, LABELS))
    yield whole
    yield whole.batch(7)
    yield whole.batch(8, drop_remainder=True)
    yield tf.data.Dataset.from_tensor_slices((PIXELS.astype(np.float32), LABELS)).batch(7)
    yield tf.data.Dataset.from_generator(lambda: zip(PIXELS, LABELS), output_types=(tf.uint8, tf.string))
    named = tf.data.Dataset.from_tensor_slices((PIXELS, np.array([i % 2 for i in range(N)]))).batch(3)
    named.class_names = ["neg", "pos"]
    yield named
    yield Classes()


@pytest.mark.parametrize("data", datasets_of_tensors())
def test_a_data_set_of_tensors_is_read_once(data):
    assert rows(in_memory(data)) == rows(in_memory((PIXELS, LABELS)))


@pytest.mark.parametrize("batched", [False, True])
def test_texts_of_a_data_set_of_tensors(batched):
    data = tf.data.Dataset.from_tensor_slices((TEXTS, LABELS))
    assert rows(in_memory(data.batch(9) if batched else data)) == rows(in_memory((TEXTS, LABELS)))


def test_a_data_set_of_tensors_by_split():
    data = tf.data.Dataset.from_tensor_slices((TEXTS, LABELS))
    assert len(in_memory({"train": data.take(30), "test": data.skip(30)}).rows("test")) == 10


@pytest.mark.parametrize(
    "data, message",
    [
        (tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)).repeat(), r"data must end: leave out \.repeat\(\)"),
        (
            tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)).batch(N).repeat().filter(lambda x, y: True),
            "they repeat themselves",
        ),
        (Stream(), "must not be streamed"),
        (tf.data.Dataset.from_tensor_slices(TEXTS), r"must be a tf.data.Dataset of \(input, label\) pairs"),
        (tf.data.Dataset.from_tensor_slices((PIXELS, np.eye(N))).batch(2), "one-hot rows pass y.argmax"),
    ],
)
def test_a_wrong_data_set_of_tensors_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        in_memory(data)
