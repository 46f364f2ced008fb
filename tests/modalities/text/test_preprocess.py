"""Texts: tokens of many scripts, ids, fit, no skew, bad inputs."""

import csv
import dataclasses
import pickle
import re
import threading
import zlib

import numpy as np
import pytest
import tensorflow as tf
from pydantic import TypeAdapter

from multicnn.modalities.text.preprocess import TextPreprocess

TEXTS = ["The cat sat on the mat.", "The dog sat.", "Кот сидел, и КОТ ел", "the end"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The CAT sat.", ["the", "cat", "sat", "."]),
        ("Don't stop, O’Neil!", ["don't", "stop", ",", "o'neil", "!"]),
        ("'quoted' rock'n'roll", ["'", "quoted", "'", "rock'n'roll"]),
        ("ПРИВЕТ, Мир! Ёлка", ["привет", ",", "мир", "!", "ёлка"]),
        ("ΟΔΥΣΣΕΎΣ", ["οδυσσεύς"]),
        ("ÉCOLE E\u0301COLE", ["école", "école"]),
        ("за\u0301мок", ["за\u0301мок"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("3.14 a_b x-y", ["3", ".", "14", "a_b", "x", "-", "y"]),
        ("❤\ufe0f ...", ["❤\ufe0f", ".", ".", "."]),
    ],
)
def test_words(text, tokens):
    assert TextPreprocess().tokens(text) == tokens


def test_case_can_be_kept_and_characters_are_code_points():
    assert TextPreprocess(lowercase=False).tokens("Кот Cat") == ["Кот", "Cat"]
    assert TextPreprocess(level="characters").tokens("Йо й\n") == ["й", "о", " ", "й", "\n"]


def clean_str(string):
    """Kim's own cleaning, as his code has it (the backslashes that Python 2 left before brackets taken out)."""
    string = re.sub(r"[^A-Za-z0-9(),!?\'\`]", " ", string)
    for clitic in ("'s", "'ve", "n't", "'re", "'d", "'ll"):
        string = re.sub(clitic, f" {clitic}", string)
    for mark in (",", "!", r"\(", r"\)", r"\?"):
        string = re.sub(mark, f" {mark[-1]} ", string)
    return re.sub(r"\s{2,}", " ", string).strip().lower()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("It isn't (really) Sam's film!", ["it", "is", "n't", "(", "really", ")", "sam", "'s", "film", "!"]),
        ("we'll -- they'd; I've: you're...", ["we", "'ll", "they", "'d", "i", "'ve", "you", "'re"]),
        ("naïve ~ café", ["na", "ve", "caf"]),
        ("Кот", []),
    ],
)
def test_kims_cleaning(text, tokens):
    assert TextPreprocess(tokenizer="kim").tokens(text) == tokens == clean_str(text).split()


def test_kims_cleaning_of_real_sentences(shared_data):
    with open(shared_data / "sentences" / "subj.csv", encoding="utf-8", newline="") as file:
        for row in list(csv.DictReader(file))[:2000]:
            assert TextPreprocess(tokenizer="kim").tokens(row["text"]) == clean_str(row["text"]).split()


def test_white_space_words():
    assert TextPreprocess(tokenizer="whitespace").tokens(" The CAT,\tsat.\u00a0É ") == ["the", "cat,", "sat.", "é"]


def test_the_latin_alphabet_of_zhang():
    fitted = TextPreprocess(level="characters", alphabet="zhang").fit(["Ab c\né"])
    assert len(fitted.vocabulary) == 69 == len(set(fitted.vocabulary)), "26 letters, 10 digits, 32 marks, a line break"
    assert fitted.example("Ab c\né").tolist() == [2, 3, 1, 4, 2 + 68, 1]
    learned = TextPreprocess(level="characters").fit(["Мама мыла"])
    assert set(learned.vocabulary) == set("мама мыла")


def crepe(text, length):
    """The quantization of the authors' code: stringToTensor of https://github.com/zhangxiangxiao/Crepe (Lua counts from 1)."""
    alphabet = "abcdefghijklmnopqrstuvwxyz0123456789-,;.!?:'\"/\\|_@#$%^&*~`+-=<>()[]{}\n"
    place = {character: i for i, character in enumerate(alphabet)}  # the second hyphen overwrites the first
    out, s = np.zeros((length, len(alphabet))), text.lower()
    for i in range(len(s), max(len(s) - length, 0), -1):
        if s[i - 1] in place:
            out[len(s) - i, place[s[i - 1]]] = 1
    return out


@pytest.mark.parametrize("text", ["Ab-c, x\n", "one-two (three) " * 4, "Z", "a^b~{c}\\|'\"`é"])
def test_zhangs_quantization_is_that_of_the_authors_code(text):
    fitted = TextPreprocess(level="characters", alphabet="zhang_70", order="backward", length=40).fit([text])
    assert fitted.vocabulary_size == 72 and len(set(fitted.vocabulary)) == 70
    rows = np.eye(72)[fitted.example(text)][:, 2:]  # as `one_hot` has them: padding and the unknown are zeros
    np.testing.assert_array_equal(rows, crepe(text, 40))


def test_backward_keeps_the_end_and_is_the_mirror_of_forward():
    forward = TextPreprocess(level="characters", length=8).fit(["abcdefgh"])
    backward = dataclasses.replace(forward, order="backward")
    assert forward.tokens("abc") == backward.tokens("abc"), "of a text, not of the input"
    for text, end in (("abc", "cba"), ("abcdefgh", "hgfedcba"), ("xxabcdefgh", "hgfedcba")):
        assert backward.example(text).tolist() == forward.example(end).tolist()
    np.testing.assert_array_equal(backward.examples(["ab", "h"]), forward.examples(["ba", "h"]))
    windows = dataclasses.replace(backward, long="windows").windows("abcdefghab")
    assert [part for _, part in windows] == ["abcdefgh", "cdefghab"]
    with pytest.raises(ValueError, match=r"order is of characters\. Received: order='backward', level='words'"):
        TextPreprocess(order="backward")


SCRIPTS = [
    "The cat's naïve — isn't it? (No!) https://example.org/a_b?c=1",
    "ΟΔΥΣΣΕΎΣ ΣΑΣ. ΣΑΣ", "Кот сидел,и КОТ ел…\u2028ЁЖ", "हिन्दी भाषा", "e\u0301te\u0301 E\u0301", " \u0301 solo mark",
    "日本語のテキスト、です。", "👩‍👩‍👧 ❤\ufe0f x", "İstanbul I ı", "don’t ‘quoted’", "tab\tnew\nline\x1cfs", "שָׁלוֹם עֲלֵיכֶם", "one",
]  # fmt: skip


@pytest.mark.parametrize("tokenizer", ["unicode", "whitespace", "kim"])
@pytest.mark.parametrize("lowercase", [True, False])
def test_pieces_between_white_space_are_cut_as_in_the_whole_text(tokenizer, lowercase):
    preprocess = TextPreprocess(tokenizer=tokenizer, lowercase=lowercase)
    for text in SCRIPTS:
        assert preprocess.tokens(text) == [token for piece in text.split() for token in preprocess.tokens(piece)]


@pytest.mark.parametrize("settings", [{}, {"tokenizer": "kim"}, {"tokenizer": "whitespace"}, {"level": "characters"}])
def test_many_texts_at_once_are_each_text_by_the_vocabulary(settings):
    fitted = TextPreprocess(length=7, **settings).fit(SCRIPTS[::2])
    ids = {token: i for i, token in enumerate(fitted.vocabulary, start=2)}
    expected = [[ids.get(token, 1) for token in fitted.tokens(text)[:7]] for text in SCRIPTS]
    made = fitted.examples(SCRIPTS)
    assert made.dtype == np.int32 and made.tolist() == [row + [0] * (7 - len(row)) for row in expected]
    np.testing.assert_array_equal(made, [fitted.example(text) for text in SCRIPTS])
    assert fitted.examples([]).shape == (0, 7)
    assert fitted.examples(["a \0 b", "\0"]).shape == (2, 7), "what ends a text inside never shifts the others"


def test_a_text_of_one_word_and_one_of_a_hundred_thousand():
    fitted = TextPreprocess().fit(["word", "word " * 99_999 + "last"])
    assert fitted.length == 400 and fitted.vocabulary == ("word", "last")
    assert fitted.examples(["last", "word " * 100_000]).tolist() == [[3] + [0] * 399, [2] * 400]


@pytest.mark.parametrize("settings", [{}, {"tokenizer": "kim"}, {"tokenizer": "whitespace"}, {"level": "characters"}])
def test_windows_cover_a_long_text_token_by_token(settings):
    fitted = TextPreprocess(length=5, long="windows", **settings).fit(SCRIPTS)
    for text in [*SCRIPTS, " ".join(SCRIPTS), "a b c d e", "a b c d e f"]:
        whole, windows = fitted.tokens(text), fitted.windows(text)
        assert [start for start, _ in windows] == sorted({start for start, _ in windows})
        covered = {}
        for start, part in windows:
            assert fitted.tokens(part)[:5] == whole[int(start) : int(start) + 5]
            covered |= {int(start) + i: token for i, token in enumerate(fitted.tokens(part))}
        assert covered == dict(enumerate(whole)) and len(windows) == max(1, -(-len(whole) // 5))
    assert fitted.windows("short") == [(0.0, "short")]
    assert dataclasses.replace(fitted, long="cut").windows("a b c d e f") == [(0.0, "a b c d e f")]


def test_threads_agree_on_the_pieces():
    fitted = TextPreprocess().fit(SCRIPTS)
    texts = [f"{text} {i % 97}" for i in range(3000) for text in SCRIPTS[:3]]
    expected, found = fitted.examples(texts), {}
    again = pickle.loads(pickle.dumps(fitted))
    threads = [threading.Thread(target=lambda n=n: found.update({n: again.examples(texts)})) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all(np.array_equal(ids, expected) for ids in found.values())


def test_subwords_are_the_word_and_its_ngrams():
    fitted = TextPreprocess(level="subwords", ngrams=(3, 4), buckets=100, ngrams_per_word=6).fit(["the cat", "cat"])
    assert fitted.vocabulary == ("cat", "the") and fitted.vocabulary_size == 2 + 2 + 100
    assert fitted.stored_shape == fitted.input_shape == (2, 7)
    parts = ["<ca", "cat", "at>", "<cat", "cat>"]
    assert fitted.example("CAT").tolist()[0] == [2, *(4 + zlib.crc32(part.encode()) % 100 for part in parts), 0]
    unknown = fitted.example("cats")
    assert unknown[0, 0] == 1 and unknown[0, 1] == fitted.example("cat")[0, 1] and (unknown[1] == 0).all()
    assert (fitted.example("internationalisation")[0] > 0).all(), "a long word has as many n-grams as there is room for"


def test_the_words_of_a_file_fill_the_vocabulary():
    fitted = TextPreprocess(max_vocabulary=4).fit(["b a a"])
    assert fitted.with_words(["a", "c", "d", "d", "e"]).vocabulary == ("a", "b", "c", "d")
    assert TextPreprocess(max_vocabulary=2).fit(["b a a"]).with_words(["c"]).vocabulary == ("a", "b")


@pytest.mark.parametrize(
    ("settings", "word", "token"),
    [
        ({}, "Paris", "paris"),
        ({}, "École", "école"),
        ({}, "New_York", "new_york"),
        ({}, "of-the", None),
        ({}, "\u00a0", None),
        ({"lowercase": False}, "Paris", "Paris"),
        ({"tokenizer": "kim"}, "n't", "n't"),
        ({"tokenizer": "kim"}, "don't", None),
        ({"level": "characters"}, "Ab", None),
        ({"level": "characters"}, "A", "a"),
    ],
)
def test_what_a_word_of_a_file_is_called_here(settings, word, token):
    assert TextPreprocess(**settings).token(word) == token


def test_fit_orders_by_count_then_token():
    fitted = TextPreprocess().fit(iter(TEXTS))
    expected = ("the", ".", "sat", "кот", ",", "cat", "dog", "end", "mat", "on", "ел", "и", "сидел")
    assert fitted.vocabulary[:4] == ("the", ".", "sat", "кот")
    assert fitted.vocabulary == expected and fitted.vocabulary_size == 15
    assert fitted.length == 7 and fitted.fitted and not TextPreprocess().fitted


def test_limits_of_fit():
    assert TextPreprocess(min_count=2).fit(TEXTS).vocabulary == ("the", ".", "sat", "кот")
    assert TextPreprocess(max_vocabulary=2).fit(TEXTS).vocabulary == ("the", ".")
    assert TextPreprocess().fit(["a " * 1000]).length == 400
    assert TextPreprocess(level="characters").fit(["a " * 1000]).length == 1014
    assert TextPreprocess(length=3, vocabulary=("cat",)).fit(TEXTS) == TextPreprocess(length=3, vocabulary=("cat",))
    with pytest.raises(ValueError, match="at least one training text"):
        TextPreprocess().fit([])
    with pytest.raises(ValueError, match="Received: min_count=9"):
        TextPreprocess(min_count=9).fit(TEXTS)


def test_ids_padding_unknown_and_cut():
    preprocess = TextPreprocess(length=5, vocabulary=("кот", "ел"))
    example = preprocess.example("КОТ ел рыбу")
    assert example.tolist() == [2, 3, 1, 0, 0] and example.dtype == preprocess.stored_dtype
    assert preprocess.example("ел " * 9).tolist() == [3] * 5
    assert preprocess.stored_shape == preprocess.input_shape == (5,)


def test_finish_is_the_ids_eager_in_map_and_at_any_batch_size():
    preprocess = TextPreprocess().fit(TEXTS)
    batch = np.stack([preprocess.example(text) for text in TEXTS * 5])
    assert preprocess.finish(batch).dtype == tf.int32
    np.testing.assert_array_equal(preprocess.finish(batch), batch)
    for size in (1, 3, 20):
        data = tf.data.Dataset.from_tensor_slices(batch).batch(size).map(preprocess.finish)
        np.testing.assert_array_equal(np.concatenate(list(data.as_numpy_iterator())), batch)


def test_json_and_pickle_round_trip_after_use():
    adapter = TypeAdapter(TextPreprocess)
    fitted = TextPreprocess().fit(TEXTS)
    ids = fitted.example(TEXTS[2])
    for again in (
        adapter.validate_python(adapter.dump_python(fitted, mode="json")),
        pickle.loads(pickle.dumps(fitted)),
    ):
        assert again == fitted and hash(again) == hash(fitted)
        np.testing.assert_array_equal(again.example(TEXTS[2]), ids)
    assert set(adapter.dump_python(fitted)) == {
        "modality", "level", "tokenizer", "lowercase", "length", "long", "max_vocabulary", "min_count", "alphabet", "order",
        "ngrams", "buckets", "ngrams_per_word", "vocabulary",
    }  # fmt: skip


def test_decode():
    assert TextPreprocess().decode("Привет") == TextPreprocess().decode("Привет".encode()) == "Привет"
    assert TextPreprocess().decode(b"\xef\xbb\xbfabc") == "abc"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "empty text"),
        (" \n\u00a0", "empty text"),
        (b"", "empty text"),
        (b"abc\xff", "not UTF-8 text: byte 0xff at position 3"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not a text: starts like PNG"),
        (b"a\x00b", "not a text: NUL characters"),
        ("\ud800", "half of a surrogate pair"),
        (float("nan"), "not a text: float"),
        (None, "not a text: NoneType"),
        ("a\x00b", "not a text: NUL characters"),
    ],
)
def test_a_bad_input_has_a_short_reason(source, reason):
    with pytest.raises(ValueError, match=reason):
        TextPreprocess().decode(source)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 0}, "Received: length=0"),
        ({"level": "bytes"}, "level"),
        ({"vocabulary": ("a", "b", "a")}, "'a' twice"),
        ({"stem": True}, "stem"),
        ({"ngrams": (4, 3)}, "ngrams=(4, 3)"),
        ({"ngrams": (0, 3)}, "ngrams"),
        ({"buckets": 0}, "Received: buckets=0"),
        ({"tokenizer": "spacy"}, "tokenizer"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        TextPreprocess(**arguments)


def test_real_sentences(shared_data):
    with open(shared_data / "sentences" / "mr.csv", encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    fitted = TextPreprocess().fit(map(TextPreprocess().decode, texts))
    assert fitted.length == max(len(fitted.tokens(text)) for text in texts)
    assert "the" in fitted.vocabulary[:3]
    assert not (np.stack([fitted.example(text) for text in texts[:500]]) == 1).any()


@pytest.mark.parametrize("level", ["words", "subwords", "characters"])
@pytest.mark.parametrize("tokenizer", ["unicode", "whitespace", "kim"])
def test_a_nul_byte_is_an_unknown_character_and_never_padding(level, tokenizer):
    texts = ["a b \0 ab", "a\0b", "\0 \0 b a"]
    preprocess = TextPreprocess(level=level, tokenizer=tokenizer, length=12).fit(texts)
    replaced = [text.replace("\0", "\ufffd") for text in texts]
    assert preprocess == TextPreprocess(level=level, tokenizer=tokenizer, length=12).fit(replaced)
    np.testing.assert_array_equal(preprocess.examples(texts), preprocess.examples(replaced))
    for text, ids in zip(texts, preprocess.examples(texts).reshape(3, 12, -1)[..., 0]):
        assert np.count_nonzero(ids) == len(preprocess.tokens(text)) == np.flatnonzero(ids)[-1] + 1
