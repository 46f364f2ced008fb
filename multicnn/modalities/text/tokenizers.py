"""Tokenizers of words and characters. White space always separates words, so each piece between is split alone."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence

TOKENIZERS = ("unicode", "whitespace", "kim")
END = "\0"  # stands behind each text where many are cut as one: a word of its own, and in no text
NO_CHARACTER = "\ufffd"  # what a text has in its place
_TEXTS = 16  # cut at once; their pieces still lie in the processor's nearest cache when they are looked up

# The characters of Zhang et al. 2015, section 2.2, in its order; its 70 count the hyphen twice. Others, the space too, are
# unknown. The authors' code looks a character up in a table in which the second hyphen has overwritten the first.
_ZHANG = "abcdefghijklmnopqrstuvwxyz0123456789-,;.!?:'\"/\\|_@#$%^&*~`+{}=<>()[]{{}}\n"
NEVER = "--"  # no character, so in no text
ALPHABETS = {
    "zhang": tuple(_ZHANG.format("")),
    "zhang_70": tuple(NEVER if i == 36 else character for i, character in enumerate(_ZHANG.format("-"))),
}

_KIM = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (r"[^A-Za-z0-9(),!?'`\0]", " "),
        (r"('s|'ve|n't|'re|'d|'ll)", r" \1"),
        (r"([,!()?])", r" \1 "),
    )
)


def normalised(text: str, lowercase: bool) -> str:
    """A text in Unicode's composed form (NFC), lower-cased if asked for."""
    text = text.lower() if lowercase else text
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def joined(texts: Sequence[str]) -> str:
    """Join texts into one, whose words are those of each text with END behind them."""
    text = f" {END} ".join([*texts, ""])
    return text if text.count(END) == len(texts) else joined([text.replace(END, NO_CHARACTER) for text in texts])


def pieces(texts: Sequence[str], tokenizer: str, lowercase: bool) -> Iterator[str]:
    """Yield the pieces between white space of texts, with END behind each text; lower-cased where the tokenizer ignores case."""
    many = (joined(texts[i : i + _TEXTS]) for i in range(0, len(texts), _TEXTS))
    if tokenizer != "kim":
        many = (normalised(text, lowercase) for text in many)
    return itertools.chain.from_iterable(map(str.split, many))


def words(text: str, tokenizer: str, lowercase: bool) -> list[str]:
    """Return the words of a text, in order.

    Args:
        text: Any text.
        tokenizer: "unicode": letters, digits and inner apostrophes, or one punctuation mark. "whitespace": whatever is
            between white space. "kim": the cleaning of Kim 2014 for English, which keeps ASCII letters, digits and
            ( ) , ! ? ' ` and parts clitics: isn't is "is n't".
        lowercase: Lower-cases all of Unicode.
    """
    if tokenizer not in TOKENIZERS:
        raise ValueError(f"`tokenizer` must be one of {list(TOKENIZERS)}. Received: tokenizer={tokenizer!r}")
    if tokenizer == "kim":
        for pattern, by in _KIM:
            text = pattern.sub(by, text)
        return normalised(text, lowercase).split()
    text = normalised(text, lowercase)
    if tokenizer == "whitespace":
        return text.split()
    return word_pattern().findall(text.replace("\u2019", "'"))  # don\u2019t is don't


def ngrams(word: str, sizes: tuple[int, int], most: int) -> list[str]:
    """The character n-grams of a word between angle brackets (Bojanowski et al. 2017), the shortest first, at most so many."""
    marked = f"<{word}>"
    found = (
        marked[start : start + size]
        for size in range(sizes[0], sizes[1] + 1)
        for start in range(len(marked) - size + 1)
        if size < len(marked)
    )
    return list(dict.fromkeys(found))[:most]


def bucket(ngram: str, buckets: int) -> int:
    """The bucket of an n-gram: its CRC-32, the same everywhere."""
    return zlib.crc32(ngram.encode("utf-8", "surrogatepass")) % buckets


@functools.cache
def word_pattern() -> re.Pattern:
    """Return the pattern of a word or a punctuation mark of the tokenizer "unicode"."""
    # \w leaves out the marks that follow a letter (vowel signs of Hindi, accents on Cyrillic), where words would break.
    marks = "".join(chr(point) for point in range(0x300, 0x10000) if unicodedata.category(chr(point)) in ("Mn", "Mc"))
    return re.compile(rf"\w[\w{marks}]*(?:'[\w{marks}]+)*|[^\w\s][{marks}]*")
