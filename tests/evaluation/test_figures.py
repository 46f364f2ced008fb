import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from multicnn.evaluation.figures import confusion_matrix, learning_curves


def history(epochs):
    epoch = np.arange(1, epochs + 1)
    falling = np.exp(-epoch / 8.0)
    return pd.DataFrame(
        {
            "epoch": epoch,
            "loss": falling,
            "accuracy": 1 - falling,
            "val_loss": falling + 0.1,
            "val_accuracy": 0.9 - falling,
            "seconds": 1.0,
        }
    )


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def touches_the_edge(picture):
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    return (border != 255).any()


@pytest.mark.parametrize("epochs", [1, 2, 60])
def test_learning_curves_of_any_length(tmp_path, epochs):
    path = learning_curves(history(epochs), tmp_path / "curves.png")
    assert path == tmp_path / "curves.png"
    assert not touches_the_edge(pixels(path))


@pytest.mark.parametrize(
    "columns", [["epoch", "loss"], ["epoch", "accuracy", "val_accuracy"], ["epoch", "val_loss"], list(history(1))]
)
def test_learning_curves_of_what_there_is(tmp_path, columns):
    history(5)[columns].to_csv(tmp_path / "history.csv", index=False)
    picture = pixels(learning_curves(tmp_path / "history.csv", tmp_path / "curves.png"))
    panels = len({column.removeprefix("val_") for column in columns} & {"loss", "accuracy"})
    assert (picture.shape[1] > picture.shape[0] * 2) == (panels == 2)


def test_learning_curves_with_epochs_that_were_not_validated_or_diverged(tmp_path):
    table = history(6)
    table.loc[[0, 2], ["val_loss", "val_accuracy"]] = np.nan
    table.loc[4, "loss"] = np.inf
    learning_curves(table, tmp_path / "curves.png")
    table[["val_loss", "val_accuracy"]] = np.nan
    learning_curves(table, tmp_path / "curves.png")


@pytest.mark.parametrize("table", [history(0), history(3)[["loss"]], history(3)[["epoch", "seconds"]]])
def test_a_history_without_curves_is_refused(tmp_path, table):
    with pytest.raises(ValueError, match=r"history must have .* Received: columns="):
        learning_curves(table, tmp_path / "curves.png")


@pytest.mark.parametrize("classes", [1, 2, 10, 31, 100, 130])
def test_confusion_matrices_of_any_size_lie_inside_their_picture(tmp_path, classes):
    matrix = np.random.default_rng(0).integers(0, 50, (classes, classes)) + 500 * np.eye(classes, dtype=int)
    names = [f"category number {i}" for i in range(classes)]
    picture = pixels(confusion_matrix(matrix, names, tmp_path / "matrix.png"))
    assert not touches_the_edge(picture)
    assert max(picture.shape) < 2600


def test_cells_are_coloured_by_the_share_of_their_row(tmp_path):
    # Both rows are split 3 to 1; the second class is a hundred times rarer.
    matrix = np.array([[300, 100], [1, 3]])
    picture = pixels(confusion_matrix(matrix, ["a", "b"], tmp_path / "matrix.png")).reshape(-1, 3)
    colours, counts = np.unique(picture, axis=0, return_counts=True)
    cells = counts[np.argsort(-counts)][1:3]  # after the white paper, two colours of two cells each
    assert cells[0] == pytest.approx(cells[1], rel=0.1)
    assert len(colours) > 2


def test_names_are_taken_literally_and_a_class_without_examples_is_allowed(tmp_path):
    warnings.simplefilter("error")
    names = ["$5", "猫", "a_$b$", "<&>", "очень длинное название этого класса, длиннее некуда"]
    matrix = np.diag([5, 0, 7, 1, 2])
    confusion_matrix(matrix, names, tmp_path / "matrix.png")


def test_a_matrix_of_another_size_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"matrix must be \(3, 3\).* Received: matrix.shape=\(2, 2\)"):
        confusion_matrix(np.eye(2, dtype=int), ["a", "b", "c"], tmp_path / "matrix.png")


def test_settings_and_backend_of_the_caller_are_left_alone(tmp_path):
    before = dict(matplotlib.rcParams)
    learning_curves(history(3), tmp_path / "curves.png")
    confusion_matrix(np.eye(2, dtype=int), ["a", "b"], tmp_path / "matrix.png")
    assert dict(matplotlib.rcParams) == before


def test_the_same_pictures_twice(tmp_path):
    paths = [confusion_matrix(np.eye(3, dtype=int), ["a", "b", "c"], tmp_path / name) for name in ("1.png", "2.png")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
