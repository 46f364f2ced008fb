"""Progress bars, messages and tables of the command line."""

import logging

from multicnn.cli import tables
from multicnn.cli.tables import RichReporter


def test_messages_are_printed_without_markup_inside_the_block(capsys):
    with RichReporter() as reporter:
        reporter.log("runs/[final]/img[copy].jpg is bad: [/b]")
        logging.getLogger("multicnn").warning("see above")
    logging.getLogger("multicnn").info("later")
    lines = [line.strip() for line in capsys.readouterr().err.splitlines()]
    assert [line for line in lines if line] == ["runs/[final]/img[copy].jpg is bad: [/b]", "see above"]
    assert logging.getLogger("multicnn").level == logging.NOTSET and not logging.getLogger("multicnn").handlers


def test_the_bar_of_a_run_that_goes_on_measures_its_speed_from_there(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(tables.time, "monotonic", lambda: now[0])
    reporter = RichReporter(quiet=True)
    reporter.bars.get_time = lambda: now[0]
    (bar,) = reporter.callbacks()
    bar.set_params({"epochs": 3, "steps": 10, "batch_size": 8})
    bar.on_train_begin()
    for epoch, first in ((1, 5), (2, 0)):
        bar.on_epoch_begin(epoch)
        for batch in range(first, 10):
            bar.on_train_batch_begin(batch)
            now[0] += 0.5
            bar.on_train_batch_end(batch, {"loss": 1.0, "accuracy": 0.25})
    (task,) = reporter.bars.tasks
    assert task.completed == task.total == 30
    assert task.fields["note"] == "loss 1.000  accuracy 0.250  16 examples/s"
    assert task.description == "epoch 3/3"
