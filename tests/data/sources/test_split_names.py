import pytest

from multicnn.data.sources.split_names import split_folders, split_named, splits_named


@pytest.mark.parametrize(
    "word, split",
    [
        ("Train", "train"),
        ("valid", "val"),
        ("validation", "val"),
        ("dev", "val"),
        (" test ", "test"),
        ("", ""),
        ("x", None),
        ("training_set", "train"),
        ("TestImages", "test"),
        ("val2017", "val"),
        ("trainset", "train"),
        ("eval", "val"),
        ("train_station", None),
        ("train_test", None),
    ],
)
def test_split_named(word, split):
    assert split_named(word) == split


@pytest.mark.parametrize("others, split", [(("train",), "val"), (("train", "test"), "val"), (("train", "dev"), "test")])
def test_the_evaluation_set_beside_others(others, split):
    assert splits_named(["eval", *others])["eval"] == split


@pytest.mark.parametrize(
    "names, splits",
    [
        ("train test", "train test"),
        ("Training testing", "train test"),
        ("test", "test"),
        ("train val extra", "train val -"),
        ("train plane car", None),
        ("cat test", None),
        ("", None),
        ("training_set test_set", "train test"),
        ("seg_train seg_test seg_pred", "train test -"),
        ("train_images test_images", "train test"),
        ("big-train big-test", "train test"),
        ("test1 test2 test3", None),
        ("cats_train cats_test dogs_train dogs_test", None),
        ("train_station bus_stop", None),
    ],
)
def test_a_class_may_be_called_train(names, splits):
    expected = dict(zip(names.split(), (splits or "").split())) if splits else {}
    assert split_folders(names.split()) == {name: split for name, split in expected.items() if split != "-"}
