"""Where in a text its tokens are."""

from __future__ import annotations

import re

import numpy as np

from multicnn.modalities.text import tokenizers

_SPACELESS = re.compile(r"\S+")


def token_spans(text: str, level: str, tokenizer: str, lowercase: bool) -> np.ndarray | None:
    """Return start and stop in characters of each token of a text, int64 (tokens, 2).

    None where the tokens are no stretches of the text, as those of Kim's tokenizer, or where a letter is several in the composed or
    the lower-cased form.

    Args:
        text: The text.
        level: "words", "characters" or "subwords".
        tokenizer: As in `tokenizers.words`.
        lowercase: As in `tokenizers.words`.
    """
    if tokenizer == "kim" and level != "characters":
        return None
    if level == "characters":
        tokens, found = list(tokenizers.normalised(text, lowercase)), [(i, i + 1) for i in range(len(text))]
    else:
        tokens = tokenizers.words(text, tokenizer, lowercase)
        pattern = _SPACELESS if tokenizer == "whitespace" else tokenizers.word_pattern()
        found = [match.span() for match in pattern.finditer(text.replace("\u2019", "'"))]
    return np.array(found, np.int64).reshape(-1, 2) if len(tokens) == len(found) else None
