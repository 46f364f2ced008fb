"""Options of reading that decide nothing are refused in a line that names them; shared and inherited ones are not."""

import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

import multicnn
from multicnn.blocks import chain, dense, flatten, network
from multicnn.data.builtin import BUILTIN
from multicnn.data.load import load_manifest
from multicnn.data.sources import resolve
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.predictor import Predictor
from multicnn.recipe import DataSource
from multicnn.tasks import Classification

PATTERN = r"(?P<label>[a-z]+)_(?P<who>\d)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the same examples in every layout."""
    root = tmp_path_factory.mktemp("layouts")
    names = [f"{label}_{i}" for label in ("cat", "dog") for i in range(3)]
    for i, name in enumerate(names):
        image = Image.fromarray(np.random.default_rng(i).integers(0, 256, (4, 4, 3), np.uint8))
        for path in (root / "classes" / name[:3], root / "names", root / "listed", root / "files"):
            path.mkdir(parents=True, exist_ok=True)
            image.save(path / f"{name}.png")
    rows = pd.DataFrame({"file_name": [f"{name}.png" for name in names], "label": [name[:3] for name in names]})
    rows.to_csv(root / "listed" / "metadata.csv", index=False)
    rows.drop(columns="label").to_csv(root / "files" / "metadata.csv", index=False)
    pd.DataFrame({"text": names, "label": rows["label"], "said": rows["label"]}).to_csv(root / "texts.csv", index=False)
    np.savez(root / "arrays.npz", x=np.zeros((4, 5, 5), np.uint8), y=list("aabb"))
    return root


@pytest.mark.parametrize(
    ("path", "fields", "refused"),
    [
        ("classes", {"pattern": PATTERN}, None),
        ("names", {"pattern": PATTERN, "group_column": "who"}, None),
        ("names", {"pattern": PATTERN, "group_column": "speaker"}, "group_column"),
        ("classes", {"label_column": "kind"}, "label_column"),
        ("classes", {"split_column": "fold"}, "split_column"),
        ("classes", {"text_column": "words"}, "text_column"),
        ("classes", {"sample_rate": 8000}, "sample_rate"),
        ("listed", {"pattern": PATTERN}, "pattern"),
        ("listed", {"text_column": "words"}, "text_column"),
        ("listed", {"pattern": PATTERN.replace("who", "group")}, None),
        ("files", {"pattern": PATTERN}, None),
        ("texts.csv", {"pattern": PATTERN}, "pattern"),
        ("texts.csv", {"label_column": "said"}, None),
        ("arrays.npz", {"pattern": PATTERN}, "pattern"),
        ("arrays.npz", {"label_column": "said"}, "label_column"),
        ("digits", {"modality": "text"}, "modality"),
        ("digits", {"pattern": PATTERN}, "pattern"),
        ("digits", {"text_column": "words"}, "text_column"),
        ("docstrings", {"label_column": "said"}, "label_column"),
    ],
)
def test_each_source_takes_the_options_that_it_uses(path, fields, refused, folder):
    source = DataSource(path=str(folder / path) if path not in BUILTIN else path, **fields)
    if refused is None:
        assert resolve(source).labels == ("cat", "dog")
        return
    with pytest.raises(ValueError, match=rf"^{refused} must be [^\n]*Received: {refused}="):
        resolve(source)


MEMORY = {
    "arrays": lambda: (np.zeros((4, 5, 5), np.uint8), list("aabb")),
    "a mapping of arrays": lambda: {"x": np.zeros((4, 5, 5), np.uint8), "y": list("aabb")},
    "a frame of images": lambda: pd.DataFrame({"image": [np.zeros((5, 5), np.uint8)] * 4, "label": list("aabb")}),
    "a frame of texts": lambda: pd.DataFrame({"text": list("wxyz"), "label": list("aabb")}),
}


@pytest.mark.parametrize("kind", MEMORY)
def test_data_in_memory_have_no_names_of_files(kind):
    assert len(resolve(DataSource(), data=MEMORY[kind]())) == 4
    with pytest.raises(ValueError, match="pattern must be left out"):
        resolve(DataSource(pattern=PATTERN), data=MEMORY[kind]())


def test_an_option_may_be_for_the_test_source_alone(folder):
    fields = {"path": str(folder / "classes"), "test": str(folder / "listed")}
    assert len(resolve(DataSource(**fields))) == 12
    with pytest.raises(ValueError, match="group_column must be a column"):
        resolve(DataSource(**fields, group_column="who"))
    with pytest.raises(ValueError, match="text_column must be left out"):
        resolve(DataSource(**fields, text_column="words"))
    swapped = DataSource(path=str(folder / "names"), test=str(folder / "listed"), pattern=PATTERN)
    assert resolve(swapped).table["split"].tolist() == [""] * 6 + ["test"] * 6


def test_what_was_said_of_the_training_data_is_no_mistake_of_others(folder):
    preprocess = ImagePreprocess(size=(4, 4), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
    block = chain(flatten(), dense(2))
    recipe = {"data": {"path": "elsewhere", "pattern": PATTERN, "label_column": "kind", "text_column": "words"}}
    predictor = Predictor(preprocess, block, network(block, (4, 4, 3)), Classification(("cat", "dog")), recipe=recipe)
    assert predictor.evaluate(folder / "classes")["n"] == 6
    assert multicnn.features(predictor, folder / "classes")[0].values.shape[0] == 6
    with pytest.raises(ValueError, match="split_column must be left out"):
        predictor.evaluation(folder / "classes", settings=["data.split_column=fold"])
    with pytest.raises(ValueError, match="label_column must be left out"):
        predictor.evaluate(DataSource(path=str(folder / "classes"), label_column="kind"))


def test_fractions_that_are_not_taken_are_reported(folder, tmp_path):
    for split in ("train", "val"):
        shutil.copytree(folder / "classes", tmp_path / split)
    remarks = {
        fields: [each.message for each in load_manifest(DataSource(path=str(tmp_path), **dict(fields))).remarks]
        for fields in ((), (("validation_fraction", 0.3),))
    }
    assert (
        "data.validation_fraction is not used, since the data name their own val examples"
        in remarks[(("validation_fraction", 0.3),)]
    )
    assert not any("is not used" in each for each in remarks[()])


def test_a_rate_of_clips_in_files_stays_for_arrays_in_use(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        soundfile.write(tmp_path / label / "1.wav", np.sin(np.arange(800)), 8000)
    assert resolve(DataSource(path=str(tmp_path), sample_rate=8000)).modality == "audio"
