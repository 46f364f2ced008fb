"""Scripts that are written without spaces between words: Chinese, Japanese, Thai, Lao, Khmer and Burmese."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from multicnn.modalities.finding import Finding
from multicnn.modalities.text.probe import Tokenizing

_RANGES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u3096\u309d-\u309f\u30a1-\u30ff\u3105-\u312f\u31f0-\u31ff"
    "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_LETTER = re.compile(f"[{_RANGES}]")
_RUN = re.compile(f"[{_RANGES}]+")
_OTHER = re.compile(rf"[^\W\d_{_RANGES}]")
_BREAK = re.compile(f"(?<=[{_RANGES}])[\\s\u200b]+(?=[{_RANGES}])")
_WORD = 8  # letters; where a space comes at least so often, a program has put them between the words
_MOST = 10_000  # characters of a text that are looked at
_SOME = 0.1  # of the texts, from which they are worth a line


def unspaced(text: str) -> bool:
    """Return True where most letters of a text are of such a script, and no spaces stand between its words."""
    text = text[:_MOST]
    letters = 0 if text.isascii() else len(_LETTER.findall(text))
    return letters > len(_OTHER.findall(text)) and len(_BREAK.findall(text)) * _WORD < letters if letters else False


def share(texts: Iterable[object]) -> float:
    """Return the share of the texts, strings or UTF-8, that are `unspaced`; 0 where there is none."""
    decoded = (text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in texts)
    answers = [unspaced(text) for text in decoded if isinstance(text, str)]
    return sum(answers) / max(len(answers), 1)


def doubts(texts: Iterable[object], level: str) -> list[Finding]:
    """Return what is to be reported of texts that are split into tokens of a level."""
    if (unsplit := share(texts)) <= _SOME:
        return []
    what = f"{unsplit:.0%} of the texts are in a script without spaces between words"
    if level == "characters":
        return [Finding("scripts", f"{what}: the tokens are characters (preprocess.level)", False)]
    remedy = "set preprocess.level=characters, or put spaces between the words"
    return [Finding("scripts", f"{what}, and their tokens would be whole clauses: {remedy}", True)]


def divided(tokens: Sequence[str]) -> list[str]:
    """Return tokens with those of such scripts divided into their characters."""
    if all(token.isascii() for token in tokens):
        return list(tokens)
    return [each for token in tokens for each in (list(token) if _RUN.match(token) else [token])]


@dataclass(frozen=True)
class CharactersOfScripts:
    """The tokens of a preprocess, with those of scripts without spaces divided into characters.

    Attributes:
        preprocess: A `TextPreprocess` of words.
    """

    preprocess: Tokenizing

    def decode(self, source: str | bytes) -> str:
        """Return the text of a source."""
        return self.preprocess.decode(source)

    def tokens(self, raw: str) -> list[str]:
        """Return the words of a text, and the characters of what has no words."""
        return divided(self.preprocess.tokens(raw))
