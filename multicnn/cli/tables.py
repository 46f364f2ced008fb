"""Progress bars and tables of the command line."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from multicnn.cli.long_tables import MOST_CLASSES, shortened
from multicnn.cli.printing import printable
from multicnn.evaluation.doctor import Diagnosis
from multicnn.evaluation.evaluate import Evaluation
from multicnn.evaluation.inspect import Inspection
from multicnn.predictor import Predictor
from multicnn.tasks.intervals import bounds_in, interval_in_words, with_own_interval
from multicnn.training.cross_validation import CrossValidation
from multicnn.training.dry_run import DryRun
from multicnn.utils.reporter import LOGGER, Reporter

Logs = Mapping[str, float] | None  # what Keras hands to callbacks

_UNKNOWN = "not known"
_STARVED = 0.05  # of the time of the steps
_REDRAW_SECONDS = 0.2  # not at each step: reading the loss waits for it


class RichReporter(Reporter):
    """Prints messages, and draws reading and training as bars with loss, accuracy, speed and time left, on standard error.

    Args:
        quiet: Print and draw nothing.
    """

    def __init__(self, quiet: bool = False):
        self.console = Console(stderr=True, quiet=quiet)
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self.console,
        )
        self.task: TaskID | None = None
        self._handler, self._level = _ConsoleHandler(self.console), logging.NOTSET

    def __enter__(self) -> RichReporter:
        self._level = LOGGER.level
        LOGGER.addHandler(self._handler)
        LOGGER.setLevel(logging.INFO)
        return self

    def __exit__(self, *error: object) -> None:
        LOGGER.setLevel(self._level)
        LOGGER.removeHandler(self._handler)
        if self.bars.live.is_started:
            self.bars.stop()

    def add_bar(self, title: str, total: int) -> TaskID:
        """Return a new bar. Nothing is drawn before the first, so that an error stands alone."""
        self.bars.start()
        return self.bars.add_task(title, total=total, note="")

    def reading(self, done: int, total: int) -> None:
        """Draw a bar of the examples that have been read."""
        if self.task is None:
            self.task = self.add_bar("reading", total)
        self.bars.update(self.task, completed=done, total=total)
        if done >= total:
            self.bars.remove_task(self.task)
            self.task = None

    def callbacks(self) -> Sequence[keras.callbacks.Callback]:
        """Return the callback that draws the bar of the training."""
        return [_Bar(self)]

    def finished(self, predictor: Predictor) -> None:
        """Print a table of the metrics of a trained predictor."""
        splits = {
            name: values for name, values in predictor.metrics.items() if isinstance(values, dict) and "n" in values
        }
        names = list(dict.fromkeys(key for values in splits.values() for key in values if key not in _beside(values)))
        rows = [
            [split, values["n"], *(_own_metric(name, values) for name in names)] for split, values in splits.items()
        ]
        show_table("", ["", "examples", *(name.replace("_f1", " F1") for name in names)], rows, self.console)


_OF_THE_EPOCH = ("epoch", "learning_rate", "seconds", "waited")  # of a row of history.csv, beside the metrics


def _beside(measured: Mapping[str, Any]) -> set[str]:
    """Return the names that are no columns of the table of metrics."""
    return {"n", "model"} | bounds_in(measured)


class _ConsoleHandler(logging.Handler):
    def __init__(self, console: Console):
        super().__init__(logging.INFO)
        self.console = console

    def emit(self, record: logging.LogRecord) -> None:
        self.console.print(printable(record.getMessage()), highlight=False, markup=False)


class _Bar(keras.callbacks.Callback):
    """The progress bar of the training."""

    def __init__(self, reporter: RichReporter):
        super().__init__()
        self.reporter, self.drawn = reporter, 0.0

    def on_train_begin(self, logs: Logs = None) -> None:
        total = self.params["epochs"] * self.params["steps"]
        self.task = self.reporter.add_bar("training", total)
        self.started = False

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        if not self.started:  # a resumed run starts in the middle, and its speed is measured from there
            self.started = True
            self.reporter.bars.reset(self.task, completed=self.epoch * self.params["steps"] + batch)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        logs = logs or {}
        now = time.monotonic()
        if now - self.drawn < _REDRAW_SECONDS:
            return
        self.drawn = now
        done = self.epoch * self.params["steps"] + batch + 1
        speed = next(task.speed for task in self.reporter.bars.tasks if task.id == self.task) or 0.0
        examples = f"{speed * self.params['batch_size']:,.0f} examples/s"
        note = "  ".join([*(f"{name} {value:.3f}" for name, value in logs.items()), examples])
        title = f"epoch {self.epoch + 1}/{self.params['epochs']}"
        self.reporter.bars.update(self.task, completed=done, description=title, note=note)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        logs = logs or {}
        trained = [name for name in logs if name not in _OF_THE_EPOCH and not name.startswith("val_")]
        columns = [f"epoch {epoch + 1:>3}", *(f"{name} {logs[name]:.4f}" for name in trained)]
        columns += [f"val {name} {logs[f'val_{name}']:.4f}" for name in trained if f"val_{name}" in logs]
        columns.append(f"{logs['seconds']:.1f} s")
        if logs["waited"] > _STARVED:
            columns.append(f"(the network waited {logs['waited']:.0%} of its time for data)")
        self.reporter.log("  ".join(columns))

    def on_train_end(self, logs: Logs = None) -> None:
        self.reporter.bars.remove_task(self.task)


def show_evaluation(evaluation: Evaluation) -> None:
    """Print the metrics, the tables of the task and, where each example has one class, the confusion matrix."""
    metrics = evaluation.metrics
    numbers = {name: _own_metric(name, metrics) for name in metrics if name not in bounds_in(metrics)}
    show_table("", list(numbers), [list(numbers.values())])
    for name, table in evaluation.tables().items():
        rows = [
            [label, *(_metric(column, row[column], row.get("support", 0)) for column in table.columns)]
            for label, row in shortened(table).iterrows()
        ]
        show_table(name.replace("_", " "), [str(table.index.name or ""), *table.columns], rows)
    task = evaluation.manifest.task
    matrix = task.confusion(evaluation.logits, evaluation.targets)
    if matrix is not None and len(matrix) <= MOST_CLASSES:
        rows = [[label, *row] for label, row in zip(task.labels, matrix.tolist())]
        show_table("confusion: true class down, predicted across", ["", *task.labels], rows)


def show_crossval(validation: CrossValidation) -> None:
    """Print a row for each fold, and the mean and standard deviation."""
    table, numbers = validation.table(), validation.numbers
    main = numbers[0]
    rows = [
        [
            name,
            *(_metric(main if column == "linear" else column, row[column], row["n"]) for column in table.columns[:-1]),
            row["saved"],
        ]
        for name, row in table.iterrows()
    ]
    summary = validation.summary()
    test, linear = summary["test"], summary.get("linear_baseline", {})
    for kind in ("mean", "std"):
        means = (_number(test[f"{number}_{kind}"]) for number in numbers)
        rows.append([kind, "", *means, _number(linear.get(f"{main}_{kind}")), ""])
    n = int(table["n"].sum())
    own, other = (_metric(main, split.get(f"{main}_of_all"), n) for split in (test, linear))
    rows.append(["all together", f"{n:g}", own, *[""] * (len(numbers) - 1), other, ""])
    names = (number.replace("_f1", " F1") for number in numbers)
    show_table("test sets", ["fold", "examples", *names, "linear baseline", "saved"], rows)


def show_diagnosis(diagnosis: Diagnosis) -> None:
    """Print the counts, the scores and the findings, the issues first."""
    counts = diagnosis.examination.counts
    rows = [[name, *map(_number, row)] for name, row in zip(counts.index, counts.to_numpy())]
    show_table("examples", ["class", *counts.columns], rows)
    metric = diagnosis.metric
    scores = [
        [row["guess"], row["split"], _metric(metric, row[metric], row["n"]), row["n"]] for row in diagnosis.scores()
    ]
    show_table("scores without a network", ["guess", "split", metric, "examples"], scores)
    console = Console()
    for finding in diagnosis.examination.findings:
        mark = "!" if finding.decision else " "
        console.print(printable(f"{mark} {finding.name}: {finding.message}"), highlight=False, markup=False)
    if diagnosis.listed is not None:
        line = printable(f"every example of these findings: {diagnosis.listed}")
        console.print(line, highlight=False, markup=False, soft_wrap=True)  # a path is copied whole
    verdict = "no issue needs your attention" if diagnosis.clean else "! needs your attention"
    console.print(
        printable(f"{verdict}; the page with examples: {diagnosis.page}"), highlight=False, markup=False, soft_wrap=True
    )


def _shown(number: float | None, style: str) -> str:
    return _UNKNOWN if number is None else format(number, style)


def show_inspection(model: str, table: Inspection) -> None:
    """Print a row for each stage and one for the network."""
    rows = [
        [
            row["stage"],
            " x ".join("?" if n is None else f"{n:,}" for n in row["output"]),
            row["receptive_field"] or _UNKNOWN,
            _UNKNOWN if row["stride"] is None else " x ".join(f"{n:g}" for n in row["stride"]),
            f"{row['parameters']:,}",
            f"{row['parameters_share']:.1%}",
            _shown(row["multiply_adds"], ","),
            _shown(row["multiply_adds_share"], ".1%"),
        ]
        for row in table.rows
    ]
    rows.append(["all", "", "", "", f"{table.parameters:,}", "", _shown(table.multiply_adds, ","), ""])
    columns = ["stage", "output", "receptive field", "stride", "parameters", "share", "multiply-adds", "share"]
    show_table(model, columns, rows)


def show_dry_run(measured: DryRun) -> None:
    """Print the network, and the memory and time that two steps of it took."""
    show_inspection("", measured.stages)
    rows = [
        ["examples", ", ".join(f"{n:,} {split}" for split, n in measured.examples.items())],
        ["batch", " x ".join(map(str, measured.batch))],
        ["parameters", f"{measured.parameters:,}"],
        ["weights, optimizer", f"{_size(measured.weights_bytes)}, {_size(measured.optimizer_bytes)}"],
        ["memory at its highest", "not known" if measured.peak_bytes is None else _size(measured.peak_bytes)],
        ["first step, with compiling", f"{measured.first_step_seconds:.2f} s"],
        ["a step", f"{1000 * measured.step_seconds:.1f} ms"],
        ["steps an epoch", f"{measured.steps:,}"],
        ["all training steps, about", _duration(measured.expected_seconds)],
    ]
    show_table("two steps", ["", ""], rows)


def show_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], console: Console | None = None
) -> None:
    """Print a table with numbers aligned to the right."""
    table = Table(title=escape(printable(title)) or None)
    for i, name in enumerate(columns):
        numeric = bool(rows) and i > 0 and str(rows[0][i])[:1].isdigit()
        table.add_column(escape(printable(name)), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(escape(printable(value)) for value in row))  # a class may be called [b]
    (console or Console()).print(table)


def _metric(name: str, value: float | None, n: int) -> str:
    """Return a metric of n examples, a share with its 95 % interval."""
    return _number(value) + interval_in_words(name, value, int(n))


def _own_metric(name: str, measured: Mapping[str, Any]) -> str:
    """Return one of some metrics, with its 95 % interval if it has one; "-" where it is not among them."""
    return _number(measured[name]) + with_own_interval(name, measured) if name in measured else "-"


def _number(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or "-"
    return f"{value:.4f}" if isinstance(value, float) and value % 1 else f"{value:g}"


def _size(n: int) -> str:
    return f"{n / 1e9:.2f} GB" if n >= 1e9 else f"{n / 1e6:.1f} MB"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
