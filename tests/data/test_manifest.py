import dataclasses
import hashlib

import numpy as np
import pandas as pd
import pytest

from multicnn.data.manifest import COLUMNS, Manifest, content_hash
from multicnn.tasks import Classification, Multilabel


def manifest(**changes):
    columns = {
        "ids": ["a", "b", "c", "d"],
        "sources": ["one", "two", "three", "four"],
        "labels": ["y", "x", "y", ""],
        "hashes": ["1", "2", "3", "4"],
        "splits": ["train", "test", "train", ""],
        "reasons": ["", "", "", "empty label"],
    }
    return Manifest.of("text", **{**columns, **changes})


def test_of_fills_columns_and_sorts_classes():
    made = manifest()
    assert tuple(made.table.columns) == COLUMNS
    assert made.labels == ("x", "y")
    assert made.table["status"].tolist() == ["good", "good", "good", "bad"]
    assert len(made) == 4


@pytest.mark.parametrize("split, rows", [(None, [0, 1, 2]), ("train", [0, 2]), ("test", [1]), ("val", []), ("", [])])
def test_rows_are_good_rows_of_the_split(split, rows):
    assert manifest().rows(split).tolist() == rows


def test_targets():
    targets = manifest().targets([2, 1])
    assert targets.dtype == np.int32
    assert targets.tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"label must be one of x, y. Received: row=3, label=''"):
        manifest().targets([0, 3])


def test_several_labels():
    several = dict(labels=["x|y", "", "z", "y"], reasons=[""] * 4)
    made = dataclasses.replace(manifest(**several), task=Multilabel(("x", "y"), "|"))
    assert made.strata == [("x", "y"), (), ("z",), ("y",)]
    assert made.targets([3, 0, 1]).tolist() == [[0, 1], [1, 1], [0, 0]]
    assert made.targets([0]).dtype == np.int32
    with pytest.raises(ValueError, match=r"label must be one of x, y. Received: row=2, label='z'"):
        made.targets([0, 2])


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: Manifest("smell", Classification(), manifest().table),
            "modality must be one of image, audio, text, .*or registered before. Received: modality=.sm",
        ),
        (lambda: Manifest("text", Classification(), pd.DataFrame({"id": []})), "Received: missing="),
        (lambda: manifest(splits=["train", "trial", "", ""]), "Received: split=.'trial'"),
        (lambda: manifest().rows("trial"), "Received: split='trial'"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_with_bad_and_with_splits_leave_the_first_alone():
    first = manifest()
    second = first.with_bad({1: "truncated"}).with_splits(["val"] * 4)
    assert first.rows().tolist() == [0, 1, 2]
    assert second.rows("val").tolist() == [0, 2]
    bad = second.bad_rows()
    assert bad["id"].tolist() == ["b", "d"]
    assert bad["reason"].tolist() == ["truncated", "empty label"]


@pytest.mark.parametrize("change", ["ids", "hashes", "labels", "splits"])
def test_fingerprint_depends_on(change):
    changed = manifest(**{change: ["train", "train", "test", "val"]})
    assert changed.fingerprint() != manifest().fingerprint()


def test_fingerprint_does_not_depend_on_where_the_files_are():
    assert manifest(sources=["w", "x", "y", "z"]).fingerprint() == manifest().fingerprint()


def test_raw_source_of_each_kind(tmp_path):
    rows = {"ids": ["a", "b"], "labels": ["x", "y"], "hashes": ["1", "2"]}
    assert Manifest.of("text", sources=["one", "two"], **rows).raw_source(1) == "two"
    assert Manifest.of("image", sources=["p/1", "p/2"], **rows).raw_source(0) == "p/1"
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    assert (Manifest.of("image", sources=[1, 0], arrays=images, **rows).raw_source(0) == images[1]).all()
    waves = np.zeros((2, 5), np.float32)
    wave, rate = Manifest.of("audio", sources=[0, 1], arrays=waves, sample_rate=8000, **rows).raw_source(1)
    assert wave.shape == (5,) and rate == 8000
    encoded = np.array([b"\x89PNG", b"\xff"], dtype=object)
    assert Manifest.of("image", sources=[0, 1], arrays=encoded, **rows).raw_source(0) == b"\x89PNG"


def test_save_and_load(tmp_path):
    made = manifest(labels=["кот", "x", "кот", ""])
    made.save(tmp_path / "manifest.parquet")
    loaded = Manifest.load(tmp_path / "manifest.parquet")
    assert loaded.labels == made.labels and loaded.modality == made.modality
    pd.testing.assert_frame_equal(loaded.table, made.table)
    assert loaded.fingerprint() == made.fingerprint()


def test_loaded_without_arrays_says_so(tmp_path):
    made = Manifest.of(
        "image", ids=["a"], sources=[0], labels=["x"], hashes=["1"], arrays=np.zeros((1, 2, 2), np.uint8)
    )
    made.save(tmp_path / "manifest.parquet")
    with pytest.raises(ValueError, match="resolve its source again"):
        Manifest.load(tmp_path / "manifest.parquet").raw_source(0)


def test_load_of_another_parquet_file(tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(ValueError, match="path must be a manifest"):
        Manifest.load(tmp_path / "other.parquet")


@pytest.mark.parametrize("content", [b"abc", "abc", np.frombuffer(b"abc", np.uint8)])
def test_content_hash_is_blake2b(content):
    assert content_hash(content) == hashlib.blake2b(b"abc", digest_size=16).hexdigest()


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: data[:-30] + bytes(30)]
)
def test_a_damaged_file_is_refused_in_one_line(damage, tmp_path):
    path = tmp_path / "manifest.parquet"
    Manifest.of("text", ids=["0"], sources=["a"], labels=["x"], hashes=[content_hash("a")]).save(path)
    Manifest.load(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="must be a manifest written by") as error:
        Manifest.load(path)
    assert "\n" not in str(error.value)
