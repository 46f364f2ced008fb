import re
import tarfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support import cluster

from multicnn.backends.processes import Workers
from multicnn.data import store as store_module
from multicnn.data.manifest import Manifest
from multicnn.data.sources import resolve
from multicnn.data.store import load_examples, merge_shards
from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.base import Loadable
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.modalities.text.preprocess import TextPreprocess


class Numbers(Loadable):
    """A stand-in for preprocessing: a text that is a number becomes that number, three times."""

    fitted, stored_shape, stored_dtype = True, (3,), "int32"

    def decode(self, source):
        if not source.isdigit():
            raise ValueError(f"not a number: {source}")
        return int(source)

    def example(self, raw):
        return np.full(3, raw, np.int32)


def manifest(texts):
    n = [str(i) for i in range(len(texts))]
    return Manifest.of("text", ids=n, sources=texts, labels=["x"] * len(n), hashes=n)


def test_stores_good_rows_compactly():
    texts = [f"{i * 10}" if i % 7 else "bad" for i in range(500)]
    rows = np.arange(499, 0, -2)
    store, reasons = load_examples(manifest(texts), Numbers(), rows)
    good = [row for row in rows.tolist() if row % 7]
    assert store.rows.tolist() == good
    assert store.array.shape == (len(good), 3) and store.array.dtype == np.int32
    assert store.gather(np.array(good))[:, 1].tolist() == [row * 10 for row in good]
    assert reasons == {row: "not a number: bad" for row in rows.tolist() if not row % 7}


def test_a_store_in_memory_is_a_tensor_without_a_copy():
    store, _ = load_examples(manifest(["1", "bad", "3", "4"]), Numbers(), np.arange(4))
    tensor = store.tensor()
    store.array[2] += 7
    np.testing.assert_array_equal(tensor, store.array)


@pytest.mark.parametrize("begin", [0, 1, 3, 16])
def test_a_tensor_of_any_memory(begin):
    array = np.arange(400, dtype=np.uint8)[begin : begin + 320].reshape(80, 4)
    tensor = store_module.Store(np.arange(80), array, np.arange(80)).tensor()
    np.testing.assert_array_equal(tf.gather(tensor, [79, 0, 5]), array[[79, 0, 5]])


def test_gather_refuses_rows_that_are_not_stored():
    store, _ = load_examples(manifest(["1", "2", "x"]), Numbers(), [0, 2])
    for row in (1, 2):
        with pytest.raises(ValueError, match=rf"rows must be in the store. Received: rows=\[{row}\]"):
            store.gather(np.array([0, row]))


def test_progress():
    seen = []
    load_examples(
        manifest(["1"] * 3000), Numbers(), range(3000), progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (3000, 3000) and seen == sorted(seen) and len(seen) > 1


def test_no_rows():
    store, reasons = load_examples(manifest(["1"]), Numbers(), [])
    assert len(store) == 0 and not reasons


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory is not known here")
def test_a_file_is_not_counted_as_memory(tmp_path, monkeypatch):
    """48 MB, written and read twice in another order."""

    class Blocks(Numbers):
        stored_shape = (1 << 18,)

        def example(self, raw):
            return np.full(1 << 18, raw, np.int32)

    def mapped():
        lines = Path("/proc/self/status").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(("RssFile", "RssShmem"))) / 1024

    monkeypatch.setenv("MULTICNN_CACHE", str(tmp_path))
    monkeypatch.setattr(store_module, "MEMORY_LIMIT", 100)
    before = mapped()
    store, _ = load_examples(manifest([str(i) for i in range(48)]), Blocks(), range(48))
    assert store.description == f"50.3 MB in {store.folder}"
    for row in [*range(47, -1, -1), *range(48)]:
        assert (store.gather(np.array([row])) == row).all()
    assert mapped() - before < 16


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("limit", [10**6, 100])
def test_merged_shards_equal_the_store_of_one_worker(count, limit, monkeypatch):
    monkeypatch.setattr(store_module, "MEMORY_LIMIT", limit)
    monkeypatch.setattr(store_module, "MOST", 3)
    texts = manifest([f"{i * 10}" if i % 7 else "bad" for i in range(23)])
    rows = np.array([i for i in range(23) if i != 5])
    whole, reasons = load_examples(texts, Numbers(), rows)
    assert set(reasons) == {0, 7, 14, 21}

    def work():
        workers = Workers()
        part, _ = load_examples(texts, Numbers(), rows[workers.index :: count])
        return merge_shards(part, workers.all_gather)

    for made in cluster.run(count, work, monkeypatch):
        assert (made.folder is None) == (limit > 100)
        for name in ("rows", "array", "lookup"):
            np.testing.assert_array_equal(getattr(made, name), getattr(whole, name))


def test_not_fitted():
    with pytest.raises(ValueError, match="preprocess must be fitted"):
        load_examples(manifest(["1"]), TextPreprocess(), [0])


def test_texts_are_stored_many_at_once_as_each_alone():
    texts = [f"word{i % 50} and {'more ' * (i % 9)}" if i % 11 else " " for i in range(3000)]
    preprocess = TextPreprocess(length=6).fit(text for text in texts if text.strip())
    store, reasons = load_examples(manifest(texts), preprocess, range(3000))
    assert set(reasons.values()) == {"empty text"} and list(reasons) == list(range(0, 3000, 11))
    for row in (1, 12, 2999):
        np.testing.assert_array_equal(store.gather(np.array([row]))[0], preprocess.example(texts[row]))


def test_an_error_of_the_program_is_not_a_bad_row():
    class Broken(Numbers):
        def example(self, raw):
            raise AttributeError("a bug")

    with pytest.raises(AttributeError):
        load_examples(manifest(["1"]), Broken(), [0])


def test_pictures_damaged_after_they_were_found(photos, source):
    made = resolve(source(photos))
    data = (photos / "cat" / "1.png").read_bytes()
    (photos / "cat" / "1.png").write_bytes(data[: len(data) // 2])
    (photos / "cat" / "2.png").unlink()
    preprocess = ImagePreprocess(size=(4, 4), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
    store, reasons = load_examples(made, preprocess, made.rows())
    assert set(reasons) == {1, 2} and "No such file" in reasons[2]
    assert "PNG" in reasons[1] and str(photos) not in reasons[1]
    expected = preprocess.example(preprocess.decode(photos / "dog" / "5.png"))
    np.testing.assert_array_equal(store.gather(np.array([11]))[0], expected)
    assert made.with_bad(reasons).rows().tolist() == [0, *range(3, 12)]


def test_real_photographs(shared_data, tmp_path, source):
    """1,000 of CIFAR's JPEG files, found, hashed and decoded as Pillow decodes them."""
    with tarfile.open(shared_data / "cifar10-jpeg.tar.gz") as tar:
        files = (member for member in tar if member.isfile())
        members = [member for member, _ in zip(files, range(1000), strict=False)]
        tar.extractall(tmp_path, members)
    labels = sorted({Path(member.name).parent.name for member in members})
    made = resolve(source(tmp_path), {"name": "classification", "labels": labels})
    preprocess = ImagePreprocess(size=(32, 32), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
    store, reasons = load_examples(made, preprocess, made.rows())
    assert not reasons and len(store) == 1000
    for row in (0, 500, 999):
        expected = np.asarray(Image.open(made.raw_source(row)))
        np.testing.assert_array_equal(store.gather(np.array([row]))[0], expected)


SPECTRA = [{}, {"trim_db": 30}, {"stretch_db": 25, "top_db": 50}, {"center": False}]


@pytest.mark.parametrize(
    ("features", "more"),
    [
        *((features, more) for features in ("log_mel", "mfcc") for more in SPECTRA),
        ("waveform", {}),
        ("waveform", {"trim_db": 30}),
    ],
)
def test_recordings_are_stored_many_at_once_as_each_alone(features, more):
    random = np.random.default_rng(0)
    preprocess = AudioPreprocess(sample_rate=8000, seconds=1.5, n_fft=256, features=features, mean=0.0, std=1.0, **more)
    rates = [8000, 16000, 8000, 44100]
    sounds = [(random.normal(0, 0.1, random.integers(2000, 40000)).astype(np.float32), rates[i % 4]) for i in range(50)]
    sounds[7] = (np.full(4000, np.nan, np.float32), 8000)
    sounds[30] = b"no recording"
    for answer, sound in zip(preprocess.examples_of(sounds), sounds, strict=True):
        if isinstance(answer, str):
            with pytest.raises(ValueError, match=re.escape(answer)):
                preprocess.decode(sound)
        else:
            alone = preprocess.example(preprocess.decode(sound))
            assert answer.dtype == alone.dtype and answer.shape == alone.shape and answer.tobytes() == alone.tobytes()
    assert sum(isinstance(answer, str) for answer in preprocess.examples_of(sounds)) == 2
