import pytest

from multicnn.data.sources.naming import NamePattern


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
