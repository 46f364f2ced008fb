"""Word vectors as a value: neighbours, analogies, and the table that an embedding begins with."""

import numpy as np
import pytest
from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from multicnn.modalities.text.word_vectors import WordVectors, nearest, read, table


@pytest.fixture(scope="module")
def both():
    path = datapath("euclidean_vectors.bin")
    return read(path), KeyedVectors.load_word2vec_format(path, binary=True)


@pytest.mark.parametrize("word", ["the", "australia", "war"])
def test_nearest_words_are_gensims(both, word):
    ours, theirs = both
    found, expected = ours.nearest(word, 7), theirs.most_similar(word, topn=7)
    assert [name for name, _ in found] == [name for name, _ in expected]
    np.testing.assert_allclose([c for _, c in found], [c for _, c in expected], rtol=1e-4)


def test_analogies_are_gensims(both):
    ours, theirs = both
    found = ours.analogy(["australia", "war"], ["the"], 5)
    expected = theirs.most_similar(positive=["australia", "war"], negative=["the"], topn=5)
    assert [name for name, _ in found] == [name for name, _ in expected]


def test_an_analogy_that_is_there_by_making():
    words = ("man", "woman", "king", "queen", "apple")
    vectors = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1], [-1, 0.1, 0.2]], np.float32)
    found = WordVectors(words, vectors).analogy(["king", "woman"], ["man"], 9)
    assert found[0][0] == "queen" and [name for name, _ in found] == ["queen", "apple"]


def test_a_word_without_a_vector_is_named(both):
    with pytest.raises(ValueError, match="Received: word='qwertz'"):
        both[0].nearest("qwertz")


def test_the_table_has_padding_unknown_and_drawn_rows_of_the_same_variance(both):
    vectors = both[0]
    vocabulary = ["the", *(f"never{i}" for i in range(5000)), *vectors.words[100:]]
    made, found = table(vectors, vocabulary, seed=3)
    assert made.shape == (len(vocabulary) + 2, 10) and made.dtype == np.float32
    assert (made[0] == 0).all() and (made[1] != 0).all()
    np.testing.assert_array_equal(made[2], vectors.vector("the"))
    np.testing.assert_array_equal(made[5003:], vectors.vectors[100:])
    assert found.tolist() == [True] + [False] * 5000 + [True] * (len(vectors) - 100)
    drawn, known = made[3:5003], made[2:][found]
    assert drawn.var() == pytest.approx(known.var(), rel=0.02) and abs(drawn.mean()) < 0.01
    assert np.abs(drawn).max() <= np.sqrt(3 * known.var()) * 1.0001
    np.testing.assert_array_equal(made, table(vectors, vocabulary, seed=3)[0])
    assert not np.array_equal(made[3:5003], table(vectors, vocabulary, seed=4)[0][3:5003])


def test_an_unknown_word_comes_from_its_subwords():
    vectors = read(datapath("lee_fasttext_new.bin"))
    made, found = table(vectors, ["the", "theish"])
    assert found.all()
    np.testing.assert_array_equal(made[3], vectors.vector("theish"))


def test_a_table_where_no_word_is_known():
    made, found = table(WordVectors(("a", "b"), np.array([[1, -1], [-1, 1]], np.float32)), ["x"])
    assert not found.any() and np.isfinite(made).all() and (made[2] != 0).all()


def test_words_and_rows_must_be_as_many():
    with pytest.raises(ValueError, match=r"words=1, vectors.shape=\(2, 3\)"):
        WordVectors(("a",), np.zeros((2, 3), np.float32))


def test_the_nearest_of_a_table_are_gensims(both):
    vectors, gensims = both
    vocabulary = [*vectors.words[:300], "no-such-word", *vectors.words[300:]]
    made, found = table(vectors, vocabulary)
    ids = nearest(made, found, k=4)
    assert ids.dtype == np.int32 and ids.shape == (len(vocabulary) + 2, 4)
    for word in vectors.words[::37]:
        expected = {name for name, _ in gensims.most_similar(word, topn=4)}
        assert {vocabulary[i - 2] for i in ids[vocabulary.index(word) + 2]} == expected
    for id in (0, 1, 302):
        assert (ids[id] == id).all()


def test_few_words_are_their_own_nearest():
    made, found = np.eye(5, 3, dtype=np.float32), np.array([True, False, True])
    np.testing.assert_array_equal(nearest(made, found, k=2), np.arange(5)[:, np.newaxis].repeat(2, axis=1))
