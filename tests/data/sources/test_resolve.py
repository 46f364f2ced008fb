import numpy as np
import pytest

from multicnn.data.sources import resolve
from multicnn.tasks import Classification


@pytest.mark.parametrize("name, modality", [("digits", "image"), ("docstrings", "text"), ("spoken_digits", "audio")])
def test_embedded_names(source, name, modality, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    manifest = resolve(source(name))
    assert manifest.modality == modality
    assert all(len(manifest.rows(split)) for split in ("train", "val", "test"))


def test_a_folder_hides_the_embedded_name(photos, source, monkeypatch):
    photos.rename(photos.with_name("digits"))
    monkeypatch.chdir(photos.parent)
    assert resolve(source("digits")).labels == ("cat", "dog")


def test_labels_of_a_classifier(photos, source):
    manifest = resolve(source(photos), Classification(("dog", "cow")))
    assert manifest.labels == ("dog", "cow")
    assert len(manifest.rows()) == 6 and set(manifest.targets(manifest.rows())) == {0}
    assert set(manifest.bad_rows()["reason"]) == {"label 'cat' is not one of the predictor's labels"}


def test_a_separate_test_folder(photos, picture, source):
    locked = picture(photos.parent / "held" / "cat" / "0.png").parents[1]
    manifest = resolve(source(photos, test=locked))
    assert manifest.rows("test").tolist() == [12]
    assert manifest.raw_source(12) == str(locked / "cat" / "0.png")


def test_the_chosen_sense_wins(photos, source):
    with pytest.raises(ValueError, match=r"usable example.*not audio: looks like an image"):
        resolve(source(photos, modality="audio"))


@pytest.mark.parametrize("path", ["nowhere", "nowhere.csv", "digit"])
def test_unknown_path(source, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"path must be a folder, a table .*spoken_digits. Received: path='{path}'"):
        resolve(source(path))


def test_a_single_file_is_no_data_set(photos, source):
    with pytest.raises(ValueError, match="path must be a folder, a table"):
        resolve(source(photos / "cat" / "0.png"))


def test_test_errors(photos, picture, source, tmp_path):
    with pytest.raises(ValueError, match=r"test must be a folder.*Received: test='none'"):
        resolve(source(photos, test="none"))
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 3, 3), np.uint8), y=[0, 1])
    with pytest.raises(ValueError, match="test must be of the same kind as path"):
        resolve(source(photos, test=tmp_path / "a.npz"))
    for place in ("train/a", "train/b", "test/a"):
        picture(tmp_path / "split" / place / "1.png")
    with pytest.raises(ValueError, match="test must be None where path has test examples of its own"):
        resolve(source(tmp_path / "split", test=photos))


def test_one_clear_line(source):
    with pytest.raises(ValueError) as caught:
        resolve(source("nowhere"))
    assert "\n" not in str(caught.value)


def test_real_tables(shared_data, source):
    """TREC has 5,452 and 500 questions of six classes."""
    folder = shared_data / "sentences"
    manifest = resolve(source(folder / "trec_train.csv", test=folder / "trec_test.csv"))
    assert len(manifest.labels) == 6 and not len(manifest.bad_rows())
    assert len(manifest.rows("")) == 5452 and len(manifest.rows("test")) == 500


def test_real_arrays(shared_data, source):
    manifest = resolve(source(shared_data / "mnist.npz"))
    assert len(manifest.rows("train")) == 60000 and len(manifest.rows("test")) == 10000
    assert manifest.labels == tuple("0123456789")
