"""A budget of time: it sets the number of epochs."""

import hashlib

import numpy as np
import pandas as pd
import pytest

import multicnn
from multicnn.training import budget
from multicnn.training.context import RunContext

X = np.random.default_rng(0).integers(0, 255, (60, 8, 8), dtype=np.uint8)
Y = np.array(["dark", "light"] * 30)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5min", 300), ("1h", 3600), ("1h30min", 5400), ("1.5 min", 90), ("2min5s", 125)]
)
def test_times(text, seconds):
    assert budget.in_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "min", "5 parsecs", "-5min", "0s", "5min1h", "nan", 5])
def test_no_times(text):
    with pytest.raises(ValueError, match=r"`budget` must be a time such as 90s, 5min or 1h30min. Received: budget="):
        budget.in_seconds(text)


@pytest.mark.parametrize(
    ("given", "resumed", "words"),
    [(["epochs"], False, "omit `epochs`"), ([], True, "is for a new run"), (["members"], False, "for one network")],
)
def test_what_else_decides_the_epochs_is_refused(given, resumed, words):
    with pytest.raises(ValueError, match=rf"`budget` .*{words}.*Received: budget='5min'"):
        budget.check("5min", given, resumed, RunContext())


def test_a_call_with_both_is_refused_before_the_data_are_read():
    with pytest.raises(ValueError, match="omit `epochs`"):
        multicnn.train("nothing", budget="5min", epochs=3)


@pytest.mark.slow
def test_a_run_takes_its_time_and_resumes_to_the_same_bits(tmp_path):
    made = multicnn.train((X, Y), tmp_path / "run", model="linear", budget="5s", settings=["batch_size=8"])
    seconds = pd.read_csv(tmp_path / "run" / "history.csv")["seconds"]
    assert len(seconds) == made.recipe["epochs"] > 10 and seconds.median() * len(seconds) < 10
    (tmp_path / "run" / "model.keras").unlink()
    again = multicnn.train((X, Y), resume=tmp_path / "run")
    shas = [
        hashlib.sha256(b"".join(w.tobytes() for w in each.network.get_weights())).hexdigest() for each in (made, again)
    ]
    assert shas[0] == shas[1]
