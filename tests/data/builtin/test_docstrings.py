import re

import pytest

from multicnn.data.builtin import docstrings

SOURCE = '''
"""Module sentence has exactly six words. It has e.g. Another abbreviation inside it, and then some more."""

def f(x):
    """Return the sum of the values
    over two lines of text.

    Parameters
    ----------
    x : array_like
        The values that are to be summed. Too short.
        y = x + 1 is not a sentence of words.

    >>> print("An example is never a sentence here.")
    """
    "A string that documents nothing at all."

class C:
    def g(self):
        """Uses `numpy` so that the name gives it away."""

    async def h(self):
        """See :class:`Thing` for the *whole* story of it."""
'''


@pytest.fixture(scope="module")
def table(embedded):
    return embedded("docstrings").table


def test_sentences_of_a_small_module():
    assert list(docstrings.sentences(SOURCE)) == [
        "Module sentence has exactly six words.",
        "It has e.g. Another abbreviation inside it, and then some more.",
        "Return the sum of the values over two lines of text.",
        "The values that are to be summed.",
        "See Thing for the whole story of it.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Only four words here.",
        " ".join(["Word"] * 41) + ".",
        "no capital letter at the start.",
        "No full stop at the end",
        "Returns x_1[0] = y for every {key} there is.",
        "ValueError: If the shapes of the two do not match.",
        "The tf.keras layer that is used for this.",
        "Use np instead of the other array module.",
        "Results are 1.0, 2.0, 3.0, 4.0 or 5.0.",
    ],
)
def test_is_not_prose(text):
    assert not docstrings.is_prose(text)


def test_counts_are_balanced(table):
    counts = table["label"].value_counts()
    assert set(counts.index) == set(docstrings.LIBRARIES)
    assert counts.max() <= docstrings.PER_LIBRARY
    assert counts.min() >= 0.8 * docstrings.PER_LIBRARY


def test_no_sentence_occurs_twice_in_one_library_or_two(table):
    words = table["source"].str.lower().str.replace(r"[\W\d_]+", " ", regex=True).str.strip()
    assert words.is_unique


def test_no_sentence_names_a_library(table):
    names = re.compile("keras|tensorflow|matplotlib|numpy|pandas|scipy|sklearn|scikit", re.IGNORECASE)
    assert not table["source"].str.contains(names).any()


def test_length_in_words(table):
    words = table["source"].str.split().str.len()
    assert words.min() >= 5 and words.max() <= 40


def test_modules_are_whole_and_none_fills_a_split(table):
    assert (table.groupby("group")["split"].nunique() == 1).all()
    assert table.groupby("group").size().max() <= docstrings.PER_MODULE
    assert table.apply(lambda row: row["group"].split(".")[0] == row["label"], axis=1).all()


def test_a_sentence_of_two_libraries_is_in_neither(tmp_path, monkeypatch):
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"]
    for library, other in (("onelib", "first"), ("twolib", "second")):
        folder = tmp_path / library
        folder.mkdir()
        for i, word in enumerate(words):
            own = f"This {word} sentence is of the {other} kind."
            shared = "The shared sentence, number 1, is here." if i else "The shared sentence number is here."
            (folder / f"m{i}.py").write_text(f'"""{own} {shared}"""')
        (folder / "__init__.py").write_text('raise AssertionError("imported")')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(docstrings, "LIBRARIES", ("onelib", "twolib"))
    table = docstrings.load().table
    assert len(table) == 2 * len(words)
    assert not table["source"].str.contains("shared").any()
