"""Explanations of a trained predictor: exact sums, the planted word found, and what single texts and many of them say."""

import dataclasses
import json

import keras
import numpy as np
import pandas as pd
import pytest
from support.html import Page

import multicnn
from multicnn import models
from multicnn.blocks import chain, dense, embed, flatten, network
from multicnn.explanations import Explainer
from multicnn.predictor import Predictor
from multicnn.tasks import Classification

FILLER = ("film", "story", "actor", "scene", "и", "он", "a", "the")


def explainer_of(predictor):
    return Explainer(predictor.network, predictor.preprocess, predictor.task)


def written(seed, count):
    """Texts of filler words in which one planted word decides the label."""
    rng, rows = np.random.default_rng(seed), []
    for i in range(count):
        words = list(rng.choice(FILLER, rng.integers(2, 9)))
        words.insert(rng.integers(0, len(words) + 1), ("Ужасно", "прекрасный")[i % 2])
        rows.append((" ".join(words), ("bad", "good")[i % 2]))
    return pd.DataFrame(rows, columns=["text", "label"])


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "reviews.csv"
    written(0, 160).to_csv(path, index=False)
    return path


def trained(texts, level, model, **arguments):
    """A predictor that has learned the two words."""
    preprocess = multicnn.TextPreprocess(level=level).fit(texts["text"])
    keras.utils.set_random_seed(0)
    block = chain(embed(preprocess.vocabulary_size, 8), models.create(model, 2, **arguments))
    built = network(block, preprocess.input_shape)
    built.compile(keras.optimizers.Adam(0.02), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    ids, targets = preprocess.examples(list(texts["text"])), (texts["label"] == "good").to_numpy(np.int32)
    built.fit(ids, targets, batch_size=32, epochs=8, verbose=0)
    made = Predictor(preprocess, block, built, Classification(("bad", "good")))
    assert (made.logits(ids).argmax(axis=1) == targets).all()
    return made


# One that is taken apart, one that is not, and one that reads characters.
KINDS = {
    "textcnn": ("words", "textcnn", {"filters": 6}),
    "linear": ("words", "linear", {"pooled": True}),
    "characters": ("characters", "textcnn", {"filters": 6}),
}


@pytest.fixture(scope="module", params=KINDS)
def predictor(request):
    level, model, arguments = KINDS[request.param]
    return trained(written(0, 160), level, model, **arguments)


TEXTS = ["the film и прекрасный он", "Ужасно", "story scene a the Ужасно film", "прекрасный actor " * 40]


def test_the_planted_word_is_found(predictor):
    for explanation in multicnn.explain_texts(predictor, TEXTS[:3]):
        word = {"good": "прекрасный", "bad": "ужасно"}[explanation.label]
        between = "" if predictor.preprocess.level == "characters" else " "
        best = explanation.ngrams[0]
        assert best.contribution[explanation.column] > 0
        assert best.text == between.join(explanation.tokens[best.start : best.stop])
        at = between.join(explanation.tokens).index(word)
        if between:
            assert word in best.text
            if explanation.method == "occlusion":
                assert explanation.tokens[int(explanation.scores[:, explanation.column].argmax())] == word
        else:
            assert best.start < at + len(word) and best.stop > at  # the n-gram and the word overlap


def test_scores_and_bias_sum_to_the_logits(predictor):
    explainer = explainer_of(predictor)
    logits = predictor.logits(predictor.preprocess.examples(TEXTS))
    for expected, explanation in zip(logits, explainer.explain(TEXTS)):
        np.testing.assert_allclose(explanation.logits, expected, atol=1e-5)
        assert len(explanation.scores) == len(explanation.tokens) <= predictor.preprocess.length
        if explainer.method == "n-grams":
            np.testing.assert_allclose(explanation.scores.sum(axis=0) + explanation.bias, expected, atol=1e-4)
            sums = np.sum([gram.contribution for gram in explanation.ngrams], axis=0)
            np.testing.assert_allclose(sums + explanation.bias, expected, atol=1e-4)


def test_occlusion_is_the_difference_of_two_predictions(predictor):
    explainer = explainer_of(predictor)
    if explainer.method == "n-grams":
        explainer.network, explainer.method = None, "occlusion"
    text, without = "the film и прекрасный он", "the film и он"
    (explanation,) = explainer.explain([text])
    one, other = predictor.logits(predictor.preprocess.examples([text, without]))
    gram = next(gram for gram in explanation.ngrams if gram.text == "прекрасный")
    if predictor.preprocess.level == "characters":  # one of the two spaces stays
        other = predictor.logits(predictor.preprocess.examples(["the film и  он"]))[0]
    np.testing.assert_allclose(gram.contribution, one - other, atol=1e-5)


@pytest.mark.parametrize("model", ["textcnn", "linear"])
def test_what_is_read_backward_is_explained_in_the_order_of_the_text(model):
    text = "the film и прекрасный он"
    forward = multicnn.TextPreprocess(level="characters", length=22).fit([text])
    keras.utils.set_random_seed(0)
    arguments = {"filters": 6} if model == "textcnn" else {"pooled": True}
    block = chain(embed(forward.vocabulary_size, 8), models.create(model, 2, **arguments))
    built = network(block, forward.input_shape)
    two = [dataclasses.replace(forward, order=order) for order in ("forward", "backward")]
    explain = [explainer_of(Predictor(each, block, built, Classification(("bad", "good")))).explain for each in two]
    (mirrored,), (ours,) = explain[0]([text[::-1]]), explain[1]([text])
    assert "".join(ours.tokens) == text[-22:]
    np.testing.assert_array_equal(ours.scores, mirrored.scores[::-1])
    assert [gram.text for gram in ours.ngrams] == [text[-22:][gram.start : gram.stop] for gram in ours.ngrams]
    assert [(22 - gram.stop, 22 - gram.start, gram.contribution) for gram in ours.ngrams] == [
        (gram.start, gram.stop, gram.contribution) for gram in mirrored.ngrams
    ]


def test_over_many_texts(predictor, table, tmp_path):
    findings, explanations = multicnn.explain_data(predictor, table, tmp_path / "page.html", examples=5, top=4)
    assert findings.texts == 160 and len(explanations) == 5
    if predictor.preprocess.level == "words":
        for label, word in (("good", "прекрасный"), ("bad", "ужасно")):
            assert word in findings.classes[label][0]["text"]
            assert 0 < findings.classes[label][0]["texts"] <= 80
    assert bool(findings.filters) == (findings.method == "n-grams")
    weights = getattr(explainer_of(predictor).network, "weights", None)
    for row in findings.filters:
        assert row["weight"] == pytest.approx(
            weights[explainer_of(predictor).network.filters.index(row["filter"])].max()
        )
    json.dumps(findings.to_dict())
    probabilities = [e.probability if e.label == e.truth else 1 - e.probability for e in explanations]
    assert (np.diff(probabilities) > -1e-6).all()  # the least certain of the truth first


def test_a_page_escapes_what_it_shows(table, predictor, tmp_path):
    text = "<script>alert('прекрасный')</script> & film"
    (explanation,) = multicnn.explain_texts(predictor, [text], tmp_path / "page.html", label="bad")
    assert explanation.label == "bad" and explanation.predicted == "good"
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;" in page
    assert len(Page(page).all("span")) >= len(explanation.tokens)


@pytest.mark.parametrize(
    ("texts", "label", "message"),
    [
        ([], None, "`texts` must hold at least one"),
        (["film"], "ugly", "Received: label='ugly'"),
        ([" "], None, "empty"),
    ],
)
def test_mistakes(texts, label, message, predictor):
    with pytest.raises(ValueError, match=message):
        multicnn.explain_texts(predictor, texts, label=label)


def test_pictures_are_not_explained_by_words(tmp_path):
    block = chain(flatten(), dense(2))
    preprocess = multicnn.ImagePreprocess(size=(4, 4), mean=(0.0,), std=(1.0,), channels=1)
    with pytest.raises(ValueError, match="Received: modality='image'"):
        explainer_of(Predictor(preprocess, block, network(block, (4, 4, 1)), Classification(("a", "b"))))
