"""What a spreadsheet would run becomes text; everything else stays."""

import csv
import io

import pandas as pd
import pytest

from multicnn.utils.spreadsheets import csv_text, harmless, shown

FORMULAS = [
    *('=HYPERLINK("http://a.example","open")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1:A9)", "\t=1+1", "\r=1+1"),
    *(" =1+1", "\n=1+1", "＝1+1", "=1", "- a list", "--", "=", "\u00a0=1+1"),
]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_becomes_text_that_still_reads_the_same(cell):
    assert harmless(cell) == "'" + cell


@pytest.mark.parametrize(
    "cell",
    ["", "cat", "a=b", "1-2", "-1", "-0.5e-3", "a\n\tb", "+7", " -3 ", "'=1", -1, 0.5, None, ("=",)],
)
def test_everything_else_stays(cell):
    assert harmless(cell) is cell


@pytest.mark.parametrize(
    "cell, written",
    [("\x1b[31mcat\x07", r"\x1b[31mcat\x07"), ("a\x9b2J\x00", r"a\x9b2J\x00"), ("=\x1b]0;t", r"'=\x1b]0;t")],
)
def test_what_acts_on_a_terminal_is_written_out(cell, written):
    assert harmless(cell) == written


def test_a_whole_table():
    frame = pd.DataFrame({"=label": ["=1+1", "cat"], "n": [-1, 2]})
    text = csv_text(frame)
    assert list(csv.reader(io.StringIO(text))) == [["'=label", "n"], ["'=1+1", "-1"], ["cat", "2"]]
    text = csv_text(frame.rename(index={0: "@row"}), index=True)
    assert list(csv.reader(io.StringIO(text)))[1] == ["'@row", "'=1+1", "-1"]


@pytest.mark.parametrize("cell", [*FORMULAS, "", "cat", "'quoted'", "-1"])
def test_a_page_shows_a_cell_as_it_was(cell):
    assert shown(str(harmless(cell))) == cell


def test_a_name_that_is_not_utf8_stays_recognisable():
    assert csv_text(pd.DataFrame({"id": pd.Series(["a\udcff.png"], dtype=object)})).encode() == b"id\na\\udcff.png\n"
