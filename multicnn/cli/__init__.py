"""The command line. Nothing heavy is imported before a command runs, so that `multicnn --help` is instant."""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer
import typer.core

from multicnn.cli import (
    data,
    explain,
    fields,
    inside,
    networks,
    predictors,
    robustness,
    show,
    training,
    transfer,
    weights,
    words,
)
from multicnn.cli.messages import in_words_of_the_command
from multicnn.cli.printing import print_line, printable_errors
from multicnn.utils.memory import is_exhausted
from multicnn.utils.quiet import decoders, import_tensorflow_silently, keep_screen_for_python
from multicnn.utils.signals import unwind
from multicnn.version import __version__


class _Commands(typer.core.TyperGroup):
    make_context = printable_errors()(typer.core.TyperGroup.make_context)
    invoke = printable_errors()(typer.core.TyperGroup.invoke)


app = typer.Typer(cls=_Commands, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
for command in (
    *(training.demo, training.train, training.crossval, training.find_rate),
    *(transfer.features, transfer.transfer_curves),
    *(data.doctor, data.preview),
    *(predictors.evaluate, predictors.predict),
    robustness.robustness,
    explain.explain,
    *(inside.filters, inside.feature_map, inside.maximize, inside.invert),
    *(networks.models, networks.inspect, weights.weights, fields.fields),
):
    app.command()(command)
app.add_typer(words.app, name="words")
app.add_typer(show.app, name="show")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"multicnn {__version__}")
        raise typer.Exit


@app.callback()
def multicnn(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Train, measure and use convolutional networks for images, audio and text."""


def main() -> None:
    """Run the command line.

    A user's mistake prints one line and exits with 2, Ctrl-C exits with 130 (Typer does that), SIGTERM with 143.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # hide TensorFlow's messages from users
    import_tensorflow_silently()
    keep_screen_for_python()
    unwind()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a locale may lack the letters of a label
            stream.reconfigure(errors="backslashreplace")
    try:
        with decoders():
            app()
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (ValueError, TypeError, OSError) as error:
        if os.environ.get("MULTICNN_TRACEBACK"):
            raise
        message = in_words_of_the_command(str(error), typer.main.get_command(app), sys.argv[1:])
        print_line(f"multicnn: {' '.join(message.split())}", error=True)
        sys.exit(2)
    except Exception as error:
        if not is_exhausted(error):
            raise
        first = (str(error) or type(error).__name__).splitlines()[0]
        print_line(f"multicnn: the memory is too small ({first}): take fewer or smaller examples", error=True)
        sys.exit(2)
