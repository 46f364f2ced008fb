"""Texts: tokens of many scripts, ids, fit, no skew, bad inputs."""

import csv
import pickle

import numpy as np
import pytest
import tensorflow as tf
from pydantic import TypeAdapter

from multicnn.modalities.text import TextPreprocess, augment

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
        "sense", "level", "tokenizer", "lowercase", "length", "max_vocabulary", "min_count", "alphabet", "ngrams", "buckets",
        "ngrams_per_word", "vocabulary",
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
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        TextPreprocess(**arguments)


def test_word_dropout_makes_words_unknown_each_by_its_own_seed():
    ids = np.tile(np.r_[np.arange(2, 42), np.zeros(10, int)].astype(np.int32), (200, 1))
    seeds = np.stack([np.arange(200), np.zeros(200)], 1).astype(np.int32)
    dropped = augment(ids, seeds, word_dropout=0.3).numpy()
    assert dropped.dtype == np.int32 and (dropped[:, 40:] == 0).all()
    changed = dropped != ids
    assert (dropped[changed] == 1).all() and abs(changed[:, :40].mean() - 0.3) < 0.02
    assert len(np.unique(changed, axis=0)) == 200
    data = tf.data.Dataset.from_tensor_slices((ids, seeds)).batch(7).map(lambda i, s: augment(i, s, word_dropout=0.3))
    np.testing.assert_array_equal(np.concatenate(list(data.as_numpy_iterator())), dropped)
    np.testing.assert_array_equal(augment(ids, seeds), ids)
    with pytest.raises(ValueError, match="Received: word_dropout=1"):
        augment(ids, seeds, word_dropout=1.0)


def test_real_sentences(shared_data):
    with open(shared_data / "sentences" / "mr.csv", encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    fitted = TextPreprocess().fit(map(TextPreprocess().decode, texts))
    assert fitted.length == max(len(fitted.tokens(text)) for text in texts)
    assert "the" in fitted.vocabulary[:3]
    assert not (np.stack([fitted.example(text) for text in texts[:500]]) == 1).any()
