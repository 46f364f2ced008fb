"""Seven inputs of texts, two of them with a linear model of n-grams too, x three networks: build, step, save, never see padding."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from multicnn import load
from multicnn.blocks import add, chain, conv, embed, global_max_pool, network, scope, share
from multicnn.layers import TokenEmbedding
from multicnn.modalities.text.preprocess import TextPreprocess
from multicnn.modalities.text.stem import TextStem, embedding_block
from multicnn.modalities.text.word_vectors import WordVectors
from multicnn.models import MODELS
from multicnn.predictor import Predictor
from multicnn.recipe import Embedding, Model, Recipe
from multicnn.tasks import Classification
from multicnn.training.model import network_block

TEXTS = [
    "The film is a joy, from first to last.",
    "Фильм - скука; и зачем он?",
    "joy",
    "A long, long, long and tedious film that I did not finish: boring scenes, boring words, nothing else in it.",
    "What a film! What a joy it is...",
    "Ужас, а не фильм",
]
LABELS = np.array([1, 0, 1, 0, 1, 0], np.int32)
INPUTS = {
    "rand": ({}, Embedding()),
    "static": ({}, Embedding(kind="static", vectors="skipgram")),
    "nonstatic": ({}, Embedding(kind="nonstatic", vectors="cbow")),
    "multichannel": ({}, Embedding(kind="multichannel", vectors="fasttext")),
    "one_hot": ({}, Embedding(kind="one_hot")),
    "characters": ({"level": "characters"}, Embedding(kind="one_hot")),
    "subwords": ({"level": "subwords", "buckets": 50, "ngrams_per_word": 6}, Embedding()),
    "rand and n-grams": ({}, Embedding(ngrams=2)),
    "subwords and n-grams": (
        {"level": "subwords", "buckets": 50, "ngrams_per_word": 6},
        Embedding(ngrams=3),
    ),
}
NETWORKS = {
    "textcnn": {"filters": 4},
    "vgg_small": {"width": 4},
    **({"dcnn": {}} if "dcnn" in MODELS else {"res8": {"maps": 4}}),
}


def made(name, model):
    """A predictor of the texts, before any training, and their ids."""
    settings, embedding = INPUTS[name]
    recipe = Recipe(
        preprocess=TextPreprocess(**settings),
        model=Model(name=model, arguments=NETWORKS[model], embedding=dataclasses.replace(embedding, dims=6)),
    )
    preprocess = recipe.preprocess.fit(TEXTS)
    stem = preprocess.stem(recipe, TEXTS, str)
    preprocess, block = stem.preprocess, network_block(recipe, stem, 2)
    keras.utils.set_random_seed(0)
    built, ids = network(block, preprocess.input_shape), preprocess.examples(TEXTS)
    shares, line = stem.initial_weights(built, lambda: ids)
    if embedding.vectors is not None:
        assert shares == {"vectors_types": 1.0, "vectors_tokens": 1.0} and line.startswith(embedding.vectors)
    return Predictor(preprocess, block, built, Classification(("bad", "good")), recipe.to_dict()), ids


def step(model, ids):
    """One step of gradient descent; the loss before it."""
    with tf.GradientTape() as tape:
        logits = model(ids, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(LABELS, logits))
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    keras.optimizers.SGD(0.1).apply_gradients([(tf.convert_to_tensor(g), v) for g, v in zip(gradients, variables)])
    return float(loss)


QUICK = ("subwords",)  # the other inputs of image networks differ in what textcnn shows too
ROWS = [
    pytest.param(name, model, marks=() if model == "textcnn" or name in QUICK else pytest.mark.slow)
    for name in INPUTS
    for model in NETWORKS
]


@pytest.mark.parametrize(("name", "model"), ROWS)
def test_it_builds_learns_and_comes_back(name, model, tmp_path):
    predictor, ids = made(name, model)
    tables = [layer for layer in predictor.network.layers if isinstance(layer, TokenEmbedding)]
    before = [np.array(layer.embeddings) for layer in tables]
    assert np.isfinite(step(predictor.network, ids))
    stays = [np.array_equal(old, layer.embeddings) for old, layer in zip(before, tables)]
    expected = {"static": [True], "multichannel": [True, False], "one_hot": [], "characters": []}.get(name, [False])
    assert stays == expected

    again = load(predictor.save(tmp_path / "model.keras"))
    first, second = predictor.predict(TEXTS), again.predict(TEXTS)
    assert [p.probabilities for p in first] == [p.probabilities for p in second]
    assert again.preprocess == predictor.preprocess and again.block == predictor.block

    longer = network(predictor.block, (ids.shape[1] + 37, *ids.shape[2:]))
    longer.set_weights(predictor.network.get_weights())
    padded = np.pad(ids, [(0, 0), (0, 37), *[(0, 0)] * (ids.ndim - 2)])
    np.testing.assert_allclose(longer(padded), predictor.network(ids), atol=1e-4)


def test_multichannel_is_kims_filters_on_both_channels():
    keras.utils.set_random_seed(1)
    filters = conv(5, 3, padding="valid", use_bias=False)
    static, trained = scope("static", embed(30, 4, trainable=False)), scope("nonstatic", embed(30, 4))
    kim = network(chain(add(chain(static, share(filters)), chain(trained, share(filters))), global_max_pool()), (9,))
    ours = network(chain(embedding_block("multichannel", 30, 4), filters, global_max_pool()), (9,))
    by_shape = sorted(kim.get_weights(), key=lambda w: w.ndim)
    ours.set_weights(by_shape)
    ids = np.random.default_rng(0).integers(1, 30, (4, 9)).astype(np.int32)
    ids[0, 4:] = 0
    np.testing.assert_allclose(ours(ids), kim(ids), atol=1e-5)


@pytest.mark.parametrize("length", [None, 0.35])
def test_given_vectors_have_the_length_that_is_asked_for(length):
    vectors = WordVectors(("film", "joy"), np.array([[3, 4], [6, -8]], np.float32))
    preprocess = TextPreprocess(length=4, vocabulary=("joy", "film", "zigzag"))
    built = network(chain(embedding_block("static", 5, 2), global_max_pool()), (4,))
    embedding = Embedding(kind="static", vectors="v.txt", length=length)
    TextStem(preprocess, Recipe(model=Model(embedding=embedding)), vectors).initial_weights(
        built, lambda: np.array([[2, 3, 4, 0]])
    )
    table = built.get_weights()[0]
    joy, film = np.array([[6, -8], [3, 4]]) if length is None else np.array([[0.6, -0.8], [0.6, 0.8]]) * length
    np.testing.assert_allclose(table[[0, 2, 3]], [[0, 0], joy, film], rtol=1e-6)
    if length is not None:
        np.testing.assert_allclose(np.linalg.norm(table[[1, 4]], axis=1), length, rtol=1e-5)


def test_subwords_tell_unseen_words_apart():
    predictor, _ = made("subwords", "textcnn")
    for first, second in (("qwert", "asdfg"), ("joyful", "dreadful")):
        ids = predictor.preprocess.examples([first, second])
        assert (ids[:, 0, 0] == 1).all()
        logits = predictor.network(ids).numpy()
        assert np.abs(logits[0] - logits[1]).max() > 1e-6


@pytest.mark.parametrize(
    ("level", "embedding", "message"),
    [
        ("characters", Embedding(kind="static", vectors="cbow"), "does not suit characters"),
        ("subwords", Embedding(kind="one_hot"), "does not suit subwords"),
        (
            "words",
            Embedding(kind="static", vectors="nowhere.txt"),
            "'cbow']. Received: model.embedding.vectors='nowhere.txt'",
        ),
    ],
)
def test_what_does_not_go_together_is_told(level, embedding, message):
    with pytest.raises(ValueError) as error:
        TextPreprocess(level=level).check_stem(Recipe(model=Model(embedding=embedding)), str)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("embedding", "message"),
    [
        ({"kind": "static"}, "vectors must be a file or a way to learn them where kind is 'static'"),
        ({"kind": "rand", "vectors": "cbow"}, "kind must be one that takes vectors"),
        ({"kind": "one_hot", "length": 0.5}, "kind must be one that takes vectors"),
        ({"length": 0.5}, "vectors must be given where format or length is"),
        ({"kind": "static", "vectors": "cbow", "length": 0}, "model.embedding.length"),
        ({"kind": "glove"}, "model.embedding.kind"),
    ],
)
def test_a_recipe_says_what_its_embedding_lacks(embedding, message):
    with pytest.raises(ValueError, match=message):
        Recipe.from_dict({"model": {"embedding": embedding}})
