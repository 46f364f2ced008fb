"""The remark on labels that look like several in one."""

import pytest

from multicnn.data import load
from multicnn.data.sources.joined_labels import joined_labels
from multicnn.recipe import DataSource


@pytest.mark.parametrize(
    ("labels", "separator"),
    [
        (["cat", "cat|dog", "bird|dog", "dog"], "|"),
        (["red; round", "red", "round; small", "small"], ";"),
        (["a,b", "b,c", "a,c"], ","),
        (["Springfield, IL", "Springfield, MA", "Boston, MA", "Austin, TX"], None),
        (["rock, paper, scissors", "chess"], None),
        (["cat|dog", "bird"], None),
        (["a|", "|b", "a"], None),
        (["left", "right"], None),
        ([], None),
    ],
)
def test_classes_that_are_made_of_one_another_are_remarked(labels, separator):
    remarks = list(joined_labels(labels))
    assert len(remarks) == (separator is not None)
    assert all(f"--label-separator {separator!r}" in remark.message for remark in remarks)


def test_a_table_without_its_separator_is_remarked_and_one_with_it_is_not(tmp_path):
    rows = [f"text {i},{label}" for i, label in enumerate(["a|b", "b", "a", "b|c", "c"] * 4)]
    (tmp_path / "t.csv").write_text("text,label\n" + "\n".join(rows))
    source = DataSource(path=str(tmp_path / "t.csv"))
    assert "several labels" in [remark.name for remark in load.load_manifest(source).remarks]
    separated = DataSource(path=source.path, label_separator="|")
    assert "several labels" not in [remark.name for remark in load.load_manifest(separated).remarks]
