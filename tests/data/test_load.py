"""From a data source to its manifest."""

import pytest

from multicnn.data.load import load_manifest, load_unsplit
from multicnn.recipe import DataSource


@pytest.mark.parametrize(
    ("fields", "shares"),
    [
        ({}, {"train": 0.8, "val": 0.1, "test": 0.1}),
        ({"validation_fraction": 0.3, "test_fraction": 0.2}, {"train": 0.5, "val": 0.3, "test": 0.2}),
        ({"group_column": "who", "leave_out": "Bo"}, {"train": 0.5, "val": 0.25, "test": 0.25}),
    ],
)
def test_every_example_has_a_split(fields, shares, tmp_path):
    rows = [f"{i} words,{'ab'[i % 2]},{('Ann', 'Bo', 'Cy', 'Di')[i // 50]}" for i in range(200)]
    (tmp_path / "texts.csv").write_text("\n".join(["text,label,who", *rows]))
    table = load_manifest(DataSource(path=str(tmp_path / "texts.csv"), **fields)).table
    assert table["split"].value_counts(normalize=True).to_dict() == pytest.approx(shares, abs=0.021)  # two points
    if "leave_out" in fields:
        assert set(table.loc[table["split"] == "test", "group"]) == {"Bo"}


def test_an_unsplit_manifest_has_the_splits_of_its_source_only(tmp_path):
    (tmp_path / "texts.csv").write_text("text,label,split\none,a,train\ntwo,b,\nthree,a,test\n")
    table = load_unsplit(DataSource(path=str(tmp_path / "texts.csv"), split_column="split")).table
    assert table["split"].tolist() == ["train", "", "test"]


def test_a_group_is_not_left_out_beside_a_test_set(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("text,label,who\n" + "".join(f"t {i},{i % 2},{'xyz'[i % 3]}\n" for i in range(30)))
    source = DataSource(path=str(tmp_path / "a.csv"), test=str(tmp_path / "b.csv"), group_column="who", leave_out="x")
    with pytest.raises(ValueError, match=r"leave_out must be None where test is given.*Received: leave_out='x', test="):
        load_manifest(source)
