"""Labels that are spelled in more than one way."""

import json
import unicodedata

import pytest

from multicnn.data.sources import resolve
from multicnn.tasks import Classification

NFC, NFD = "caf\u00e9", "cafe\u0301"
ZERO_WIDTH = "\u200b"


def table(path, labels, splits=None):
    rows = [{"text": f"film {i}", "label": label} for i, label in enumerate(labels)]
    for row, split in zip(rows, splits or []):
        row["split"] = split
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    "labels, classes",
    [
        ([NFC, NFD, "tea"], (NFC, NFC, "tea")),
        ([NFD, "tea"], (NFC, "tea")),
        (["pos", f"pos{ZERO_WIDTH}", " pos\u00a0", "neg"], ("pos", "pos", "pos", "neg")),
        (["0", "1", "1.0", "0.00"], ("0", "1", "1", "0")),
        ([0, 1, 1.0, 0.5], ("0", "1", "1", "0.5")),
        (["0.0", "1.0"], ("0.0", "1.0")),
        (["10000", "10000.0", "2"], ("10000", "10000", "2")),
        (["1", "1.0", "one"], ("1", "1.0", "one")),
        (["01", "1"], ("01", "1")),
        (["-1", "1", "-", "_"], ("-1", "1", "-", "_")),
        (["12345678901234567890123456789012", "12345678901234567890123456789013"], None),
        (["Cat", "cat"], ("Cat", "cat")),
    ],
)
def test_one_class_has_one_spelling(tmp_path, source, labels, classes):
    manifest = resolve(source(table(tmp_path / "t.jsonl", labels)))
    assert tuple(manifest.table["label"]) == (classes or tuple(labels))
    written = [str(label).strip() for label in labels]
    assert len(manifest.remarks) == (written != list(classes or labels) or "Cat" in labels)


def test_classes_that_may_be_one_are_reported_and_stay(tmp_path, source):
    manifest = resolve(source(table(tmp_path / "t.jsonl", ["New York", "new_york", "x", "X", "y"])))
    assert len(manifest.labels) == 5
    (remark,) = manifest.remarks
    assert remark.decision and remark.message.startswith("'New York' and 'new_york', 'X' and 'x' differ in case")


@pytest.mark.parametrize(
    "trained, tested, expected",
    [
        (["pos", "neg"], ["Pos", "NEG", "neg "], ["pos", "neg", "neg"]),
        (["0.0", "1.0"], [0, 1], ["0", "1"]),
        ([NFC, "New York"], [NFD, "new-york"], [NFC, "New York"]),
        (["Cat", "cat"], ["CAT"], []),
        (["0", "1"], ["-1", "- 1"], []),
    ],
)
def test_no_test_set_is_all_bad_because_of_a_spelling(tmp_path, source, trained, tested, expected):
    path, test = table(tmp_path / "train.jsonl", trained * 3), table(tmp_path / "test.jsonl", tested)
    manifest = resolve(source(path, test=test))
    assert manifest.table["label"].iloc[manifest.rows("test")].tolist() == expected
    assert any("is taken for" in remark.message for remark in manifest.remarks) == bool(expected)


@pytest.mark.parametrize("classes", [("0.0", "1.0"), (f"0{ZERO_WIDTH}", "1"), ("0", "1"), ("0", "1", "1.0")])
def test_the_classes_of_a_trained_predictor_keep_their_spelling(tmp_path, source, classes):
    path = table(tmp_path / "t.jsonl", ["0", "1", "0"])
    manifest = resolve(source(path), Classification(classes))
    assert manifest.labels == classes
    assert manifest.table["label"].tolist() == [classes[0], classes[1], classes[0]]


def test_of_several_labels_each_has_one_spelling(tmp_path, source):
    path = table(tmp_path / "t.jsonl", [f"{NFC}|a", f"{NFD}|{NFC}", f"b|a{ZERO_WIDTH}", ""])
    manifest = resolve(source(path, label_separator="|"))
    assert manifest.labels == ("a", "b", NFC)
    assert manifest.table["label"].tolist() == [f"a|{NFC}", NFC, "a|b", ""]


def test_folders_and_file_names_in_either_form(tmp_path, picture, source):
    for i, folder in enumerate((NFC, NFD, "tea")):
        picture(tmp_path / "photos" / folder / f"{NFD}.png", seed=i)
    manifest = resolve(source(tmp_path / "photos"))
    assert manifest.labels == (NFC, "tea")
    assert all(unicodedata.is_normalized("NFC", name) for name in manifest.table["id"])
    rows = f"file_name,label\n{NFC}/{NFC}.png,{NFC}\ntea/{NFC}.png,{NFD}x\n"
    (tmp_path / "photos" / "metadata.csv").write_text(rows, encoding="utf-8")
    listed = resolve(source(tmp_path / "photos"))
    assert listed.raw_source(1) == str(tmp_path / "photos" / "tea" / f"{NFD}.png") and not len(listed.bad_rows())
    (tmp_path / "photos" / "metadata.csv").unlink()
    by_name = resolve(source(tmp_path / "photos", pattern="(?P<group>\u00e9)"))
    assert set(by_name.table["group"]) == {"\u00e9"}
