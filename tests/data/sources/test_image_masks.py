"""Sources with masks, and the choice of the task."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.masks import write

from multicnn.data.load import load_manifest
from multicnn.recipe import DataSource


def _load(root, task=None):
    return load_manifest(DataSource(path=str(root)), task)


@pytest.mark.parametrize("names", [("image", "mask"), ("images", "label"), ("train/image", "train/label")])
def test_images_and_masks_beside_each_other_are_never_two_classes(names, tmp_path):
    manifest = _load(write(tmp_path, 8, images=names[0], masks=names[1]))
    assert manifest.task.name == "segmentation" and manifest.labels == ("0", "1")
    assert (
        len(manifest.rows()) == 8
        and manifest.table["label"].str.contains("label" if "label" in names[1] else "mask").all()
    )


def test_splits_in_folders_and_pairs_that_are_not_complete(tmp_path):
    for split in ("train", "val", "test"):
        write(tmp_path, 4, images=f"{split}/image", masks=f"{split}/mask")
    (tmp_path / "train/mask/2.png").unlink()
    (tmp_path / "val/image/1.png").unlink()
    manifest = _load(tmp_path)
    assert manifest.table.groupby("split").size().to_dict() == {"train": 4, "val": 3, "test": 4}
    assert manifest.bad_rows()["reason"].tolist() == ["no mask of its name"]
    assert any("val/mask/1.png" in remark.message for remark in manifest.remarks)


def _listed(root, **columns):
    write(root, 8)
    names = [f"{i}.png" for i in range(8)]
    table = {"file_name": [f"image/{name}" for name in names], "mask": [f"mask/{name}" for name in names]}
    pd.DataFrame(table | columns).to_csv(root / "metadata.csv", index=False)
    return root


def test_a_column_of_masks_is_read(tmp_path):
    root = _listed(tmp_path)
    frame = pd.read_csv(root / "metadata.csv")
    frame.loc[2, "mask"], frame.loc[3, "mask"], frame.loc[4, "mask"] = "", "mask/none.png", "../outside.png"
    frame.to_csv(root / "metadata.csv", index=False)
    reasons = _load(root).bad_rows()["reason"].tolist()
    assert reasons[:2] == ["no mask", "missing mask"] and reasons[2].startswith("mask: ")


def test_several_kinds_of_targets_need_a_task(tmp_path):
    root = _listed(tmp_path, label=list("aabbaabb"))
    with pytest.raises(ValueError, match=r"\['classification', 'segmentation'\] \(--task\).* mask and label"):
        _load(root)
    assert _load(root, "classification").labels == ("a", "b")
    assert _load(root, "segmentation").labels == ("0", "1")


def test_labels_alone_are_classes_and_have_no_masks(digits_folder):
    assert _load(digits_folder).task.name == "classification"
    with pytest.raises(ValueError, match="missing mask"):
        _load(digits_folder, "segmentation")


@pytest.fixture
def digits_folder(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        for i in range(3):
            Image.fromarray(np.full((8, 8), 40 * i + ord(label), np.uint8)).save(tmp_path / label / f"{i}.png")
    return tmp_path


def test_an_edited_mask_is_another_fingerprint_and_the_same_split(tmp_path):
    before = _load(write(tmp_path))
    Image.fromarray(np.ones((40, 48), np.uint8)).save(tmp_path / "mask/0.png")
    after = _load(tmp_path)
    assert before.fingerprint() != after.fingerprint()
    assert before.table["split"].tolist() == after.table["split"].tolist()
