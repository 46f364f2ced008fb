"""What stands in history.csv."""

import csv

import keras
import numpy as np
from support.loops import loop_of

from multicnn.blocks import dense, network
from multicnn.training.history import HistoryLog


def _loop(folder, epochs):
    keras.utils.set_random_seed(0)
    net = network(dense(2), (3,))
    net.compile(keras.optimizers.SGD(0.1), jit_compile=False)

    def batches(epoch, first):
        return iter([(np.ones((2, 3), np.float32), np.array([0, 1]))] * (epochs - epoch))

    def validate():
        return {"accuracy": 0.5, "loss": 1.0, "n": 2}

    return loop_of(net, batches, 1, folder, epochs=epochs, validate=validate, callbacks=[HistoryLog(folder)])


def test_a_row_has_the_epoch_first_and_what_was_trained_before_what_was_validated(tmp_path):
    _loop(tmp_path, 2).run()
    header, *rows = csv.reader(open(tmp_path / "history.csv"))
    measured = ["epoch", "loss", "accuracy", "val_accuracy", "val_loss"]
    assert header == [*measured, "learning_rate", "seconds", "waited"]
    assert [row[0] for row in rows] == ["1", "2"]


def test_the_rows_of_a_run_that_an_older_version_began_are_kept(tmp_path):
    began = _loop(tmp_path, 1)
    began.run()
    plain, arrays = began.checkpoints.newest()
    plain["callbacks"] = {}  # its rows were in the progress only
    began.checkpoints.save(1, 0, plain, arrays)
    (tmp_path / "history.csv").unlink()
    _loop(tmp_path, 2).run()
    assert [row["epoch"] for row in csv.DictReader(open(tmp_path / "history.csv"))] == ["1", "2"]
