"""Scripts without spaces between words: characters are the tokens by default, and every other text is as it was."""

import csv

import numpy as np
import pytest

from multicnn.modalities.text import scripts
from multicnn.modalities.text.baseline import tf_idf
from multicnn.modalities.text.preprocess import TextPreprocess
from multicnn.training.setup import settled

CHINESE, JAPANESE = "这部电影非常好看，我很喜欢。", "この映画はとても面白かった。"
THAI = "หนังเรื่องนี้สนุกมากและนักแสดงเล่นดีมาก"
KHMER, LAO = "ខ្ញុំចូលចិត្តខ្សែភាពយន្តនេះ", "ຂ້ອຍມັກຮູບເງົາເລື່ອງນີ້ຫຼາຍ"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (CHINESE, True),
        (JAPANESE, True),
        (THAI, True),
        (f"{THAI} {THAI}", True),
        (KHMER, True),
        (LAO, True),
        ("好评", True),
        ("这部 电影 非常 好看 我 很 喜欢", False),
        ("หนัง เรื่อง นี้ สนุก มาก และ นักแสดง เล่น ดี มาก", False),
        ("a good film", False),
        ("хороший фильм", False),
        ("좋은 영화였습니다 정말로", False),
        ("यह फ़िल्म अच्छी है", False),
        ("iPhone 手机 review of a new phone", False),
        ("", False),
        ("12 :) !", False),
    ],
)
def test_texts_without_spaces_between_words(text, answer):
    assert scripts.unspaced(text) == answer
    assert scripts.share([text, text.encode()]) == answer


def write(path, texts):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *((text, i % 2) for i, text in enumerate(texts))])
    return path


@pytest.mark.parametrize(
    ("texts", "settings", "level", "message", "decision"),
    [
        ([CHINESE, JAPANESE], [], "characters", "100% of the texts are in a script without spaces", False),
        ([THAI], ["preprocess.lowercase=false"], "characters", "the tokens are characters (preprocess.level)", False),
        ([THAI], ["preprocess.level=words"], "words", "set preprocess.level=characters", True),
        (
            [CHINESE],
            ["model.embedding.kind=nonstatic", "model.embedding.vectors=skipgram"],
            None,
            "set preprocess.level",
            True,
        ),
        ([CHINESE, "a film", "so so", "never"], [], None, "% of the texts are in a script without spaces", True),
        (["a good film", "ein Film"], [], None, None, None),
    ],
)
def test_the_level_that_suits_a_script(tmp_path, texts, settings, level, message, decision):
    path = write(tmp_path / "t.csv", [f"{text} {i}" for i in range(8) for text in texts])
    recipe, manifest = settled(path, settings, {})
    assert getattr(recipe.preprocess, "level", None) == level
    assert getattr(recipe.preprocess, "lowercase", True) == ("preprocess.lowercase=false" not in settings)
    assert [(message in remark.message, remark.decision) for remark in manifest.remarks] == (
        [(True, decision)] if message else []
    )


def test_the_probe_and_the_baseline_see_characters():
    probe = TextPreprocess().probe()
    assert probe.example(CHINESE)["words"] == len(CHINESE)
    assert probe.example("two words, 好看")["words"] == 5
    features, others, name = tf_idf([CHINESE, JAPANESE], ["好看"])
    assert name.startswith("TF-IDF of characters") and others.nnz == 3
    expected = ["a", "a film", "film"]
    features, _, name = tf_idf(["A film", "film"], ["a"])
    assert (
        name == "TF-IDF of words and word pairs"
        and features.shape == (2, len(expected))
        and features.dtype == np.float32
    )
