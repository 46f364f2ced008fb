"""What a terminal gets: names, labels and texts without escapes, and JSON that stays JSON."""

import io
import json

import pytest
from rich.console import Console
from support.command_line import call

from multicnn.cli import printing, tables

CASES = {
    "a\x1b[31mred": r"a\x1b[31mred",
    "bell\x07 tab\t line\nfeed\r": r"bell\x07 tab\t line\nfeed\r",
    "\x9b31m and \x7f": r"\x9b31m and \x7f",
    "exe\u202egnp.png": r"exe\u202egnp.png",
    "\u2066isolated\u2069 \u200fmark\u061c": r"\u2066isolated\u2069 \u200fmark\u061c",
    "line\u2028separator": r"line\u2028separator",
    "not UTF-8 \udcff": r"not UTF-8 \udcff",
    "größe 猫 👩‍🔬 क्‍ष [bold] C:\\x1b": "größe 猫 👩‍🔬 क्‍ष [bold] C:\\x1b",
}


@pytest.mark.parametrize(("text", "expected"), CASES.items(), ids=ascii)
def test_what_a_terminal_acts_on_is_written_out(text, expected, capsys):
    printing.print_line(text)
    printing.print_line(text, error=True)
    out = capsys.readouterr()
    assert out.out == out.err == expected + "\n"


@pytest.mark.parametrize("text", CASES, ids=ascii)
def test_json_stays_json(text, capsys):
    value = {text: [text, float("nan"), {"n": 1.5, "inf": -float("inf")}]}
    printing.print_json(value)
    out = capsys.readouterr().out
    assert json.loads(out) == {text: [text, None, {"n": 1.5, "inf": None}]}
    assert printing.printable(out.removesuffix("\n")) == out.removesuffix("\n")


def test_tables_and_messages(monkeypatch):
    written = io.StringIO()
    console = Console(file=written, width=200)
    evil = "[bold]\x1b]0;title\x07"
    tables.show_table(evil, ["", evil], [[evil, evil]], console)
    with tables.RichReporter() as reporter:
        monkeypatch.setattr(reporter.console, "file", written)
        reporter.warn(f"a file named {evil}\nand a line of its own")
    assert "\x1b" not in written.getvalue() and "\x07" not in written.getvalue()
    assert written.getvalue().count(r"[bold]\x1b]0;title\x07") == 5
    assert r"\nand a line of its own" in written.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "\x1b[31mnothing"),
        ("doctor", "evil\x1b]0;t\x07"),
        ("predict", "m\x1b.keras", "x"),
        ("\x1bcommand",),
        ("train", "a", "\x1b[2Jb"),
        ("train", "a", "--\x1b[2J"),
    ],
    ids=ascii,
)
def test_errors_repeat_what_was_typed_without_its_escapes(arguments, monkeypatch, capsys):
    code, out, err = call(monkeypatch, capsys, *arguments)
    assert code == 2
    assert "\x1b" not in out + err and "\x07" not in out + err and r"\x1b" in err
