"""Word vectors from texts: gensim's own, the same for the same seed, and sensible."""

import numpy as np
import pytest
from gensim.models import FastText, Word2Vec

from multicnn.modalities.text.word_vectors import learn

SUBJECTS = {"cat": "meows", "dog": "barks", "cow": "moos"}


def texts(n=600):
    rng = np.random.default_rng(0)
    animals, days = list(SUBJECTS), ["monday", "tuesday", "friday"]
    made = []
    for _ in range(n):
        made.append(["the", animals[rng.integers(3)], "eats", "on", days[rng.integers(3)], "again"])
    return made


@pytest.mark.parametrize("kind", ["cbow", "skipgram", "fasttext"])
def test_the_vectors_are_gensims_own(kind):
    ours = learn(texts(), kind, dims=8, epochs=2, seed=7)
    settings = {"vector_size": 8, "min_count": 5, "window": 5, "seed": 7, "workers": 1, "epochs": 2}
    if kind == "fasttext":
        theirs = FastText(texts(), sg=1, bucket=200_000, **settings).wv
        np.testing.assert_array_equal(ours.vector("mondays"), theirs.get_vector("mondays"))
    else:
        theirs = Word2Vec(texts(), sg=int(kind == "skipgram"), **settings).wv
    assert ours.words == tuple(theirs.index_to_key)
    np.testing.assert_array_equal(ours.vectors, theirs.vectors)
    assert not np.array_equal(ours.vectors, learn(texts(), kind, dims=8, epochs=2, seed=8).vectors)


def test_words_of_one_kind_are_neighbours():
    vectors = learn(texts(), "skipgram", dims=16, epochs=15, window=2)
    assert {name for name, _ in vectors.nearest("monday", 2)} == {"tuesday", "friday"}


def test_no_word_of_a_long_text_is_lost():
    long = ["early", "words"] * 6000 + ["late", "news"] * 600
    assert "late" in learn([long], dims=4, epochs=1)


@pytest.mark.parametrize(
    ("texts", "kind", "message"),
    [
        ([["a", "b"]], "skipgram", "Received: min_count=5"),
        ([["one"] * 50], "cbow", "two words or more"),
        ([], "fasttext", "two words or more"),
        ([["a"]], "glove", "Received: kind='glove'"),
    ],
)
def test_what_cannot_be_learned_from(texts, kind, message):
    with pytest.raises(ValueError, match=message):
        learn(texts, kind)
