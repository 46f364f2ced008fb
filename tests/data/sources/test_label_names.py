"""Ids of labels get the names that a table has for them."""

import pandas as pd
import pytest

from multicnn.data.sources import resolve
from multicnn.recipe import DataSource

TEXTS = ["a cat", "a crane bird", "a crane machine", "a dog", "a dog again"]


def manifest(tmp_path, labels, names, **fields):
    pd.DataFrame({"text": TEXTS, "label": labels}).to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "names.csv").write_text(names, encoding="utf-8")
    return resolve(DataSource(path=str(tmp_path / "t.csv"), label_names=str(tmp_path / "names.csv"), **fields))


def test_synsets_get_their_names_and_the_id_behind_one_that_two_have(tmp_path):
    names = 'id,name\nn1,"cat, tom"\nn2,crane\nn3,crane\nn9,horse\n'
    found = manifest(tmp_path, ["n1", "n2", "n3", "n4", "n4"], names)
    assert found.table["label"].tolist() == ["cat, tom", "crane (n2)", "crane (n3)", "n4", "n4"]
    assert found.labels == ("cat, tom", "crane (n2)", "crane (n3)", "n4")
    (remark,) = [each for each in found.remarks if each.name == "names of labels"]
    assert remark.message.startswith("1 of 4 labels have no name in") and remark.message.endswith("the first 'n4'")


@pytest.mark.parametrize("task", ["multilabel", "extreme_multilabel"])
def test_labels_of_several_get_theirs(tmp_path, task):
    pd.DataFrame({"text": TEXTS, "label": ["/m/1|/m/2", "/m/2", "/m/1", "", "/m/2|/m/1"]}).to_csv(
        tmp_path / "t.csv", index=False
    )
    (tmp_path / "names.csv").write_text("/m/1,Zebra\n/m/2,Animal\n", encoding="utf-8")
    source = DataSource(path=str(tmp_path / "t.csv"), label_names=str(tmp_path / "names.csv"), label_separator="|")
    found = resolve(source, task)
    assert found.table["label"].tolist() == ["Animal|Zebra", "Animal", "Zebra", "", "Animal|Zebra"]
    assert found.labels == ("Animal", "Zebra")


@pytest.mark.parametrize(
    ("names", "fields", "message"),
    [
        ("n1\n", {}, "`data.label_names` must have two columns"),
        ("n1,a|b\n", {"label_separator": "|"}, "names without '|', which separates labels"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path, names, fields, message):
    with pytest.raises(ValueError, match=message.replace("|", r"\|")):
        manifest(tmp_path, ["n1"] * 5, names, **fields)
    with pytest.raises(ValueError, match=r"`data.label_names` must be a table.*No such file"):
        resolve(DataSource(path=str(tmp_path / "t.csv"), label_names=str(tmp_path / "none.csv")))
