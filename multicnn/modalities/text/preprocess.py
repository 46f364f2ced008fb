"""Texts: Unicode lower-casing, words or characters, int32 ids of one length."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import keras
import numpy as np
import pydantic
import tensorflow as tf
from pydantic.dataclasses import dataclass

from multicnn.modalities import absurd
from multicnn.modalities.base import Augmenter, Preprocess, Probe, Shown, Stem, StemSettings
from multicnn.modalities.finding import Finding
from multicnn.modalities.linear_form import Inputs, LinearForm
from multicnn.modalities.marks import Marked, Source, constant, of_arrays
from multicnn.modalities.perturbations import Perturbations
from multicnn.modalities.reasons import BAD, reason
from multicnn.modalities.text import augment, baseline, decode, ngram_table, scripts, spans, tokenizers, uniform
from multicnn.modalities.text.maps import TextMaps
from multicnn.modalities.text.perturbations import TextPerturbations
from multicnn.modalities.text.probe import TextProbe
from multicnn.modalities.text.stem import TextStem, check, given_vectors, with_vocabulary
from multicnn.modalities.text.token_cache import TokenCache, rows
from multicnn.modalities.text.views import TextViews
from multicnn.utils.constrained import Count
from multicnn.utils.validation import one_line_errors

_LONGEST = {"words": 400, "subwords": 400, "characters": 1014}  # 1014: Zhang et al. 2015, section 2.2
_UNKNOWN = 1
_MOST_CHARACTERS = 1 << 20  # no network reads so far, and ten megabytes in a line need not cost a gigabyte
Tokens = Annotated[Count, pydantic.Field(le=1000)]


@one_line_errors()
@dataclass(frozen=True, kw_only=True, config={"extra": "forbid"})
class TextPreprocess(TextViews, TextMaps, Preprocess):
    """Preprocess of texts: the ids that a text network embeds, 0 for padding, 1 for an unknown token, the vocabulary from 2 on.

    Args:
        level: Tokens are "words", "characters", or words as "subwords": each step then has the id of its word and of
            the word's character n-grams (hashed into buckets), so that unknown words are not alike.
        tokenizer: The tokenizer of words: "unicode" (letters, digits, inner apostrophes; or one punctuation mark), "whitespace", or
            "kim" (the cleaning of Kim 2014 for English, which also parts clitics: "is n't").
        lowercase: Lower-cases all of Unicode.
        length: Tokens of every example; None is learned by `fit`.
        long: The treatment of a longer text in `predict`: it is "cut" at its end, as in training; or the probabilities of its
            "windows" of `length` tokens are averaged.
        max_vocabulary: The largest number of tokens that `fit` puts into the vocabulary.
        min_count: Times a token must occur in the training texts to be in the vocabulary.
        alphabet: The alphabet of characters: "learned"; "zhang", the Latin one of Zhang et al. 2015; or "zhang_70", all 70
            of the paper in its order, with the hyphen twice, of which the first is never there, as in the authors' code.
        order: The order of characters: "forward", or "backward" (Zhang et al. 2015, section 2.2): the last character comes
            first, and of a longer text the end is what remains.
        ngrams: Sizes of the shortest and the longest character n-gram of subwords.
        buckets: The number of buckets that n-grams are hashed into.
        ngrams_per_word: Most n-grams that one word has, the shortest before the others.
        vocabulary: Tokens from id 2 on; empty is learned by `fit`.
    """

    inline: ClassVar[bool] = True
    tokenized: ClassVar[bool] = True
    length_field: ClassVar[str] = "preprocess.length"
    baseline_input: ClassVar[Literal["sources", "stored", "finished"]] = "sources"
    baseline_examples: ClassVar[int] = 50_000
    mixing: ClassVar[tuple[str, ...]] = ()

    modality: Literal["text"] = "text"
    level: Literal["words", "characters", "subwords"] = "words"
    tokenizer: Literal["unicode", "whitespace", "kim"] = "unicode"
    lowercase: bool = True
    length: Annotated[Count, pydantic.Field(le=_MOST_CHARACTERS)] | None = None
    long: Literal["cut", "windows"] = "cut"
    max_vocabulary: Count = 20000
    min_count: Count = 1
    alphabet: Literal["learned", "zhang", "zhang_70"] = "learned"
    order: Literal["forward", "backward"] = "forward"
    ngrams: tuple[Tokens, Tokens] = (3, 5)
    buckets: Count = 20000
    ngrams_per_word: Tokens = 20
    vocabulary: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.vocabulary)) < len(self.vocabulary):
            repeated = Counter(self.vocabulary).most_common(1)[0][0]
            raise ValueError(f"vocabulary must name each token once. Received: vocabulary=(... {repeated!r} twice ...)")
        if self.order == "backward" and self.level != "characters":
            raise ValueError(f"order is of characters. Received: order={self.order!r}, level={self.level!r}")
        if self.ngrams[0] > self.ngrams[1]:
            raise ValueError(f"ngrams must be the shortest size and the longest. Received: ngrams={self.ngrams}")

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # and nothing remembered

    @property
    def fitted(self) -> bool:
        """True where nothing is left for `fit` to learn."""
        return self.length is not None and bool(self.vocabulary)

    @property
    def vocabulary_size(self) -> int:
        """Number of ids: the vocabulary, padding, unknown, and the buckets of subwords."""
        return len(self.vocabulary) + 2 + (self.buckets if self.level == "subwords" else 0)

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Shape of `example`: (length,), or of subwords (length, 1 + ngrams_per_word)."""
        if self.length is None:
            raise ValueError("length is not known yet: call fit first. Received: length=None")
        return (self.length, 1 + self.ngrams_per_word) if self.level == "subwords" else (self.length,)

    @property
    def stored_dtype(self) -> str:
        """Dtype of `example`."""
        return "int32"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example of `finish`: that of `example`."""
        return self.stored_shape

    def decode(self, source: str | bytes) -> str:
        """The text of a string, or of UTF-8 bytes: its first 1,048,576 characters.

        Raises:
            ValueError: Not a text, or nothing in it; the message is a short reason.
        """
        if isinstance(source, (bytes, bytearray, memoryview)):
            source = decode.from_utf8(bytes(source))
        if not isinstance(source, str):
            raise ValueError(f"not a text: {type(source).__name__}")
        source = str(source[:_MOST_CHARACTERS])
        if not source.strip():
            raise ValueError("empty text")
        if "\x00" in source:
            raise ValueError("not a text: NUL characters")
        if re.search("[\ud800-\udfff]", source):
            raise ValueError("not Unicode text: half of a surrogate pair")
        return source

    def fit(self, raws: Iterable[str]) -> TextPreprocess:
        """Return a copy that has learned what is empty.

        The vocabulary, by falling count and then by token, and the length, that of the longest text (at most 400 words or
        1014 characters; one that is as no real text of the data is, by `modalities.absurd`, does not count).

        Args:
            raws: Decoded training texts; all are read.

        Raises:
            ValueError: `raws` is empty, or no token occurs `min_count` times.
        """
        counts: Counter[str] = Counter()
        lengths = []
        cut = functools.lru_cache(maxsize=1 << 20)(self.tokens)
        for raw in raws:
            # Words never reach over white space, and most pieces between come again and again.
            found = self.tokens(raw) if self.level == "characters" else [t for piece in raw.split() for t in cut(piece)]
            counts.update(found)
            lengths.append(len(found))
        if not counts:
            raise ValueError("fit needs at least one training text with a token in it. Received: raws=(empty)")
        longest = int(np.max(lengths, where=absurd.believable(lengths, absurd.LONG), initial=1))
        length = self.length or min(longest, _LONGEST[self.level])
        return dataclasses.replace(self, length=length, vocabulary=self.vocabulary or self._learned(counts))

    def _learned(self, counts: Counter) -> tuple[str, ...]:
        if self.level == "characters" and self.alphabet in tokenizers.ALPHABETS:
            return tokenizers.ALPHABETS[self.alphabet]
        frequent = [token for token, count in counts.items() if count >= self.min_count]
        if not frequent:
            raise ValueError(
                f"min_count must leave some token of the training texts. Received: min_count={self.min_count}"
            )
        return tuple(sorted(frequent, key=lambda token: (-counts[token], token))[: self.max_vocabulary])

    def with_words(self, words: Iterable[str]) -> TextPreprocess:
        """Return a copy with further words behind the vocabulary, until it has `max_vocabulary`."""
        room = max(0, self.max_vocabulary - len(self.vocabulary))
        known = set(self.vocabulary)
        further = [word for word in dict.fromkeys(words) if word not in known][:room]
        return dataclasses.replace(self, vocabulary=(*self.vocabulary, *further))

    def tokens(self, raw: str) -> list[str]:
        """The words or characters of a text, in order, all of them."""
        raw = raw.replace(tokenizers.END, tokenizers.NO_CHARACTER)
        if self.level == "characters":
            return list(tokenizers.normalised(raw, self.lowercase))
        return tokenizers.words(raw, self.tokenizer, self.lowercase)

    def input_tokens(self, raw: str) -> list[str]:
        """The words or characters of a text in the order of the network's input, all of them."""
        return self.tokens(raw)[:: -1 if self.order == "backward" else 1]

    def token(self, word: str) -> str | None:
        """The one token that a word of another vocabulary is here, or None if it is none or several."""
        if word.isascii() and word.isalnum() and self.level != "characters":
            return word.lower() if self.lowercase else word
        found = self.tokens(word)
        return found[0] if len(found) == 1 else None

    def windows(self, raw: str) -> list[tuple[float, str]]:
        """A text as windows of `length` tokens, side by side; the last ends where the text does and may overlap.

        Returns:
            The number of the first token and the text of each window; the text itself where it is short enough or to be cut.
        """
        found = self.tokens(raw) if self.long == "windows" else []
        length = self.stored_shape[0]
        if len(found) <= length:
            return [(0.0, raw)]
        last, between = len(found) - length, "" if self.level == "characters" else " "
        starts = [*range(0, last, length), last]
        return [(float(start), between.join(found[start : start + length])) for start in starts]

    def geometry(self, raw: str) -> np.ndarray:
        """Start and stop in characters of each token of each window, float64 (windows * length, 2); of padding both are 0.

        Nothing where the tokens are no stretches of the text.
        """
        if (found := spans.token_spans(raw, self.level, self.tokenizer, self.lowercase)) is None:
            return np.zeros(0)
        length = self.stored_shape[0]
        found = found[:: -1 if self.order == "backward" else 1]
        starts = [int(start) for start, _ in self.windows(raw)]
        parts = [found[start : start + length] for start in starts]
        return np.concatenate([np.pad(part, ((0, length - len(part)), (0, 0))) for part in parts]).astype(np.float64)

    def example(self, raw: str) -> np.ndarray:
        """Ids of a text: int32, `stored_shape`; a longer one is cut where its input ends, a shorter one followed by 0."""
        return self.examples([raw])[0]

    def examples(self, raws: Sequence[str]) -> np.ndarray:
        """Ids of many texts, int32 (len(raws), *stored_shape): what `example` gives of each, at several times the speed."""
        length = self.stored_shape[0]
        if self.level != "characters":
            return rows(self._ids_behind_one_another(raws), length)
        ids = np.zeros((len(raws), length), np.int32)
        for row, raw in zip(ids, raws):
            known = [self._ids.get(token, _UNKNOWN) for token in self.input_tokens(raw)[:length]]
            row[: len(known)] = known
        return ids

    def examples_of(self, sources: Sequence[str | bytes]) -> list[np.ndarray | str]:
        """Return `example(decode(source))` of each source, or the reason why there is none; faster than one by one."""
        answers: list[np.ndarray | str] = []
        raws: list[str] = []
        for source in sources:
            try:
                raws.append(self.decode(source))
                answers.append("")
            except BAD as error:
                answers.append(reason(error))
        examples = iter(self.examples(raws))
        return [answer or next(examples) for answer in answers]

    def marked_examples_of(self, sources: Sequence[str | bytes]) -> Marked:
        """Return `examples_of` these sources, and a mark of each text that has no two different tokens, or was cut."""
        examples = self.examples_of(sources)
        arrays = [each for each in examples if not isinstance(each, str)]
        return examples, of_arrays(examples, uniform.uniform(arrays), uniform.filled(arrays))

    def marked(self, marks: np.ndarray, rows: np.ndarray) -> list[Finding]:
        """Return how many texts have no two different tokens."""
        return constant(marks, rows, uniform.REPORT)

    def remark(self, raw: Source, examples: Sequence[np.ndarray]) -> str:
        """Return that a text has no two different tokens, or ""."""
        return uniform.REMARK if uniform.uniform(examples).all() else ""

    def _ids_behind_one_another(self, raws: Sequence[str]) -> np.ndarray:
        """Return the ids of the words of texts, with a 0 behind each text."""
        pieces = tokenizers.pieces(raws, self.tokenizer, self.lowercase)
        if self.level == "words" and self.tokenizer == "whitespace":  # a piece is a word
            return np.fromiter(map(self._ids.get, pieces, itertools.repeat(_UNKNOWN)), np.int32)
        if self._pieces.full:
            self.__dict__.pop("_pieces", None)
        return self._pieces.ids(pieces)

    def _ids_of(self, pieces: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the number of words of each piece, and the id of each word; of subwords, those of the word and its n-grams."""
        words = tokenizers.words(tokenizers.joined(pieces), self.tokenizer, self.lowercase)
        ids = np.fromiter(map(self._ids.get, words, itertools.repeat(_UNKNOWN)), np.int32, len(words))
        counts = np.diff(np.flatnonzero(ids == 0), prepend=-1) - 1
        ids = ids[ids != 0]
        if self.level == "words":
            return counts, ids
        first, rows = len(self.vocabulary) + 2, np.zeros((len(ids), 1 + self.ngrams_per_word), np.int32)
        for row, word, own in zip(rows, (word for word in words if word != tokenizers.END), ids):
            grams = tokenizers.ngrams(word, self.ngrams, self.ngrams_per_word)
            row[: 1 + len(grams)] = [own, *(first + tokenizers.bucket(gram, self.buckets) for gram in grams)]
        return counts, rows

    def finish(self, batch: np.ndarray | tf.Tensor) -> tf.Tensor:
        """Return the network's input: the ids themselves, int32, shape (batch, *stored_shape)."""
        with tf.device("CPU:0"):
            return tf.cast(batch, tf.int32)

    def position(self, start: float) -> str:
        """Return the start of a window, such as "token 400"."""
        return f"token {start:.0f}"

    @property
    def augment(self) -> Augmenter:
        """Changes of token ids; `nearest` is given where the network has word vectors."""
        return Augmenter(augment.augment, {"level": self.level, "nearest": None})

    @property
    def perturbations(self) -> Perturbations:
        """Attacks and other changes of texts."""
        return TextPerturbations(self)

    @property
    def default_model(self) -> str:
        """Name of the model where the recipe names none."""
        return "textcnn"

    def shown(self, raw: str) -> Shown:
        """Return the text itself."""
        return Shown("text", raw)

    def shown_input(self, finished: np.ndarray, plain: np.ndarray, stored: np.ndarray) -> list[Shown]:
        """Return the tokens that the ids stand for; "[?]" is one that the vocabulary does not have."""
        tokens = ["", "[?]", *self.vocabulary]
        words = finished if finished.ndim == 1 else finished[:, 0]  # the others are its n-grams
        between = "" if self.level == "characters" else " "
        return [Shown("text", between.join(tokens[word] for word in words if word))]

    def receptive_field(self, steps: tuple[int, ...]) -> str:
        """Return a receptive field in tokens, such as "5 tokens"."""
        return f"{steps[0]:,} tokens"

    def check_stem(self, settings: StemSettings, locate: Callable[[str], str]) -> None:
        """Raise ValueError where the embedding does not suit the level, or its vectors are nowhere."""
        check(self.level, settings, locate)

    def stem(self, settings: StemSettings, raws: Iterable[str], locate: Callable[[str], str]) -> Stem:
        """Return the embedding of the ids, with its word vectors; their words fill the vocabulary up."""
        vectors = given_vectors(self, settings, raws, locate)
        return TextStem(self if vectors is None else self.with_words(vectors.words), settings, vectors)

    def for_new_data(self) -> Self:
        """Return a copy without a vocabulary: it is that of the new texts."""
        return dataclasses.replace(self, vocabulary=())

    def transferred(
        self, weights: dict[str, dict[str, np.ndarray]], network: keras.Model, trained: Self
    ) -> dict[str, dict[str, np.ndarray]]:
        """Return trained weights with the vectors of the words that both vocabularies have in this one's order."""
        return with_vocabulary(weights, network, self.vocabulary, trained.vocabulary)

    def baseline_features(self, train: Sequence[str], rows: np.ndarray, test: Sequence[str]) -> tuple[Any, Any, str]:
        """Return the TF-IDF of words and word pairs, or of characters of a script without spaces."""
        return baseline.tf_idf([train[row] for row in rows], test)

    def linear_form(self, inputs: Inputs, rows: np.ndarray, outputs: int, most_numbers: int) -> LinearForm:
        """Return the linear model of the TF-IDF of tokens and pairs of them."""
        return ngram_table.linear_form(self.level, inputs, rows, outputs, most_numbers)

    def probe(self) -> Probe:
        """Return the length of each text; words and shingles are those of the default tokenizer."""
        return TextProbe(scripts.CharactersOfScripts(TextPreprocess()))

    @classmethod
    def suited(cls, sources: Iterable[object]) -> Self:
        """Return a preprocess of characters for texts in a script without spaces between words, else of words."""
        return cls(level="characters") if scripts.share(sources) > 0.5 else cls()

    def doubts(self, sources: Iterable[object]) -> list[Finding]:
        """Return how many of the texts have no spaces between their words, and what that means at this level."""
        return scripts.doubts(sources, self.level)

    @functools.cached_property
    def _pieces(self) -> TokenCache:
        return TokenCache(self._ids_of, self.stored_shape[1:])

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {tokenizers.END: 0, **{token: position for position, token in enumerate(self.vocabulary, start=2)}}
