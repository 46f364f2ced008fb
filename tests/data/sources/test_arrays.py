import numpy as np
import pytest

from multicnn.data.manifest import content_hash
from multicnn.data.sources import resolve

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 4, 5), dtype=np.uint8)
Y = np.array([0, 1, 2, 0, 1, 2])


def test_train_and_test(tmp_path, source):
    np.savez(tmp_path / "a.npz", x_train=PIXELS, y_train=Y[:, None], x_test=PIXELS[:2], y_test=Y[:2])
    manifest = resolve(source(tmp_path / "a.npz"))
    assert manifest.modality == "image"
    assert manifest.labels == ("0", "1", "2")
    assert len(manifest.rows("train")) == 6 and manifest.rows("test").tolist() == [6, 7]
    assert (manifest.raw_source(7) == PIXELS[1]).all()
    assert manifest.table["id"][7] == "x_test[1]"
    assert manifest.table["hash"][7] == manifest.table["hash"][1] == content_hash(PIXELS[1].tobytes())


@pytest.mark.parametrize(
    "x, expected",
    [
        (PIXELS.astype(np.int64), PIXELS),
        (PIXELS.astype(np.float64), PIXELS),
        (PIXELS.astype(np.float32) / 255, PIXELS),
        (PIXELS[..., None], PIXELS[..., None]),
    ],
)
def test_pixels_become_uint8(tmp_path, source, x, expected):
    np.savez(tmp_path / "a.npz", x=x, y=np.array(list("abcabc")))
    manifest = resolve(source(tmp_path / "a.npz"))
    assert manifest.labels == ("a", "b", "c") and manifest.table["split"].tolist() == [""] * 6
    assert manifest.arrays.dtype == np.uint8
    np.testing.assert_array_equal(manifest.arrays, expected)


def test_waveforms(tmp_path, source):
    x = RNG.integers(-32768, 32768, (6, 50), dtype=np.int16)
    np.savez(tmp_path / "a.npz", x=x, y=Y, sample_rate=8000)
    manifest = resolve(source(tmp_path / "a.npz"))
    wave, rate = manifest.raw_source(2)
    assert manifest.modality == "audio" and rate == 8000 and wave.dtype == np.float32
    np.testing.assert_array_equal(wave, x[2] / 32768)


def test_texts(tmp_path, source):
    np.savez(tmp_path / "a.npz", x=np.array(["один", "two", " "]), y=Y[:3])
    manifest = resolve(source(tmp_path / "a.npz"))
    assert manifest.modality == "text" and manifest.raw_source(0) == "один"
    assert manifest.bad_rows()["reason"].tolist() == ["empty text"]


def test_halves_of_surrogate_pairs(tmp_path, source):
    texts, labels = np.array(["one", "half \udc80", "three", "four"]), np.array(["a", "a", "b\ud800", "b"])
    np.savez(tmp_path / "a.npz", x=texts, y=labels)
    manifest = resolve(source(tmp_path / "a.npz"))
    assert manifest.bad_rows()["id"].tolist() == ["x[1]", "x[2]"]
    assert set(manifest.bad_rows()["reason"]) == {"not Unicode text: half of a surrogate pair"}
    manifest.save(tmp_path / "manifest.parquet")


def test_a_separate_test_archive(tmp_path, source):
    np.savez(tmp_path / "a.npz", x=PIXELS, y=Y)
    np.savez(tmp_path / "b.npz", x=PIXELS[:2, :3], y=Y[:2])
    manifest = resolve(source(tmp_path / "a.npz", test=tmp_path / "b.npz"))
    assert manifest.raw_source(5).shape == (4, 5) and manifest.raw_source(7).shape == (3, 5)
    assert manifest.rows("test").tolist() == [6, 7]


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"images": PIXELS}, r"path must hold x_train and y_train, or x and y.*\(images\)"),
        ({"x_train": PIXELS}, "path must hold y_train beside x_train"),
        ({"x": PIXELS, "y": Y[:3]}, "one label per example"),
        ({"x": PIXELS, "y": np.eye(6)}, "one label per example"),
        ({"x_extra": PIXELS, "y_extra": Y}, "x_train, x_val, x_test or x"),
        ({"x": PIXELS.astype(float) * 7.5, "y": Y}, "whole numbers from 0 to 255"),
        ({"x": np.zeros((6, 2, 2, 2, 3), np.uint8), "y": Y}, "x must be images"),
    ],
)
def test_errors(tmp_path, source, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        resolve(source(tmp_path / "a.npz"))


def test_an_archive_that_is_none(tmp_path, source):
    (tmp_path / "a.npz").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"path must be an \.npz archive"):
        resolve(source(tmp_path / "a.npz"))
