import numpy as np
import pytest
from scipy.special import expit, softmax

from multicnn.tasks.mistakes import worst_mistakes

LABELS = ["a", "b", "c"]


def test_the_mistakes_most_confident_first():
    rng = np.random.default_rng(1)
    logits, targets = rng.normal(0, 3, (80, 3)).astype(np.float32), rng.integers(0, 3, 80)
    table = worst_mistakes(logits, targets, LABELS, [f"f{i}.png" for i in range(80)], k=1000)
    probabilities, predicted = softmax(logits.astype(np.float64), axis=1), logits.argmax(axis=1)
    wrong = np.flatnonzero(predicted != targets)
    order = wrong[np.argsort(-probabilities[wrong].max(axis=1))]
    assert table["row"].tolist() == order.tolist()
    assert table["id"].tolist() == [f"f{i}.png" for i in order]
    assert table["label"].tolist() == [LABELS[t] for t in targets[order]]
    assert table["predicted"].tolist() == [LABELS[p] for p in predicted[order]]
    np.testing.assert_allclose(table["confidence"], probabilities[order].max(axis=1))
    np.testing.assert_allclose(table["label_probability"], probabilities[order, targets[order]])


def test_of_several_labels_the_surest_wrong_answer_counts():
    logits = np.float32([[9, -9, -9], [2, -3, 1], [-1, -1, -1], [4, 0.5, -0.5]])
    targets = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 1]])
    table = worst_mistakes(logits, targets, LABELS, list("wxyz"))
    assert table["id"].tolist() == ["z", "x", "y"]
    assert table["label"].tolist() == ["c", "a, b", "c"]
    assert table["predicted"].tolist() == ["a, b", "a, c", ""]
    np.testing.assert_allclose(table["confidence"], expit([4, 3, 1]))
    np.testing.assert_allclose(table["label_probability"], expit([-4, -3, -1]))


def test_at_most_k_rows_and_none_when_all_is_right():
    logits = np.eye(3, dtype=np.float32)
    assert len(worst_mistakes(logits, np.array([1, 2, 0]), LABELS, ["p", "q", "r"], k=2)) == 2
    nothing = worst_mistakes(logits, np.array([0, 1, 2]), LABELS, ["p", "q", "r"])
    assert len(nothing) == 0
    assert list(nothing.columns) == ["id", "label", "predicted", "confidence", "label_probability", "row"]


def test_order_where_every_probability_rounds_to_one_and_among_equals():
    logits = np.float32([[50, 0, 0], [90, 0, 0], [70, 0, 0], [70, 0, 0]])
    table = worst_mistakes(logits, np.ones(4, int), LABELS, list("wxyz"))
    assert table["id"].tolist() == ["x", "y", "z", "w"]
    assert table["confidence"].tolist() == [1.0] * 4


def test_ids_must_match():
    with pytest.raises(ValueError, match=r"ids must name 3 rows. Received: len\(ids\)=1"):
        worst_mistakes(np.eye(3), np.arange(3), LABELS, ["one"])
