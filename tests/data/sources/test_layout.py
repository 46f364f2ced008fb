"""The folders of a data set that are splits, and those that are classes."""

import pytest

from multicnn.data.sources import resolve
from multicnn.data.sources.layout import layout_of


def paths(text):
    """The paths of files in folders, two in each: "train/{cat,dog} test/cat"."""
    folders = [
        outer + name
        for outer, _, inner in (each.partition("{") for each in text.split())
        for name in inner.rstrip("}").split(",")
    ]
    return [(*folder.split("/"), f"{i}.png") for folder in folders for i in range(2)]


@pytest.mark.parametrize(
    "folders, first",
    [
        ("train/cat train/dog test/cat", ("cat", "train")),
        ("training_set/cat training_set/dog test_set/cat", ("cat", "train")),
        ("seg_train/seg_train/cat seg_train/seg_train/dog seg_test/seg_test/cat", ("cat", "train")),
        ("eval/cat train/cat train/dog", ("cat", "val")),
        ("train_images/cat train_images/dog test_images/cat", ("cat", "train")),
        ("data/train/cat data/train/dog data/test/cat", ("cat", "train")),
        ("a/b/train/cat a/b/train/dog a/b/valid/cat", ("cat", "train")),
        ("cat/train cat/test dog/train dog/test", ("cat", "train")),
        ("cat/a cat/b dog/a", ("cat", "")),
        ("train/train/x train/test/x", ("x", "train")),
    ],
)
def test_layouts(folders, first):
    layout = layout_of(paths(folders), "root")
    classes, split = layout.read(paths(folders)[0])
    assert (classes[0], split) == first


@pytest.mark.parametrize(
    "folders, named",
    [
        ("cats_train/a cats_test/a dogs_train/a dogs_test/a", "'cats_test', 'cats_train', 'dogs_test', 'dogs_train'"),
        ("images/train/cat images/val/cat labels/train labels/val", "'images/train', 'images/val'"),
    ],
)
def test_what_may_be_splits_is_refused_by_name(folders, named):
    with pytest.raises(ValueError, match=f"the folders {named}.* look like splits: call them train/CLASS.*path='root'"):
        layout_of(paths(folders), "root")


@pytest.mark.parametrize(
    "folders, message",
    [
        ("tr/{a,b,c} te/{a,b,c}", "the classes are 'te', 'tr', which all hold the folders 'a', 'b', 'c': if those are"),
        ("gallery/{x,y} query/{x,y}", "list the files in metadata.csv"),
        ("train plane car", "'train' look like splits and are taken for classes"),
        ("eval/cat train/cat train/dog", "the folder 'eval' is taken for the validation set"),
        ("eval/cat train/cat val/dog", "the folder 'eval' is taken for the test set"),
        ("data/cat data/dog", "all files are in the folder 'data', which holds 'cat', 'dog': pass 'data' itself"),
    ],
)
def test_what_is_understood_and_might_be_meant_otherwise(folders, message):
    assert [message in remark.message for remark in layout_of(paths(folders), "root").remarks] == [True]
    for classes in (
        "cat dog train_station",
        "cat/{old,new} dog/old",
        "cat/old dog/old",
        "cat cat/{old,new} dog/{old,new}",
    ):
        assert not layout_of(paths(classes), "root").remarks


def test_a_folder_around_the_classes_is_named(tmp_path, picture, source):
    for label in ("cat", "dog"):
        picture(tmp_path / "data" / label / "1.png")
    with pytest.raises(ValueError, match=r"only 'data'.*holds 'cat', 'dog': pass 'data' itself"):
        resolve(source(tmp_path))


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl"])
def test_metadata_in_the_split_folders(tmp_path, picture, source, name):
    rows = {"csv": "file_name,label\n1.png,tom\nx/2.png,kit\n", "jsonl": '{"file_name": "1.png", "label": "tom"}\n' * 2}
    for split in ("train", "test"):
        picture(tmp_path / split / "1.png")
        picture(tmp_path / split / "x" / "2.png")
        text = rows[name.split(".")[1]].replace('"tom"}\n{', '"kit"}\n{')
        (tmp_path / split / name).write_text(text)
    manifest = resolve(source(tmp_path))
    assert manifest.labels == ("kit", "tom")
    assert manifest.table["split"].tolist() == ["test", "test", "train", "train"]
    assert manifest.raw_source(2) == str(tmp_path / "train" / "1.png")
    (tmp_path / "test" / name).unlink()
    with pytest.raises(ValueError, match=rf"as 'train/{name}'; 'test' has none"):
        resolve(source(tmp_path))


def test_a_test_source_with_splits_of_its_own(tmp_path, picture, source):
    for place in ("a/cat", "a/dog", "b/train/cat", "b/test/cat"):
        picture(tmp_path / place / "1.png")
    with pytest.raises(
        ValueError, match="test examples only; it names train examples of its own: pass its test folder"
    ):
        resolve(source(tmp_path / "a", test=tmp_path / "b"))
    assert len(resolve(source(tmp_path / "a", test=tmp_path / "b" / "test")).rows("test")) == 1


def test_examples_without_labels_are_left_out(tmp_path, picture, source):
    for place in ("train/cat", "train/dog", "train/unsup", "test/cat", "test/dog", "seg_pred"):
        picture(tmp_path / place / "1.png")
    manifest = resolve(source(tmp_path))
    assert manifest.labels == ("cat", "dog") and len(manifest) == 4
    assert [remark.message for remark in manifest.remarks] == [
        "the 1 files in 'seg_pred' are taken for examples without labels and left out",
        "the 1 files in 'train/unsup' are taken for examples without labels and left out",
    ]
    picture(tmp_path / "test" / "unsup" / "1.png")
    assert resolve(source(tmp_path)).labels == ("cat", "dog", "unsup")


def test_a_folder_around_the_classes_of_each_split_is_named(tmp_path, picture, source):
    for place in ("train/images/cat", "train/images/dog", "test/images/cat"):
        picture(tmp_path / place / "1.png")
    with pytest.raises(
        ValueError, match=r"only 'images'.*which hold 'cat', 'dog': if these are the classes, move them"
    ):
        resolve(source(tmp_path))


def test_metadata_whose_files_lie_in_split_folders(tmp_path, picture, source):
    for place in ("train/1.png", "train/2.png", "test/1.png", "test/extra.png"):
        picture(tmp_path / place)
    rows = "file_name,label\ntrain/1.png,cat\ntrain\\2.png,dog\ntest/1.png,cat\n"
    (tmp_path / "metadata.csv").write_text(rows)
    manifest = resolve(source(tmp_path))
    assert manifest.table["split"].tolist() == ["train", "train", "test"] and not len(manifest.bad_rows())
    assert [remark.message for remark in manifest.remarks] == [
        "the table names none, so they are those of the folders: 'test' (test), 'train' (train)",
        "1 files are not listed in metadata.csv and are left out, the first 'test/extra.png'",
    ]


def test_a_class_of_which_nothing_can_be_used_is_named(photos, source):
    (photos / "cow").mkdir()
    (photos / "cow" / "1.png").touch()
    (remark,) = resolve(source(photos)).remarks
    assert (
        remark.decision
        and remark.message == "no example of 'cow' can be used, so that it is no class; the first is empty file"
    )
