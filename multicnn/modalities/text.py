"""Texts: Unicode lower-casing, words or characters, int32 ids of one length."""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Literal

import numpy as np
import tensorflow as tf
from pydantic.dataclasses import dataclass

from multicnn.modalities import content, randomness

_LONGEST = {"words": 400, "characters": 1014}  # 1014: Zhang et al. 2015, section 2.2
_UNKNOWN = 1


@dataclass(frozen=True, kw_only=True, config={"extra": "forbid"})
class TextPreprocess:
    """How a text becomes the ids that a text network embeds: 0 padding, 1 an unknown token, from 2 on the vocabulary.

    Args:
        level: Tokens are "words" (letters, digits, inner apostrophes; or one punctuation mark) or "characters".
        lowercase: Lower-cases all of Unicode.
        length: Tokens of every example; None is learned by `fit`.
        max_vocabulary: Most tokens that `fit` keeps.
        min_count: Times a token must occur in the training texts to be kept.
        vocabulary: Tokens from id 2 on; empty is learned by `fit`.
    """

    sense: Literal["text"] = "text"
    level: Literal["words", "characters"] = "words"
    lowercase: bool = True
    length: int | None = None
    max_vocabulary: int = 20000
    min_count: int = 1
    vocabulary: tuple[str, ...] = ()

    def __post_init__(self):
        for name in ("length", "max_vocabulary", "min_count"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be 1 or more. Received: {name}={value}")
        if len(set(self.vocabulary)) < len(self.vocabulary):
            repeated = Counter(self.vocabulary).most_common(1)[0][0]
            raise ValueError(f"vocabulary must name each token once. Received: vocabulary=(... {repeated!r} twice ...)")

    @property
    def fitted(self) -> bool:
        """Whether nothing is left for `fit` to learn."""
        return self.length is not None and bool(self.vocabulary)

    @property
    def vocabulary_size(self) -> int:
        """Number of ids: the vocabulary, padding and unknown."""
        return len(self.vocabulary) + 2

    @property
    def stored_shape(self) -> tuple[int]:
        """Shape of `example`: (length,)."""
        if self.length is None:
            raise ValueError("length is not known yet: call fit first. Received: length=None")
        return (self.length,)

    @property
    def stored_dtype(self) -> str:
        """Dtype of `example`."""
        return "int32"

    @property
    def input_shape(self) -> tuple[int]:
        """Shape of one example of `finish`: (length,)."""
        return self.stored_shape

    def decode(self, source: str | bytes) -> str:
        """The text of a string, or of UTF-8 bytes.

        Raises:
            ValueError: Not a text, or nothing in it; the message is a short reason.
        """
        if isinstance(source, (bytes, bytearray, memoryview)):
            source = _from_utf8(bytes(source))
        if not isinstance(source, str):
            raise ValueError(f"not a text: {type(source).__name__}")
        if not source.strip():
            raise ValueError("empty text")
        if re.search("[\ud800-\udfff]", source):
            raise ValueError("not Unicode text: half of a surrogate pair")
        return str(source)

    def fit(self, raws: Iterable[str]) -> TextPreprocess:
        """Learns what is empty: the vocabulary, by falling count and then by token, and the length, that of the longest
        text (at most 400 words or 1014 characters).

        Args:
            raws: Decoded training texts; all are read.

        Raises:
            ValueError: `raws` is empty, or no token occurs `min_count` times.
        """
        counts, longest = Counter(), 0
        for raw in raws:
            tokens = self.tokens(raw)
            counts.update(tokens)
            longest = max(longest, len(tokens))
        if not counts:
            raise ValueError("fit needs at least one training text. Received: raws=(empty)")
        frequent = [token for token, count in counts.items() if count >= self.min_count]
        if not frequent and not self.vocabulary:
            raise ValueError(
                f"min_count must leave some token of the training texts. Received: min_count={self.min_count}"
            )
        learned = sorted(frequent, key=lambda token: (-counts[token], token))[: self.max_vocabulary]
        length = self.length or min(longest, _LONGEST[self.level])
        return dataclasses.replace(self, length=length, vocabulary=self.vocabulary or tuple(learned))

    def tokens(self, raw: str) -> list[str]:
        """The words or characters of a text, in order, all of them."""
        text = unicodedata.normalize("NFC", raw.lower() if self.lowercase else raw)
        if self.level == "characters":
            return list(text)
        return _word_pattern().findall(text.replace("\u2019", "'"))  # don\u2019t is don't

    def example(self, raw: str) -> np.ndarray:
        """Ids of a text: int32, shape (length,); a longer text is cut at its end, a shorter one followed by 0."""
        ids = np.zeros(self.stored_shape, np.int32)
        known = [self._ids.get(token, _UNKNOWN) for token in self.tokens(raw)[: self.length]]
        ids[: len(known)] = known
        return ids

    def finish(self, batch: np.ndarray | tf.Tensor) -> tf.Tensor:
        """What the network sees: the ids themselves, int32, shape (batch, length)."""
        with tf.device("CPU:0"):
            return tf.cast(batch, tf.int32)

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {token: position for position, token in enumerate(self.vocabulary, start=2)}


def augment(ids: tf.Tensor, seeds: tf.Tensor, word_dropout: float = 0.0) -> tf.Tensor:
    """Randomly makes tokens unknown (id 1), each text by its own seed; padding stays.

    Args:
        ids: int32, shape (batch, length).
        seeds: int32 or int64, shape (batch, 2); equal seeds give equal changes.
        word_dropout: Probability of each token.

    Returns:
        int32, the shape of `ids`.
    """
    if not 0 <= word_dropout < 1:
        raise ValueError(f"word_dropout must be in [0, 1). Received: word_dropout={word_dropout}")
    ids = tf.convert_to_tensor(ids)
    if not word_dropout:
        return ids
    dropped = randomness.uniform(seeds, ids.shape[1]) < word_dropout
    return tf.where(dropped & (ids != 0), tf.constant(_UNKNOWN, ids.dtype), ids)


def _from_utf8(data: bytes) -> str:
    if not data:
        raise ValueError("empty text")
    sense, kind = content.recognise(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if sense in ("image", "audio"):
            raise ValueError(f"not a text: starts like {kind}") from error
        raise ValueError(f"not UTF-8 text: byte 0x{data[error.start]:02x} at position {error.start}") from error
    if "\x00" in text:
        raise ValueError("not a text: NUL characters")
    return text


@functools.cache
def _word_pattern() -> re.Pattern:
    # \w leaves out the marks that follow a letter (vowel signs of Hindi, accents on Cyrillic), where words would break.
    marks = "".join(chr(point) for point in range(0x300, 0x10000) if unicodedata.category(chr(point)) in ("Mn", "Mc"))
    return re.compile(rf"\w[\w{marks}]*(?:'[\w{marks}]+)*|[^\w\s][{marks}]*")
