"""A network and a baseline in one flat network: its logits are the sum of both, and the network can be taken out again."""

import numpy as np
import pytest
from support.oracles import array, built, example

from multicnn.blocks import (
    activation,
    add,
    average,
    chain,
    conv,
    dense,
    flatten,
    global_average_pool,
    norm,
    rbf,
    scope,
    share,
)
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.predictor import Predictor, load
from multicnn.tasks import Classification
from multicnn.training.blended import blended, of_baseline
from multicnn.training.inner_network import inner_network
from multicnn.training.linear_network import LinearNetwork

SHAPE, CLASSES = (6, 5, 1), 3
POOLED = chain(conv(4, 3, activation="relu"), global_average_pool())
# Networks by what stands between their last weights and the logits, and whether the factor is folded into these weights.
NETWORKS = {
    "dense": (chain(POOLED, dense(3)), True),
    "one leaf": (chain(flatten(), dense(3)), True),
    "convolution and average": (chain(conv(4, 3, activation="relu"), conv(3, 1), global_average_pool()), True),
    "mean of members": (
        average(*(scope(f"member-{i}", chain(POOLED, dense(3))) for i in (1, 2))),
        True,
    ),
    "sum of branches": (add(chain(POOLED, dense(3)), chain(flatten(), dense(3, use_bias=False))), True),
    "norm": (chain(POOLED, dense(3), norm("batch")), False),
    "activation": (chain(POOLED, dense(3), activation("tanh")), False),
    "distances": (chain(POOLED, rbf(3)), False),
    "shared layer": (
        chain(POOLED, dense(4), share(dense(4)), activation("relu"), share(dense(4)), flatten(), dense(3)),
        True,
    ),
    "shared last layer": (chain(POOLED, dense(3), share(dense(3)), activation("relu"), share(dense(3))), False),
}


def predictor(block):
    preprocess = ImagePreprocess(size=SHAPE[:2], channels=1, mean=(0.0,), std=(1.0,))
    return Predictor(preprocess, block, built(block, SHAPE), Classification(("a", "b", "c")), {"seed": 1})


def baseline():
    block = chain(flatten(), dense(CLASSES))
    return LinearNetwork(block, built(block, SHAPE), "pixels, logistic regression")


def logits(network, x):
    return array(network(x, training=False))


@pytest.mark.parametrize("case", NETWORKS)
def test_the_logits_are_those_of_both_times_a_number_each(case, tmp_path):
    block, folded = NETWORKS[case]
    one, linear, x = predictor(block), baseline(), example(SHAPE, 7)
    both = blended(one, linear, (0.25, 1.5))
    expected = 0.25 * logits(one.network, x) + 1.5 * logits(linear.network, x)
    np.testing.assert_allclose(logits(both.network, x), expected, rtol=1e-4, atol=1e-4)
    assert any("scale" in layer.name for layer in both.network.layers) is not folded
    again = load(both.save(tmp_path / "model.keras"))
    assert again.block == both.block
    np.testing.assert_allclose(logits(again.network, x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("case", NETWORKS)
def test_the_network_is_taken_out_with_its_names(case):
    block, _ = NETWORKS[case]
    one, x = predictor(block), example(SHAPE, 7)
    inner = inner_network(blended(one, baseline(), (0.25, 1.5)))
    assert inner.block == block
    assert [layer.name for layer in inner.network.layers] == [layer.name for layer in one.network.layers]
    factor = 0.25 if NETWORKS[case][1] else 1.0
    np.testing.assert_allclose(logits(inner.network, x), factor * logits(one.network, x), rtol=1e-4, atol=1e-4)
    assert inner_network(inner) is inner and inner_network(one) is one


def test_the_baseline_alone():
    linear, x = baseline(), example(SHAPE, 7)
    alone = of_baseline(predictor(NETWORKS["dense"][0]), linear, 0.5)
    np.testing.assert_allclose(logits(alone.network, x), 0.5 * logits(linear.network, x), rtol=1e-5)
    assert alone.block == linear.block and alone.recipe == {"seed": 1}
