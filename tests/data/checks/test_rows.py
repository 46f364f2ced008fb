"""What a manifest alone tells."""

import numpy as np
import pytest

from multicnn.data.checks.rows import counts, examine_rows, examine_splits, group_counts
from multicnn.data.manifest import Manifest


def manifest(contents, labels, splits=None, groups=None, reasons=None):
    ids = [str(i) for i in range(len(contents))]
    return Manifest.of(
        "text", ids=ids, sources=contents, labels=labels, hashes=contents, splits=splits, groups=groups, reasons=reasons
    )


def found(*arguments, **named):
    return {finding.name: finding for finding in examine_rows(manifest(*arguments, **named))}


CLEAN = ([str(i) for i in range(40)], ["a", "b"] * 20, ["train"] * 24 + ["val"] * 6 + ["test"] * 10)


def test_nothing_is_found_where_nothing_is_wrong():
    assert found(*CLEAN) == {}


def test_duplicates_leaks_and_contradictions():
    contents, labels, splits = map(list, CLEAN)
    contents[2] = contents[0]  # the same label, the same split
    contents[35], labels[35] = contents[1], "b"  # from training into the test
    contents[36], labels[36] = contents[4], "b"  # and with another label
    contents[31] = contents[33]  # inside the test
    said = found(contents, labels, splits)
    assert said["exact duplicates"].groups == ((0, 2), (1, 35), (4, 36), (31, 33))
    assert not said["exact duplicates"].decision
    assert said["leaks of exact duplicates"].groups == ((1, 35), (4, 36))
    assert said["contradictions among exact duplicates"].groups == ((4, 36),)
    assert said["leaks of exact duplicates"].decision and said["contradictions among exact duplicates"].decision
    assert said["leaks of exact duplicates"].message.startswith("2 validation or test examples")


def test_a_bad_row_is_no_duplicate():
    contents, labels, splits = map(list, CLEAN)
    contents[2] = contents[0]
    said = found(contents, labels, splits, reasons=["", "", "empty file", *[""] * 37])
    assert set(said) == {"bad examples"}
    assert said["bad examples"].groups == ((2,),) and "empty file (1)" in said["bad examples"].message


def test_groups_in_two_splits():
    contents, labels, _ = CLEAN
    groups = [f"g{i % 4}" if i < 24 else f"t{i % 3}" for i in range(40)]
    assert "leaks of groups" not in found(contents, labels, ["train"] * 24 + ["test"] * 16, groups=groups)
    groups[39] = "g1"
    said = found(contents, labels, ["train"] * 24 + ["test"] * 16, groups=groups)["leaks of groups"]
    assert said.decision and "g1" in said.message and said.message.startswith("1 of 7")


def test_imbalance_and_small_classes():
    contents = [str(i) for i in range(240)]
    labels = ["rare" if i % 20 == 0 else "usual" for i in range(240)]
    said = found(contents, labels, ["train"] * 120 + ["test"] * 120)
    assert said["imbalance"].decision and "228 of 'usual', 12 of 'rare'" in said["imbalance"].message
    assert said["small classes"].decision and "fewer than 10 training examples: rare" in said["small classes"].message
    # A class that is missing from the test set is worth knowing, and no more.
    labels = ["a", "b"] * 115 + ["a"] * 10
    said = found(contents, labels, ["train"] * 230 + ["test"] * 10)
    assert set(said) == {"small classes"} and not said["small classes"].decision
    assert "no test example: b" in said["small classes"].message


def test_counts():
    contents, labels, splits = CLEAN
    table = counts(manifest(contents, labels, splits, reasons=["bad", *[""] * 39]))
    assert table.loc["a"].to_dict() == {"train": 11, "val": 3, "test": 5, "all": 19}
    assert table.loc["all"].to_dict() == {"train": 23, "val": 6, "test": 10, "all": 39}
    assert counts(manifest(contents, labels)).columns.tolist() == ["undecided", "all"]
    groups = np.where(np.arange(40) % 2, "", "x").tolist()
    table = group_counts(manifest(contents, labels, splits, groups=groups))
    assert table.loc["x"].to_dict() == {"train": 12, "val": 3, "test": 5, "all": 20}


@pytest.mark.parametrize(("n", "words"), [(0, None), (20, "20 validation examples are too few"), (60, None)])
def test_a_validation_set_that_cannot_choose_an_epoch(n, words):
    splits = ["train"] * 100 + ["val"] * n
    contents, labels = [str(i) for i in range(len(splits))], ["a", "b"] * (len(splits) // 2)
    said = examine_splits(manifest(contents, labels, splits))
    assert [finding.name for finding in said] == ["small validation set"] * (words is not None)
    # Wilson 1927, 18 of 20: (.90 + .096 -+ 1.96 sqrt(.0045 + .0024)) / 1.192
    assert words is None or (words in said[0].message and "from 70% to 97%" in said[0].message and not said[0].decision)
