"""What `evaluate` says of a predictor is what scikit-learn says of its predictions."""

from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix

import multicnn

ARTEFACT = Path(__file__).parents[1] / "artefacts" / "0.1.0" / "docstrings.keras"
ROWS = [
    ("Draws a line on the axes.", "matplotlib", "train"),
    ("A frame of columns.", "pandas", "test"),
    ("The axes of the figure.", "matplotlib", "test"),
    ("A layer with weights.", "keras", "test"),
    ("", "keras", "test"),
    ("A label that it does not know.", "numpy", "test"),
]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "texts.csv"
    pd.DataFrame(ROWS, columns=["text", "label", "split"]).to_csv(path, index=False)
    return path


def labelled_texts(path, column="part"):
    """60 texts of two classes, of which the last column has a third each in train, val and test."""
    rows = [(f"{'good bad'.split()[i % 2]} {i}", i % 2, ("train", "val", "test")[i // 2 % 3]) for i in range(60)]
    pd.DataFrame(rows, columns=["text", "label", column]).to_csv(path, index=False)
    return path


SMALL = {"epochs": 1, "embedding_dims": 4, "arguments": {"filters": 2}}


@pytest.mark.parametrize("settings", [[], ["data.split_column=part"], ["data.group_column=part", "data.leave_out=val"]])
def test_a_split_of_what_was_trained_on_is_that_of_the_training(settings, tmp_path):
    source = labelled_texts(tmp_path / "t.csv")
    made = multicnn.train(source, tmp_path / "run", settings=settings, **SMALL)
    for split in ("train", "val", "test"):
        found = multicnn.evaluate(made, source, split=split).metrics
        assert {name: found[name] for name in made.metrics[split]} == pytest.approx(made.metrics[split], abs=1e-5)
    other = labelled_texts(tmp_path / "other.csv", "other")
    with pytest.raises(
        ValueError, match=r"must have a test split of its own; these data have none. Received: split='test'"
    ):
        multicnn.evaluate(made, other, split="test")
    # By itself the table names splits only in a column that is known.
    assert multicnn.evaluate(made, source).metrics["n"] == (20 if "data.split_column=part" in settings else 60)
    assert multicnn.evaluate(made, other).metrics["n"] == 60


def test_a_group_left_out_is_what_is_measured(tmp_path):
    source = labelled_texts(tmp_path / "t.csv")
    made = multicnn.train(source, tmp_path / "run", **SMALL)
    settings = ["data.group_column=part", "data.leave_out=val"]
    assert multicnn.evaluate(made, source, settings=settings).metrics["n"] == 20
    with pytest.raises(ValueError, match=r"`data\.leave_out` must be one of two groups or more"):
        multicnn.evaluate(made, source, settings=[settings[0], "data.leave_out=nobody"])


@pytest.mark.parametrize(("split", "rows"), [(None, [1, 2, 3]), ("test", [1, 2, 3]), ("train", [0])])
def test_the_examples_of_a_split_are_measured(split, rows, table):
    predictor = multicnn.load(ARTEFACT)
    found = multicnn.evaluate(predictor, table, split=split)
    predicted = [said.label for said in predictor.predict([ROWS[row][0] for row in rows])]
    true = [ROWS[row][1] for row in rows]
    assert found.metrics["accuracy"] == pytest.approx(accuracy_score(true, predicted))
    assert found.metrics["n"] == len(rows) and found.metrics["bad"] == 2
    assert found.confusion().tolist() == confusion_matrix(true, predicted, labels=predictor.labels).tolist()


def test_data_are_looked_for_in_their_home(table, monkeypatch):
    monkeypatch.setenv("MULTICNN_DATA", str(table.parent))
    assert multicnn.evaluate(ARTEFACT, "texts.csv").metrics["n"] == 3


def test_no_usable_example_is_told(tmp_path):
    pd.DataFrame([("a text", "numpy")], columns=["text", "label"]).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match="'numpy' is not one of the predictor's labels"):
        multicnn.evaluate(ARTEFACT, tmp_path / "t.csv")


def test_that_the_network_has_learned_from_the_data_is_told(tmp_path, monkeypatch, caplog):
    for name in ("trained.csv", "other.csv"):
        (tmp_path / name).write_text("text,label\n" + "".join(f"text {i},{i % 2}\n" for i in range(30)))
    monkeypatch.chdir(tmp_path)
    made = multicnn.train("trained.csv", "run", epochs=1, embedding_dims=4, arguments={"filters": 2})
    for data, is_told in [("trained.csv", True), (tmp_path / "trained.csv", True), ("other.csv", False)]:
        caplog.clear()
        assert multicnn.evaluate(made, data).metrics["n"] == 30 == made.evaluate(data)["n"]
        assert ["were used for training" in line for line in caplog.messages] == [True, True] * is_told
    assert made.evaluate("trained.csv", split="test") == multicnn.evaluate(made, "trained.csv", split="test").metrics
