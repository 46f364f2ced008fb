"""The diagnosis of a run from what was measured of it."""

import dataclasses
import json
import re

import numpy as np
import pytest
from typer.main import get_command

from multicnn.cli import app
from multicnn.recipe import Recipe
from multicnn.training.diagnoses import diagnose, verdict
from multicnn.training.diagnoses.evidence import Evidence

FALLING, FLAT, RISING = [2.0, 1.5, 1.2, 1.0], [2.0, 1.0, 0.999, 0.998], [2.0, 1.0, 1.1, 1.3]


def metrics(accuracy, n=1000, **more):
    return {"accuracy": accuracy, "loss": 1.0, "macro_f1": 0.9 * accuracy, "n": n, **more}


def measured(train, val=None, linear=None, n=1000, test=None):
    numbers = {"train": train, "val": val, "linear_baseline": linear, "test": test}
    return {name: metrics(value, n) for name, value in numbers.items() if value is not None}


def evidence(numbers, losses=FLAT, health=None, recipe=None, counts=None, **more):
    """The evidence of a run of ten equal classes whose training loss falls as that of validation does."""
    history = [{"loss": loss, "val_loss": loss, "val_accuracy": 1 / loss, "learning_rate": 0.0} for loss in losses]
    own = {"optimizer": {"learning_rate": 0.01, "schedule": "cosine"}, **(recipe or {})}
    recipe = Recipe(loss="cross_entropy", monitor="accuracy", epochs=len(losses) or 1, **own)
    counts = counts or {"train": {str(label): 100 for label in range(10)}}
    majority = {split: 0.1 for split in ("train", "val", "test")}
    more = {"majority": majority, **more}
    given = {"recipe": recipe, "measured": numbers, "history": history, "health": health or {}, "counts": counts}
    return Evidence(metric="accuracy", direction="max", **given, **more)


@pytest.mark.parametrize(
    ("numbers", "losses", "words"),
    [
        (measured(0.99, 0.80), RISING, "overfitting"),
        (measured(0.99, 0.80), FALLING, "overfitting"),
        (measured(0.99, 0.97), RISING, "neither"),
        (measured(0.99, 0.90, n=20), RISING, "small validation set"),  # two of twenty say little
        (measured(0.60, 0.60, linear=0.9), FLAT, "underfitting"),
        (measured(0.90, 0.90, linear=0.9), FLAT, "neither"),
        (measured(0.90, 0.90, linear=0.99, test=0.90), FLAT, "underfitting"),
        (measured(0.978, 1.0, linear=1.0, test=1.0, n=60), FLAT, "neither"),  # on the same examples as good
        (measured(0.90, 0.90, linear=0.99, test=0.93, n=60), FLAT, "neither"),  # within the intervals
        (measured(0.90, 0.89), FALLING, "still falling"),
        (measured(0.90, 0.89), [1.0], "neither"),
        (measured(0.996, 0.99), FALLING, "neither"),
        (measured(0.90), [], "without validation"),
    ],
)
def test_the_fit(numbers, losses, words):
    given = evidence(numbers, losses)
    said = verdict(given, diagnose(given))
    assert words in said
    assert said.startswith(words) or words == "still falling"
    assert "\n" not in said


def layers(**columns):
    """The rows of an epoch by layer, from a list for each column."""
    names = [f"layer{i}" for i in range(len(next(iter(columns.values()))))]
    return {name: {column: values[i] for column, values in columns.items()} for i, name in enumerate(names)}


SOUND = {
    "spread": [1.0] * 4,
    "scale": [1.4] * 4,
    "moved": [0.5] * 4,
    "dead": [0.0] * 4,
    "gradient_norm": [0.1, 0.2, 0.3, 0.4],
}


def health(first=None, **last):
    """The health of four layers at the start and after epochs 1 and 4, sound but for the columns that are given."""
    start = {name: values for name, values in (SOUND | (first or {})).items() if name in ("spread", "scale", "moved")}
    return {0: layers(**start), 1: layers(**(SOUND | last)), 4: layers(**(SOUND | last))}


UNLEARNED = measured(0.11, 0.1)
SLOW = [2.31, 2.302, 2.301, 2.3005]  # of ten classes, by which nothing is known
LOADED = {"start": {"path": "weights.npz"}}
DEAD = {"dead": [0.1, 0.9, 0.95, 0.0]}
CASES = {
    "identical units": (health({"spread": [0, 0, 0, 0]}, spread=[0, 0.001, 0, 0.9]), {}),
    "initial weights too large": (health({"scale": [40, 50, 60, 30]}), {}),
    # A narrow char_cnn_small with the initial weights of its paper, which are meant for 256 channels.
    "initial weights too small": (
        health({"scale": [1.3, 0.35, 0.33, 0.4]}, gradient_norm=[2.5e-7, 1e-3, 0.04, 0.23]),
        {},
    ),
    "learning rate too high": (health(**DEAD, moved=[3, 4, 5, 1]), {}),
    "loaded features destroyed": (health(**DEAD, moved=[3, 4, 5, 1]), {"recipe": LOADED}),
    "dead units": (health(**DEAD, moved=[0, 0, 0, 0.1]), {}),
    "saturated units": (health(saturated=[0.9, 0.1, 0.1, 0.1]), {}),
    "exploding gradients": (health(gradient_norm=[1e4, 1e3, 10, 1]), {}),
    # The ratio of ten layers of sigmoids.
    "vanishing gradients": (health(gradient_norm=[1e-5, 1e-3, 0.1, 0.62]), {}),
    "learning rate too low": (health(moved=[1e-4] * 4), {"losses": [2.31, 2.308, 2.306, 2.304]}),
}


@pytest.mark.parametrize(("rows", "more"), CASES.values(), ids=CASES)
def test_the_cause_is_named_before_what_follows_from_it(rows, more, request):
    name = request.node.callspec.id
    numbers = {**UNLEARNED, "train": metrics(0.11, loss=2.3)}
    given = evidence(numbers, **{"losses": SLOW, **more}, health=rows)
    found = diagnose(given)
    assert found[0].name == name
    assert all(np.isfinite(list(cause.evidence.values())).all() and cause.evidence for cause in found)
    assert verdict(given, found).startswith(f"{name}: ")
    # What has learned all the same has no such fault, and neither has one that shows nothing odd.
    assert not diagnose(dataclasses.replace(given, measured=measured(0.97, 0.96)))
    assert (
        not {cause.name for cause in diagnose(dataclasses.replace(given, health=health(), history=FLAT_HISTORY))}
        & CASES.keys()
    )


FLAT_HISTORY = [
    {"loss": loss, "val_loss": 1.0, "val_accuracy": 0.5, "learning_rate": 0.01} for loss in (0.7, 0.65, 0.64, 0.64)
]


def test_a_real_network_whose_loaded_features_were_destroyed():
    """SqueezeNet with ImageNet's weights on 72 photographs of two classes, two epochs of Adam at its usual rate, nothing frozen."""
    rows = {
        "conv1.conv": {"spread": 0.999, "moved": 0.010, "gradient_norm": 0.093},
        "fire9.concat.1.conv": {"spread": 0.949, "moved": 0.020, "gradient_norm": 0.376},
        "fire9.concat.2.conv": {"spread": 0.964, "moved": 0.049, "gradient_norm": 0.417},
        "fire9.concat.1.conv.activation": {"dead": 0.871},
        "fire9.concat.2.conv.activation": {"dead": 0.894},
        "conv10.conv": {"spread": 0.751, "moved": 0.035, "gradient_norm": 0.357},
        "conv10.conv.activation": {"dead": 0.0},
    }
    start = {name: {**row, "moved": 0.0} for name, row in rows.items() if "spread" in row}
    counts = {"train": {"a": 36, "b": 36}, "val": {"a": 14, "b": 14}}
    numbers = {"train": metrics(0.5, 72), "val": metrics(0.5, 28), "linear_baseline": metrics(27 / 28, 28)}
    given = evidence(numbers, [1.747, 0.691], {0: start, 1: rows}, recipe=LOADED, counts=counts)
    first, *others = diagnose(given)
    assert first.name == "loaded features destroyed"
    assert "the training loss was 1.75, where guessing has 0.693" in first.message
    assert "89% of the units of layer 'fire9.concat.2.conv.activation' were dead after epoch 1" in first.message
    assert "dead units" in {cause.name for cause in others}


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([5e4, 300.0, 40.0, 3.0], "the training loss was 5e+04, where guessing has 2.3"),
        ([2.3, 1.5, 1.8, 1.5, 1.9], "the training loss rose in 2 of 4 epochs"),
        ([2.3, 2.1, 2.3, 2.1, 2.2], None),  # by less than a tenth of guessing
    ],
)
def test_a_loss_that_goes_up(losses, words):
    causes = diagnose(evidence(UNLEARNED, losses, health()))
    assert (causes[0].name == "learning rate too high") == (words is not None)
    assert words is None or (words in causes[0].message and "--set optimizer.learning_rate=0.001" in causes[0].message)


@pytest.mark.parametrize(
    ("optimizer", "rate", "tenth"),
    [({"learning_rate": 0.5, "schedule": "cosine"}, "0.5", "0.05"), ({"name": "adamax"}, "0.002", "0.0002")],
)
def test_the_rate_that_was_too_high_is_that_of_the_recipe_and_not_where_its_schedule_ended(optimizer, rate, tenth):
    first, *_ = diagnose(evidence(UNLEARNED, [5e4], health(), recipe={"optimizer": optimizer}))
    assert f"the learning rate was {rate}: try --set optimizer.learning_rate={tenth}, " in first.message


def test_what_destroys_loaded_weights_is_not_that_nothing_was_frozen_where_a_stage_was():
    recipe = {"start": {"path": "weights.npz", "freeze_until": "layer0"}}
    (first, *_) = diagnose(evidence(UNLEARNED, health=health(**DEAD, moved=[3, 4, 5, 1]), recipe=recipe))
    assert first.name == "learning rate too high"


COUNTS = {"train": {"a": 500, "b": 500}, "val": {"a": 600, "b": 400}, "test": {"a": 100, "b": 0}}
CUT = {"cut": 0.8, "length_field": "preprocess.seconds", "length": 0.5}
ONE = {"train": metrics(0.5), "val": metrics(0.6, macro_f1=0.375)}  # 2 x .6 / 1.6 / 2


@pytest.mark.parametrize(
    ("name", "words", "numbers", "more"),
    [
        ("window too short", "80% of the training examples", measured(0.9, 0.7), CUT),
        ("nothing learned", "accuracy 11.0% on training", measured(0.11, 0.1), {}),
        ("nothing learned that holds", "accuracy 90.0% on training", measured(0.9, 0.11), {}),
        (
            "one answer to everything",
            "'a' is predicted for all 1,000 validation",
            ONE,
            {"counts": COUNTS, "losses": [0.69, 0.68, 0.68]},
        ),
        ("small validation set", "20 validation examples", {"train": metrics(0.9), "val": metrics(0.9, 20)}, {}),
        ("classes without test examples", "1 of 2 (b)", measured(0.9, 0.9), {"counts": COUNTS}),
    ],
)
def test_causes_in_the_data(name, words, numbers, more):
    found = {cause.name: cause for cause in diagnose(evidence(numbers, **more))}
    assert words in found[name].message
    sound = dataclasses.replace(evidence(measured(0.97, 0.96)), cut=0.4, length_field="preprocess.seconds")
    assert name not in {cause.name for cause in diagnose(sound)}


def test_a_linear_baseline_that_knows_more_acquits_the_labels():
    assert "nothing learned that holds" in {cause.name for cause in diagnose(evidence(measured(0.9, 0.11)))}
    assert "nothing learned that holds" not in {c.name for c in diagnose(evidence(measured(0.9, 0.11, linear=0.8)))}


@pytest.mark.parametrize(
    ("patience", "losses", "stopped"), [(2, RISING[1:], True), (2, FALLING, False), (None, RISING[1:], False)]
)
def test_early_stopping_after_the_first_epoch(patience, losses, stopped):
    given = evidence(measured(0.7, 0.7), losses, recipe={"patience": patience})
    given = dataclasses.replace(given, recipe=dataclasses.replace(given.recipe, epochs=50))
    assert ("stopped after the first epoch" in {cause.name for cause in diagnose(given)}) == stopped


def test_every_remedy_is_a_command_an_option_or_a_field_that_exists():
    """All the messages above: what stands behind --set, the commands in quotes, and the options of train."""
    said = set()
    for rows, more in CASES.values():
        said |= {cause.message for cause in diagnose(evidence(UNLEARNED, **{"losses": FLAT, **more}, health=rows))}
    for numbers, losses in (
        (measured(0.99, 0.8), FALLING),
        (measured(0.9, 0.89), FALLING),
        (measured(0.6, 0.6, linear=0.9), FLAT),
    ):
        said |= {cause.message for cause in diagnose(evidence(numbers, losses))}
    data = {"counts": COUNTS, **CUT}
    for numbers in (ONE, measured(0.11, 0.1), measured(0.9, 0.11), measured(0.9, 0.9, n=20), measured(0.9)):
        said |= {cause.message for cause in diagnose(evidence(numbers, **data))}
    commands = get_command(app).commands
    options = {name for parameter in commands["train"].params for name in parameter.opts}
    assert len(said) > 18
    for message in said:
        remedies = re.findall(r"`multicnn ([\w-]+)`|--set ([\w.]+)=([\w.-]*)|(?<!`)(--(?!set)[\w-]+)", message)
        assert remedies or "Try more" in message, message
        for command, field, value, option in remedies:
            assert not command or command in commands
            assert not option or option in options
            if field:
                Recipe().replaced([f"{field}={value or 2}"], modality="audio")


def test_plain_data():
    for rows, more in CASES.values():
        for cause in diagnose(evidence(UNLEARNED, **{"losses": FLAT, **more}, health=rows)):
            assert json.loads(json.dumps(dict(cause.evidence))) == cause.evidence
