"""Data sets of TensorFlow Datasets, really prepared in a folder and read by index."""

import inspect
import io
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image

import multicnn
from multicnn.data.load import load_manifest
from multicnn.data.manifest import content_hash
from multicnn.data.sources import resolve
from multicnn.data.sources.tfds_names import parsed, short
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.utils.reporter import Reporter

tfds = pytest.importorskip("tensorflow_datasets")
pytest.importorskip("importlib_resources")
pytest.importorskip("array_record.python.array_record_module")

SPLITS = {"train": range(10), "test": range(10, 14), "unsupervised": range(14, 16)}
NAMES, TAGS = ["cat", "dog"], ["dark", "old", "wet"]


def record(i):
    """Return what is put into the data set as its i-th example."""
    rng = np.random.default_rng(i)
    return {
        "image": rng.integers(0, 256, (6, 5, 3), np.uint8),
        "sound": rng.integers(-20000, 20000, 400, np.int16),
        "words": f"example {i} of the set" if i != 9 else " ",
        "kind": NAMES[i % 2],
        "tags": [TAGS[j] for j in range(3) if i >> j & 1],
        "speaker": f"speaker {i % 3}",
    }


class Small(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """A data set of images, clips and texts of the same examples."""

    VERSION = tfds.core.Version("1.2.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(6, 5, 3)),
            "sound": tfds.features.Audio(sample_rate=8000, dtype=np.int16),
            "words": tfds.features.Text(),
            "kind": tfds.features.ClassLabel(names=NAMES),
            "tags": tfds.features.Sequence(tfds.features.ClassLabel(names=TAGS)),
            "speaker": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "kind"),
            disable_shuffling=True,
        )

    def _split_generators(self, manager):
        return {split: self._generate_examples(numbers) for split, numbers in SPLITS.items()}

    def _generate_examples(self, numbers):
        for i in numbers:
            yield i, record(i)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder in which the data set is prepared, as `tfds build` would."""
    path = tmp_path_factory.mktemp("tfds")
    Small.pkg_dir_path = path
    Small(data_dir=path).download_and_prepare(file_format="array_record")
    return path


@pytest.fixture
def read(folder, source):
    def read(arguments="", name="small", **fields):
        return resolve(source(f"tfds:{name}/data_dir={folder}{arguments}", **fields))

    return read


def test_images_by_the_supervised_keys_stay_encoded_and_on_disk(read):
    manifest = read()
    table = manifest.table
    assert manifest.modality == "image" and manifest.labels == ("cat", "dog")
    assert table["id"].tolist() == [*(f"train[{i}]" for i in range(10)), *(f"test[{i}]" for i in range(4))]
    assert table["split"].tolist() == ["train"] * 10 + ["test"] * 4
    assert table["label"].tolist() == [NAMES[i % 2] for i in range(14)]
    for row in range(14):
        encoded = manifest.raw_source(row)
        assert encoded.startswith(b"\x89PNG") and table["hash"][row] == content_hash(encoded)
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encoded))), record(row)["image"])
        np.testing.assert_array_equal(ImagePreprocess().decode(encoded), record(row)["image"])
    assert not isinstance(manifest.arrays, np.ndarray)
    assert (
        [remark.message for remark in manifest.remarks]
        == [remark.message for remark in manifest.remarks if "left out: unsupervised" in remark.message]
        != []
    )


def test_clips(read):
    manifest = read(modality="audio", label_column="speaker", group_column="kind")
    assert manifest.modality == "audio" and manifest.table["group"].tolist() == [NAMES[i % 2] for i in range(14)]
    assert manifest.labels == ("speaker 0", "speaker 1", "speaker 2")
    for row in (0, 13):
        waveform, rate = manifest.raw_source(row)
        expected = record(row)["sound"].astype(np.float32) / 32768
        assert rate == 8000 and manifest.table["hash"][row] == content_hash(expected)
        np.testing.assert_array_equal(waveform, expected)


def test_texts_and_an_empty_one(read):
    manifest = read(text_column="words")
    assert manifest.modality == "text" and manifest.raw_source(3) == "example 3 of the set"
    assert manifest.table["hash"][3] == content_hash("example 3 of the set")
    assert manifest.bad_rows()[["id", "reason"]].values.tolist() == [["train[9]", "empty text"]]


def test_several_labels(read):
    manifest = read(label_column="tags", label_separator="|")
    assert manifest.task.name == "multilabel" and manifest.labels == tuple(TAGS)
    assert manifest.table["label"].tolist() == ["|".join(record(i)["tags"]) for i in range(14)]


def test_chosen_splits_and_a_version(read, folder, source):
    arguments = ",train=train[:60%],val=train[60%:]+unsupervised,test=test[:2]"
    table = read(arguments, name="small:1.*.*").table
    assert table["split"].tolist() == ["train"] * 6 + ["val"] * 6 + ["test"] * 2
    every = read(",train=train+test+unsupervised").table["hash"]
    assert table["hash"].tolist() == [every[i] for i in (*range(10), 14, 15, 10, 11)]
    both = source(f"tfds:small/data_dir={folder},train=train", test=f"tfds:small/data_dir={folder},test=test[2:]")
    manifest = resolve(both)
    assert manifest.table["id"].tolist()[9:] == ["train[9]", "test:test[2:][0]", "test:test[2:][1]"]
    np.testing.assert_array_equal(ImagePreprocess().decode(manifest.raw_source(11)), record(13)["image"])


def test_splits_are_decided_by_the_hashes_as_elsewhere(read, folder, source, tmp_path):
    manifest = read()
    for row in range(14):
        path = tmp_path / NAMES[row % 2] / f"{row:02}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(manifest.raw_source(row))
    ours = load_manifest(source(f"tfds:small/data_dir={folder},train=train+test")).table
    files = load_manifest(source(tmp_path)).table
    known = dict(zip(files["hash"], files["split"]))
    assert [known[each] for each in ours["hash"]] == ours["split"].tolist()


def wrong(message):
    return pytest.raises(ValueError, match=rf"^(?!.*\n).*{message}.*Received: ")


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("no_such_set/data_dir={}", {}, "path must name one of https.*no_such_set"),
        ("small:9.0.0/data_dir={}", {}, "path must name one of https"),
        ("small/data_dir={},train=dev", {}, r"splits of tfds:small \(train, test, unsupervised\).*'dev' gives none"),
        ("small/data_dir={},train=train[5:5]", {}, r"'train\[5:5\]' gives none"),
        ("small/data_dir={},split=train", {}, "train=train"),
        ("small/data_dir={},train=train,val=train", {}, "other examples for each split"),
        ("small/data_dir={}", {"group_column": "who"}, r"group_column must be a feature of tfds:small \(image, kind"),
        (
            "small/data_dir={}",
            {"text_column": "title"},
            r"text_column must be a feature of tfds:small \(image, sound, speaker",
        ),
        ("small/data_dir={}", {"label_column": "image"}, r"label_column must be a feature of tfds:small \(kind"),
        ("small/data_dir={}", {"pattern": "(?P<label>.)"}, "pattern must be left out"),
        ("small/data_dir={}", {"split_column": "fold"}, "split_column must be left out"),
        ("huggingface:mnist", {}, "must not name a data set of a community"),
        ("", {}, "path must be tfds:NAME"),
        ("../x", {}, "path must be tfds:NAME"),
    ],
)
def test_errors(folder, source, name, fields, message):
    with wrong(message):
        resolve(source("tfds:" + name.format(folder), **fields))


def test_names():
    assert parsed("glue/sst2:1.0.0/data_dir=/a b/c,train=train[:5]+test,val=dev") == (
        "glue/sst2:1.0.0",
        {"data_dir": "/a b/c"},
        {"train": "train[:5]+test", "val": "dev"},
    )
    assert parsed("mnist") == ("mnist", {}, {})
    assert [short(f"tfds:{name}") for name in ("mnist", "glue/sst2:1.0.0", "a:1.*.*/data_dir=/b")] == [
        "mnist",
        "glue",
        "a",
    ]


def test_a_download_that_fails_says_what_to_do(source, folder, monkeypatch):
    def fail(self, **settings):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with wrong(r"ConnectionError: no route to host.*tfds\.builder\('small', data_dir='.*'\)\.download_and_prepare"):
        resolve(source(f"tfds:small/data_dir={folder}"))


@pytest.mark.parametrize("package", ["tensorflow_datasets", "importlib_resources"])
def test_not_installed(source, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with wrong(rf"pip install 'multicnn\[datasets\]' \({package} is missing\)"):
        resolve(source("tfds:mnist"))


def test_prepared_data_do_not_choose_what_is_imported(source, folder, tmp_path):
    path = tmp_path / "small" / "1.2.0"
    path.mkdir(parents=True)
    for file in (folder / "small" / "1.2.0").glob("*.json"):
        text = file.read_text().replace("tensorflow_datasets.core.features.text_feature.Text", "antigravity.Text")
        (path / file.name).write_text(text)
    with wrong("features.json names a feature of 'antigravity'"):
        resolve(source(f"tfds:small/data_dir={tmp_path}"))
    assert "antigravity" not in sys.modules


def test_a_damaged_record_is_a_bad_row(read, folder, tmp_path, source):
    copy = tmp_path / "small" / "1.2.0"
    copy.mkdir(parents=True)
    for file in (folder / "small" / "1.2.0").iterdir():
        data = bytearray(file.read_bytes())
        if "-train." in file.name:
            data[len(data) // 10] ^= 1  # in the chunk of one record
        (copy / file.name).write_bytes(data)
    bad = resolve(source(f"tfds:small/data_dir={tmp_path}")).bad_rows()
    assert len(bad) == 1 and bad["id"][0].startswith("train[") and "a record that cannot be read: " in bad["reason"][0]


@pytest.mark.slow
def test_data_prepared_as_tfrecord_are_refused_with_the_command_that_prepares_them_again(source, tmp_path):
    Small.pkg_dir_path = tmp_path
    Small(data_dir=tmp_path).download_and_prepare(file_format="tfrecord")
    with wrong("it is tfrecord in") as refused:
        resolve(source(f"tfds:small/data_dir={tmp_path}"))
    script(tmp_path)
    command = str(refused.value).split("`")[1].replace("import ", "import small, ")  # it is in no catalogue
    paths = os.pathsep.join([str(tmp_path), os.path.dirname(sys.executable), os.environ["PATH"]])
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "PATH": paths}
    done = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(resolve(source(f"tfds:small/data_dir={tmp_path}"))) == 14


def script(folder):
    """Write the code of the data set as a file of its own."""
    body = "".join(inspect.getsource(each) for each in (record, Small)).replace(", skip_registration=True", "")
    names = f"SPLITS, NAMES, TAGS = {SPLITS}, {NAMES}, {TAGS}\n"
    (folder / "small.py").write_text("import numpy as np\nimport tensorflow_datasets as tfds\n" + names + body)


class Killed(keras.callbacks.Callback):
    """Stop the run within its second epoch, as Ctrl-C does."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


class Killing(Reporter):
    def callbacks(self):
        return [Killed()]


@pytest.mark.slow
def test_a_run_killed_and_resumed_has_the_bits_of_one_never_interrupted(folder, tmp_path):
    data = f"tfds:small/data_dir={folder}"
    fields = {"model": "linear", "batch_size": 2, "seed": 3, "augment": {"mirror": True}, "epochs": 3}
    whole = multicnn.train(data, tmp_path / "whole", **fields)
    with pytest.raises(KeyboardInterrupt):
        multicnn.train(data, tmp_path / "cut", reporter=Killing(), **fields)
    resumed = multicnn.train(resume=tmp_path / "cut")
    for ours, theirs in zip(resumed.network.get_weights(), whole.network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert resumed.evaluate(data)["n"] == 4
