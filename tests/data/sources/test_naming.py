import dataclasses
import re

import pytest

from multicnn.data.sources.name_search import NameSearch
from multicnn.data.sources.naming import NamePattern
from multicnn.utils import limits


@pytest.mark.parametrize(
    "pattern, columns, name, expected",
    [
        (r"(?P<label>\d)_(?P<group>[a-z]+)_(?P<index>\d+)", {}, "a/7_theo_12.wav", ("7", "theo", "")),
        (r"^(?P<label>[^-]+)-(?P<split>\w+)", {}, "кот-valid-3.png", ("кот", "", "valid")),
        (r"(?P<label>\d)_(?P<speaker>[a-z]+)", {"group": "speaker"}, "7_theo_12.wav", ("7", "theo", "")),
        (r"(?P<digit>\d)_", {"label": "digit"}, "7_theo_12.wav", ("7", "", "")),
        (r"(?P<label>\d)_[a-z]+_(?:(?P<test>[0-4])|\d+)$", {}, "7_theo_4.wav", ("7", "", "test")),
        (r"(?P<label>\d)_[a-z]+_(?:(?P<test>[0-4])|\d+)$", {}, "7_theo_42.wav", ("7", "", "")),
        (r"(?P<label>\d)_", {}, "theo.wav", None),
        (r"(?P<label>wav)", {}, "theo.wav", None),  # the extension is not searched
    ],
)
def test_pattern_reads_names(pattern, columns, name, expected):
    assert NamePattern(pattern, **columns).read(name) == expected


@pytest.mark.parametrize("pattern", ["(", "abc", "(?P<index>x)"])
def test_pattern_errors(pattern):
    with pytest.raises(ValueError, match=r"pattern must .* Received: pattern="):
        NamePattern(pattern)


REASONABLE = [
    r"(?P<label>[A-Za-z]+)[-_ ]?(?P<n>\d+)?",
    r"^(?P<label>(?:foo|bar)+?)_(?P<test>t)?",
    r"(?i)(?P<label>É\w*)(?=_)",
    r"(?P<label>\w+?)(?:_(?P<split>train|test))?$",
    r"(?P<label>(?<=_)[^_]+)(?!.*_)",
    r"(?P<a>.)(?P=a)(?P<label>.*)",
    r"(?x) (?P<label> \d{2,3} )  # two or three digits",
    r"(?P<label>[\w.+-]{1,5}|\Z)",
    r"(?s)(?P<label>.+)\b(?P<group>\d*)",
    r"(?P<label>a*?)(?(label)b|c)",
    r"(?P<label>[^\W\d_]{2,}?)",
]
FILES = ["foobar_t_07", "été_9", "ÉTÉ_12", "x_train", "aabb-12.3", "кот 12", "_", "7_theo_12", "aab", "日本_語", ""]


@pytest.mark.parametrize("pattern", REASONABLE)
def test_names_are_searched_as_by_re(pattern):
    search = NameSearch(pattern)
    for name in FILES:
        match = re.search(pattern, name)
        assert search.search(name) == (match and match.groupdict()), name
    assert search.groups == re.compile(pattern).groupindex.keys()


@pytest.fixture
def seconds(monkeypatch):
    """Let patterns have a twentieth of a second."""
    few = dataclasses.replace(limits.Limits(), pattern_seconds=0.05)
    monkeypatch.setattr(limits, "current", lambda: few)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (r"(?P<label>(a|aa)+)$", "a" * 60 + "!"),
        (r"(?P<label>(.*?,){30}P)", "a," * 40),
    ],
)
def test_a_search_without_end_is_stopped(seconds, pattern, name):
    with pytest.raises(ValueError, match=r"^pattern must .*'[ab]+.*pattern_seconds=.*Received: pattern=[^\n]*$"):
        NamePattern(pattern).read(name)


def test_the_time_is_that_of_all_names(seconds):
    pattern, names = NamePattern(r"(?P<label>(a|aa)+)$"), []
    with pytest.raises(ValueError, match="pattern must be found or not in"):
        while len(names) < 10_000:  # each takes some thousandths of a second
            names.append(pattern.read("a" * 16 + "!"))
    assert len(names) > 1


def test_many_names_do_not_use_the_time_up(seconds):
    pattern = NamePattern(r"(?P<label>\d)_[a-z]+_(?:(?P<test>[0-4])|\d+)$")
    assert all(pattern.read(f"{i % 10}_theo_{i}") for i in range(2_000))


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(?P<label>a)" * 500, "must have at most 4,096 characters, not 6,000"),
        (r"(?P<label>(?:(?:a{1000}){1000}){1000})", "must not repeat things"),
        (r"(?P<label>b)(?<=(?:(?:a?){1000}){1000})", "must not repeat things"),
        ("(" * 2000 + "(?P<label>a)" + ")" * 2000, "must "),
        (r"(?P<label>\p{L}+)", "must be a regular expression"),  # what only the engine understands
        ("(?P<label>a)(?P<label>b)", "must be a regular expression"),
    ],
)
def test_a_pattern_that_is_none_is_refused_in_one_short_line(pattern, message):
    with pytest.raises(ValueError, match=rf"^pattern {message}[^\n]*Received: pattern=[^\n]{{0,300}}$"):
        NamePattern(pattern)
