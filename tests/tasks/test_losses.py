"""The losses against their equations, with class indices, one-hot and soft targets."""

import keras
import numpy as np
import pytest
from keras import ops

from multicnn.tasks.losses import LOSSES, MULTILABEL, by_name, class_losses, label_losses

CLASSES = 4
rng = np.random.default_rng(0)
LOGITS = rng.normal(0, 2, (8, CLASSES))
LOGITS[5, :] = [3, 3, 3, -1]  # equal highest
INDICES = np.array([0, 1, 2, 3, 3, 1, 0, 2])
SOFT = rng.dirichlet(np.ones(CLASSES), 8)


def oracle(name, z, t, gamma=2.0, margin=1.0):
    p = np.exp(z) / np.exp(z).sum()
    sigmoid = 1 / (1 + np.exp(-z))
    if name == "cross_entropy":
        return -sum(t * np.log(p))
    if name == "squared_error":
        return sum((p - t) ** 2)
    if name == "logistic":
        return -sum(t * np.log(sigmoid) + (1 - t) * np.log(1 - sigmoid))
    if name == "focal":
        return -sum(t * (1 - p) ** gamma * np.log(p))
    others = [max(z[c] for c in range(CLASSES) if c != y) for y in range(CLASSES)]
    return sum(t[y] * max(0, margin + others[y] - z[y]) for y in range(CLASSES))


TARGETS = {
    "indices": (INDICES, np.eye(CLASSES)[INDICES]),
    "one-hot": (np.eye(CLASSES)[INDICES],) * 2,
    "soft": (SOFT, SOFT),
}


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 0.5, 3.0]])
def test_each_loss_is_its_equation(name, kind, smoothing, weights):
    given, t = TARGETS[kind]
    given = given.astype("int32" if kind == "indices" else "float32")
    smooth = t * (1 - smoothing) + smoothing / CLASSES
    expected = [oracle(name, z, row) for z, row in zip(LOGITS, smooth)]
    if weights is not None:
        expected = expected * (t @ weights)
    losses = class_losses(ops.convert_to_tensor(LOGITS.astype("float32")), given, name, smoothing, weights)
    np.testing.assert_allclose(ops.convert_to_numpy(losses), expected, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", MULTILABEL)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [np.ones(CLASSES), np.array([1.0, 2.0, 0.5, 30.0])])
def test_several_labels_are_a_question_each(name, smoothing, weights):
    several = np.random.default_rng(1).integers(0, 2, LOGITS.shape, dtype="int32")
    t = several * (1 - smoothing) + smoothing / 2
    yes, no = np.log(1 / (1 + np.exp(-LOGITS))), np.log(1 / (1 + np.exp(LOGITS)))
    expected = -(np.where(several, weights, 1) * (t * yes + (1 - t) * no)).sum(axis=1)
    z = ops.convert_to_tensor(LOGITS.astype("float32"))
    losses = label_losses(z, ops.convert_to_tensor(several), name, smoothing, weights)
    np.testing.assert_allclose(ops.convert_to_numpy(losses), expected, rtol=2e-5)
    with pytest.raises(ValueError, match="for multilabel data"):
        label_losses(z, several, "focal")


@pytest.mark.parametrize(("loss", "parameters"), [("focal", {"gamma": 0.5}), ("hinge", {"margin": 3.0})])
def test_parameters_reach_the_equation(loss, parameters):
    losses = class_losses(ops.convert_to_tensor(LOGITS.astype("float32")), INDICES, (loss, parameters))
    expected = [oracle(loss, z, t, **parameters) for z, t in zip(LOGITS, np.eye(CLASSES)[INDICES])]
    np.testing.assert_allclose(ops.convert_to_numpy(losses), expected, rtol=2e-5)


def test_focal_without_focus_is_cross_entropy():
    z = ops.convert_to_tensor(LOGITS.astype("float32"))
    plain = class_losses(z, INDICES, "cross_entropy")
    np.testing.assert_allclose(class_losses(z, INDICES, ("focal", {"gamma": 0})), plain, rtol=1e-5)


@pytest.mark.parametrize("loss", [*LOSSES, ("focal", {"gamma": 0.5})], ids=str)
def test_losses_and_their_steps_are_finite_at_large_logits(loss):
    """A step of gradient descent on logits, where the network is surely right, surely wrong and wholly unsure."""
    start = np.array([[90, -90, 0, 0], [-90, 90, 0, 0], [0, 0, 0, 0]], "float32")
    z = keras.layers.Embedding(3, CLASSES, weights=[start])
    model = keras.Sequential([keras.Input((), dtype="int32"), z])
    model.compile("sgd", lambda t, logits: class_losses(logits, t, loss))
    assert np.isfinite(model.train_on_batch(np.arange(3), np.eye(CLASSES, dtype="float32")[[0, 0, 0]]))
    moved = z.get_weights()[0]
    assert np.isfinite(moved).all()
    assert moved[2, 0] > 0 > moved[2, 1]


@pytest.mark.parametrize(
    ("loss", "words"),
    [("entropy", "squared_error"), (("focal", {"alpha": 1}), "gamma"), (("hinge", {"gamma": 1}), "margin")],
)
def test_what_cannot_be_is_named(loss, words):
    with pytest.raises(ValueError, match="Received") as error:
        by_name(loss)
    assert words in str(error.value)
