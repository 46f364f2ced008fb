"""TF-IDF in a layer, against scikit-learn's on the same tokens."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from multicnn import layers
from multicnn.blocks import network, tf_idf
from multicnn.modalities.text import ngram_table

PLENTY = 10**6
rng = np.random.default_rng(0)


def texts(n=60, time=23, words=15):
    """Ids of texts of any length, one of them empty, unknown words (1) among them and padding behind."""
    ids = np.minimum(rng.geometric(0.15, (n, time)), words - 1).astype(np.int32)
    lengths = rng.integers(0, time + 1, n)
    lengths[:2] = 0, time
    return np.where(np.arange(time) < lengths[:, None], ids, 0).astype(np.int32)


def ngrams(n):
    """The runs of known tokens of a row of ids, as strings."""

    def runs(row):
        starts = range(len(row))
        each = [row[start : start + size] for size in range(1, n + 1) for start in starts if start + size <= len(row)]
        return [" ".join(map(str, run)) for run in each if min(run) > 1]

    return runs


def layer_of(form, rows, n):
    """The layer whose outputs are its features."""
    model = network(form.block.replaced(units=rows), (None,))
    model.set_weights(form.weights(np.eye(rows), np.zeros(rows)))
    return model


def names(form, n):
    """The runs of the rows, read from the table by hand."""
    _, _, tokens, children, _ = (each.astype(int).tolist() for each in form.weights(np.zeros(1), np.zeros(1)))
    runs = {row: str(tokens[row]) for row in range(children[0])}
    for row in range(len(tokens)):
        runs |= {child: f"{runs[row]} {tokens[child]}" for child in range(children[row], children[row + 1])}
    return [runs[row] for row in range(len(tokens))]


@pytest.mark.parametrize(("n", "most"), [(1, PLENTY), (2, PLENTY), (3, PLENTY), (2, 180), (3, 100)])
def test_the_features_are_those_of_scikit_learn(n, most, monkeypatch):
    monkeypatch.setattr(ngram_table, "_WORDS", n)
    train, other = texts(), texts(20, 31)
    form = ngram_table.linear_form("words", train, np.arange(len(train)), 2, most)
    rows = form.features.shape[1]
    named = names(form, n)
    assert len(set(named)) == rows
    assert rows == min((most - 3) // 5, rows)
    oracle = TfidfVectorizer(analyzer=ngrams(n), sublinear_tf=True, vocabulary=None if most == PLENTY else named)
    expected = oracle.fit_transform(train.tolist()).toarray()
    columns = [oracle.vocabulary_[name] for name in named]
    assert len(columns) == expected.shape[1]
    np.testing.assert_allclose(form.features.toarray(), expected[:, columns], atol=1e-6)
    model = layer_of(form, rows, n)
    for ids, vectors in ((train, expected), (other, oracle.transform(other.tolist()).toarray())):
        np.testing.assert_allclose(model(ids), vectors[:, columns], atol=1e-5)
    # One text alone, more padding, and further ids in each step make no difference.
    together = np.asarray(model(other))
    np.testing.assert_array_equal(model(other[3:4]), together[3:4])
    np.testing.assert_allclose(model(np.pad(other, ((0, 0), (0, 100)))), together, atol=1e-6)
    several = np.stack([other, other + 1], axis=-1)
    of_several = network(tf_idf(n, rows, rows), several.shape[1:])
    of_several.set_weights(model.get_weights())
    np.testing.assert_allclose(of_several(several), together, atol=1e-6)


def test_of_too_many_those_that_most_texts_have_stay():
    train = texts()
    whole = ngram_table.linear_form("words", train, np.arange(len(train)), 2, PLENTY)
    few = ngram_table.linear_form("words", train, np.arange(len(train)), 2, 2 * 6 + 2 + 4 * 10)
    frequency = dict(zip(names(whole, 2), np.asarray((whole.features > 0).sum(axis=0)).ravel()))
    stay = names(few, 2)
    assert 0 < len(stay) < len(frequency)
    assert min(frequency[name] for name in stay) >= max(f for name, f in frequency.items() if name not in stay)
    assert sum(weight.size for weight in few.weights(np.zeros((len(stay), 2)), np.zeros(2))) <= 54


def test_of_very_long_texts_some_are_drawn(monkeypatch):
    train = texts(3000)
    monkeypatch.setattr(ngram_table, "_RUNS", 2 * (train > 1).sum() // 4)
    some = ngram_table.linear_form("words", train, np.arange(7, 3000), 2, PLENTY)
    assert 500 < len(some.rows) < 1000
    alone = ngram_table.linear_form("words", train, some.rows, 2, PLENTY)
    assert (some.features != alone.features).nnz == 0
    assert np.histogram(some.rows, 3)[0].min() > 150


def test_many_outputs_are_summed_in_shards(monkeypatch):
    ids, kernel = texts(), rng.normal(size=(13, 5))
    model = network(tf_idf(1, 13, 5), ids.shape[1:])
    model.layers[1].set_weights([kernel, np.arange(5), *model.layers[1].get_weights()[2:]])
    expected = np.asarray(model(ids))
    monkeypatch.setattr("multicnn.layers.tf_idf._GATHERED", 20)
    np.testing.assert_allclose(model(ids), expected, atol=1e-6)
    assert np.ptp(expected, axis=0).min() > 0.1


def test_neighbours_of_a_long_text_change_no_bit():
    ids = rng.integers(2, 4000, (30, 5000)).astype(np.int32)
    model = network(tf_idf(1, 3998, 4), ids.shape[1:])
    model.set_weights([rng.normal(size=(3998, 4)), rng.normal(size=4), *model.get_weights()[2:]])
    together = np.asarray(model(ids))
    for batch in (*(slice(i, i + 1) for i in range(3)), slice(10, 17)):
        np.testing.assert_array_equal(model(ids[batch]), together[batch])


def test_a_damaged_table_gives_no_error():
    model = network(tf_idf(3, 7, 2), (9,))
    for value in (-5.0, 0.5, 3.0, 2.0**24):
        model.set_weights([np.full(weight.shape, value) for weight in model.get_weights()])
        assert np.isfinite(model(texts(20, 9, 9))).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3, 2), "from 1 to 16. Received: n=0"),
        ((2, 2**24, 2), "Received: rows=16777216"),
        ((2, 3, 2.5), "Received: units=2.5"),
        ((2, 3, 2, 4), "from 1 to 3. Received: branching=4"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.TfIdf(*arguments)
