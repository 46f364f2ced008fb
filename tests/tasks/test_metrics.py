import numpy as np
import pytest
from scipy.special import expit, log_softmax
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    f1_score,
    log_loss,
    top_k_accuracy_score,
)

from multicnn.tasks.metrics import confusion, log_probabilities, per_class, summarise


def predictions(n, classes, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, scale, (n, classes)).astype(np.float32)
    return logits, rng.integers(0, classes, n)


@pytest.mark.parametrize(
    ("n", "classes", "scale"), [(1, 2, 1.0), (7, 2, 1.0), (200, 10, 3.0), (50, 100, 1.0), (64, 5, 1e4), (9, 1, 1.0)]
)
def test_summarise_agrees_with_scikit_learn_and_scipy(n, classes, scale):
    logits, targets = predictions(n, classes, scale)
    predicted = logits.argmax(axis=1)
    result = summarise(logits, targets)
    expected_loss = -log_softmax(logits.astype(np.float64), axis=1)[np.arange(n), targets].mean()
    of_many = ["top5_accuracy"] if classes > 20 else []
    assert list(result) == ["accuracy", *of_many, "loss", "macro_f1", "n"]
    if of_many:
        assert result["top5_accuracy"] == top_k_accuracy_score(targets, logits, k=5, labels=np.arange(classes))
    assert result["accuracy"] == accuracy_score(targets, predicted)
    assert result["macro_f1"] == pytest.approx(f1_score(targets, predicted, average="macro", zero_division=0))
    assert result["loss"] == pytest.approx(expected_loss, rel=1e-12, abs=1e-15)
    assert result["n"] == n
    assert {type(value) for value in result.values()} == {float, int}


def test_of_several_labels_summarise_and_per_class_agree_with_scikit_learn():
    logits, _ = predictions(200, 4, 3.0)
    targets = np.random.default_rng(1).integers(0, 2, (200, 4))
    predicted = (logits > 0).astype(int)
    result = summarise(logits, targets)
    assert list(result) == ["accuracy", "loss", "macro_f1", "micro_f1", "n"]
    assert result["accuracy"] == accuracy_score(targets, predicted)
    assert result["macro_f1"] == pytest.approx(f1_score(targets, predicted, average="macro"))
    assert result["micro_f1"] == pytest.approx(f1_score(targets, predicted, average="micro"))
    assert result["loss"] == pytest.approx(sum(log_loss(targets[:, i], expit(logits[:, i])) for i in range(4)))
    report = classification_report(targets, predicted, target_names=list("dabc"), output_dict=True, zero_division=0)
    table = per_class(logits, targets, list("dabc"))
    assert table["f1"].to_dict() == {label: report[label]["f1-score"] for label in "dabc"}
    assert table["support"].tolist() == targets.sum(axis=0).tolist()
    with pytest.raises(ValueError, match=r"targets must be in 0\.\.1\. Received: target=2"):
        summarise(logits, targets * 2)
    with pytest.raises(ValueError, match="one class a row"):
        confusion(logits, targets, 4)


def test_loss_stays_exact_where_float32_probabilities_would_not():
    assert summarise(np.float32([[1e4, 0.0]]), np.array([1]))["loss"] == pytest.approx(1e4)
    assert summarise(np.float32([[50.0, 0.0]]), np.array([0]))["loss"] == pytest.approx(np.exp(-50.0), abs=1e-15)
    many = np.tile(np.float32([[0.1, 0.0]]), (200_000, 1))  # a float32 sum would drift
    assert summarise(many, np.zeros(200_000, int))["loss"] == pytest.approx(
        np.log1p(np.exp(-np.float64(np.float32(0.1))))
    )


def test_log_probabilities_sum_to_one_and_do_not_move_with_a_constant():
    logits, _ = predictions(20, 7, 30.0)
    np.testing.assert_allclose(np.exp(log_probabilities(logits)).sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(log_probabilities(logits + 512.0), log_probabilities(logits), atol=1e-4)


def test_per_class_agrees_with_the_classification_report():
    logits, targets = predictions(300, 4, 2.0)
    labels = ["c", "a", "10", "9"]  # in the order of the logits, whatever the alphabet says
    table = per_class(logits, targets, labels)
    report = classification_report(targets, logits.argmax(axis=1), target_names=labels, output_dict=True)
    assert list(table.index) == labels
    assert list(table.columns) == ["precision", "recall", "f1", "support"]
    for label in labels:
        expected = report[label]
        assert table.loc[label].tolist() == [
            expected["precision"],
            expected["recall"],
            expected["f1-score"],
            expected["support"],
        ]


def test_a_class_that_never_occurs_has_zeros_and_keeps_its_place():
    logits, targets = np.eye(3, dtype=np.float32)[[0, 0, 2]], np.array([0, 2, 2])
    assert per_class(logits, targets, ["x", "y", "z"]).loc["y"].tolist() == [0, 0, 0, 0]
    np.testing.assert_array_equal(confusion(logits, targets, 3), [[1, 0, 0], [0, 0, 0], [1, 0, 1]])
    assert summarise(logits, targets)["macro_f1"] == pytest.approx(2 / 3)  # over the two classes that occur


def test_confusion_agrees_with_scikit_learn():
    logits, targets = predictions(500, 6)
    matrix = confusion(logits, targets, 6)
    np.testing.assert_array_equal(matrix, confusion_matrix(targets, logits.argmax(axis=1)))
    assert matrix.dtype == np.int64


@pytest.mark.parametrize(
    ("logits", "targets", "message"),
    [
        (np.zeros((0, 3)), np.zeros(0, int), "logits must be .* Received: logits.shape="),
        (np.zeros(3), np.zeros(3, int), "logits must be"),
        (np.zeros((4, 3)), np.zeros(3, int), r"targets must be \(4,\)"),
        (np.zeros((4, 3)), np.zeros((4, 2), int), "targets must be"),
        (np.zeros((4, 3)), np.zeros(4), "targets must be integers"),
        (np.zeros((2, 3)), np.array([0, 3]), r"targets must be in 0..2. Received: target=3"),
        (np.zeros((2, 3)), np.array([-1, 0]), "Received: target=-1"),
        (np.array([[0.0, np.nan], [0.0, 1.0]]), np.array([0, 1]), "1 of 2 rows with NaN or inf"),
    ],
)
def test_what_does_not_fit_is_named(logits, targets, message):
    with pytest.raises(ValueError, match=message):
        summarise(logits, targets)


def test_labels_and_classes_must_match_the_logits():
    logits, targets = predictions(5, 3)
    with pytest.raises(ValueError, match=r"labels must name 3 classes. Received: len\(labels\)=2"):
        per_class(logits, targets, ["a", "b"])
    with pytest.raises(ValueError, match="Received: n_classes=4"):
        confusion(logits, targets, 4)
