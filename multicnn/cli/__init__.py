"""The command line. Nothing heavy is imported before a verb runs, so that `multicnn --help` is instant."""

from __future__ import annotations

import os
import sys

import typer

from multicnn.cli import data, explain, networks, predictors, training, transfer, words
from multicnn.cli.quiet import import_tensorflow_silently
from multicnn.utils.signals import unwind

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Train, measure and use convolutional networks for pictures, recordings and texts.",
)
for command in (
    *(training.demo, training.train, training.crossval, training.find_rate),
    *(transfer.features, transfer.transfer_curves),
    *(data.doctor, data.preview),
    *(predictors.evaluate, predictors.predict),
    explain.explain,
    *(networks.models, networks.inspect),
):
    app.command()(command)
app.add_typer(words.app, name="words")


def main() -> None:
    """Run the command line; a user's mistake prints one line and exits 2, Ctrl-C exits 130 (Typer sees to it), SIGTERM 143."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's chatter is not for users
    import_tensorflow_silently()
    unwind()
    try:
        app()
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (ValueError, TypeError, OSError) as error:
        if os.environ.get("MULTICNN_TRACEBACK"):
            raise
        _complain(str(error))
        sys.exit(2)


def _complain(message: str) -> None:
    print(f"multicnn: {' '.join(message.split())}", file=sys.stderr)
