"""Run the command line inside the test's own process."""

import io
import sys

import pytest

from multicnn import cli


def call(monkeypatch, capsys, *arguments, stdin=""):
    """Run `multicnn` with these arguments and return (exit code, standard output, standard error)."""
    monkeypatch.setattr(sys, "argv", ["multicnn", *map(str, arguments)])
    monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
    with pytest.raises(SystemExit) as end:
        cli.main()
    out = capsys.readouterr()
    return end.value.code or 0, out.out, out.err
