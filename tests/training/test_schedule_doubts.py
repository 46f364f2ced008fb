import numpy as np
import pytest

from multicnn.recipe import Optimizer, Recipe, Start
from multicnn.training import setup
from multicnn.training.schedule_doubts import doubts


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (Recipe(), []),
        (Recipe(epochs=5, optimizer=Optimizer(warmup_epochs=4.9)), []),
        (Recipe(epochs=5, optimizer=Optimizer(warmup_epochs=5)), ["optimizer.warmup_epochs=5 takes the 5 epochs"]),
        (Recipe(epochs=1, optimizer=Optimizer(warmup_epochs=2.5)), ["optimizer.warmup_epochs=2.5 takes the one epoch"]),
        (
            Recipe(epochs=3, start=Start(path="x.keras", freeze_until="conv1", unfreeze_every=3)),
            ["start.unfreeze_every=3 is not reached"],
        ),
    ],
)
def test_what_does_not_fit_into_the_epochs_is_reported(recipe, expected):
    messages = [each.message for each in doubts(recipe, recipe.epochs)]
    assert len(messages) == len(expected)
    assert all(message.startswith(start) for message, start in zip(messages, expected, strict=True))


def test_nobody_is_warned_of_what_nobody_set(tmp_path):
    weights = tmp_path / "weights.npz"
    np.savez(weights, **{"conv/kernel": np.zeros((3, 3))})
    recipe, manifest = setup.settled("digits", [f"start.path={weights}", "model=lenet5", "epochs=1"], {})
    assert recipe.optimizer.warmup_epochs == 1 and not manifest.remarks


def test_the_run_reports_it():
    _, manifest = setup.settled("digits", ["optimizer.warmup_epochs=3"], {"epochs": 2})
    assert "warm-up" in [remark.name for remark in manifest.remarks]
