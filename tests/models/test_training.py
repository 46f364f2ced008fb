"""Training works: each beats the linear model that every run is compared with, on examples that no choice was made on.

Small networks and short runs, as two cores allow. Each row's comment says what was measured: its accuracy | the linear model's.
"""

import pytest

import multicnn
from multicnn.models import MODELS
from multicnn.recipe import Recipe

pytestmark = pytest.mark.slow


def falling(rate, name="adam"):
    return {"optimizer": {"name": name, "learning_rate": rate, "schedule": "cosine"}}


MOVED = {"shift": 3, "rotation": 10, "scale": 0.1}
TEXTS = {"data": {"path": "docstrings"}, "augment": {"word_dropout": 0.2}, "label_smoothing": 0.1, "epochs": 10}

ARCHITECTURES = {
    "lenet5": {  # .992 | .975
        "preprocess": {"sense": "image", "size": [28, 28]}, "augment": MOVED, "epochs": 20, **falling(3e-3)
    },
    "vgg_small": {  # .989 | .970
        "arguments": {"width": 16, "dropout": 0.1}, "augment": {"shift": 1}, "epochs": 25, **falling(3e-3)
    },
    "resnet20": {"arguments": {"width": 8}, "augment": {"shift": 1}, "epochs": 12, **falling(5e-3)},  # .978 | .970
    "textcnn": {**TEXTS, "embedding": {"kind": "nonstatic", "vectors": "skipgram"}},  # .638 | .613
    "dcnn": {**TEXTS, "preprocess": {"sense": "text", "level": "subwords"}, "embedding_dims": 48},  # .617 | .613
}  # fmt: skip


def metrics_of(folder, **fields):
    """The metrics of a run; on the embedded digits if the fields say no other data."""
    return multicnn.train(Recipe.from_dict({"data": {"path": "digits"}, **fields}), folder / "run").metrics


def beats_the_linear_model(metrics):
    return metrics["test"]["accuracy"] > metrics["linear_baseline"]["accuracy"]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_beats_a_linear_model(name, tmp_path):
    assert name in MODELS
    assert beats_the_linear_model(metrics_of(tmp_path, model=name, **ARCHITECTURES[name]))


def test_a_network_of_zeros_learns_nothing(tmp_path):
    fields = {**ARCHITECTURES["lenet5"], "initializer": "zeros", "epochs": 2}
    metrics = metrics_of(tmp_path, model="lenet5", **fields)
    # Ten classes: all kernels have the same gradient, none, and only the last bias learns.
    assert metrics["test"]["accuracy"] < 0.15 < metrics["linear_baseline"]["accuracy"]
