"""The head in closed form."""

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import multicnn
from multicnn.backends.processes import Workers
from multicnn.blocks import add, chain, conv, dense, drop, embed, flatten, global_average_pool, max_pool, network, stage
from multicnn.predictor import Predictor
from multicnn.tasks import Classification
from multicnn.training import closed_head
from multicnn.training.evaluator import Evaluator

BODY = stage("body", conv(4, 3, activation="relu"), max_pool(2))
HEADS = {
    "fully connected": chain(BODY, global_average_pool(), drop(0.5), dense(10)),
    "on all positions": chain(BODY, flatten(), dense(10)),
    "a convolution": chain(BODY, stage("head", drop(0.5), conv(10, 1)), global_average_pool()),
}
OTHERS = {
    "a rectifier after it": chain(BODY, conv(10, 1, activation="relu"), global_average_pool()),
    "a window": chain(BODY, conv(10, 3), global_average_pool()),
    "a norm after it": chain(BODY, conv(10, 1, norm="batch"), global_average_pool()),
    "two of them": chain(BODY, global_average_pool(), add(dense(10), dense(10))),
    "no bias": chain(BODY, global_average_pool(), dense(10, use_bias=False)),
    "no layers below": chain(global_average_pool()),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_linear_head(name):
    assert closed_head.linear_head_layer(network(OTHERS[name], (8, 8, 10))) is None


def test_masked_positions_do_not_count():
    assert closed_head.linear_head_layer(network(chain(embed(9, 4), conv(3, 1), global_average_pool()), (6,))) is None


def test_a_head_that_knows_few_examples_by_heart_is_less_sure():
    rng = np.random.default_rng(0)
    task = Classification(("a", "b"))
    y = (np.arange(40) % 2).astype(np.int32)
    noise = rng.normal(size=(40, 200))
    clear = noise * 0.01 + 3 * y[:, None]
    assert closed_head._calibration(noise, y, task) < 0.3 < 0.9 < closed_head._calibration(clear, y, task)


@pytest.mark.parametrize(
    "name", ["a convolution", *(pytest.param(name, marks=pytest.mark.slow) for name in list(HEADS)[:2])]
)
def test_a_head_is_a_logistic_regression_on_the_features(name):
    """As scikit-learn computes it, with the same penalty."""
    keras.utils.set_random_seed(0)
    prepared = multicnn.prepare("digits")
    net = network(HEADS[name], prepared.input_shape)
    layer = closed_head.linear_head_layer(net)
    below = keras.Model(net.input, layer.input)
    before = [np.array(weight) for weight in below.weights]
    predictor = Predictor(prepared.preprocess, HEADS[name], net, prepared.manifest.task)
    evaluator = Evaluator(predictor, prepared.store, prepared.manifest, Workers())
    closed_head.fit(layer, evaluator, prepared.manifest)

    def features(split):
        rows = prepared.manifest.rows(split)
        found = np.array(below(prepared.preprocess.finish(prepared.store.gather(rows))), np.float64)
        return found.reshape(len(found), -1, found.shape[-1]).mean(axis=1), prepared.manifest.targets(rows)

    x, y = features("train")
    oracle = make_pipeline(StandardScaler(), LogisticRegression(C=100 / len(x), max_iter=2000)).fit(x, y)
    x, y = features("test")
    logits = evaluator.logits(prepared.manifest.rows("test"))
    theirs = oracle.predict_log_proba(x)
    ours = np.array(keras.ops.log_softmax(logits))
    scale = np.ptp(ours, axis=1) / np.ptp(theirs, axis=1)  # one number, by which all logits are less sure
    np.testing.assert_allclose(scale, scale[0], rtol=1e-2)
    assert 0.05 <= scale[0] <= 1.01
    np.testing.assert_allclose(ours, np.array(keras.ops.log_softmax(scale[0] * theirs)), atol=2e-2)
    for one, other in zip(before, below.weights, strict=True):
        np.testing.assert_array_equal(one, other)
