"""A head without its activation."""

import pytest

from multicnn.blocks import add, chain, conv, dense, drop, flatten, global_average_pool, stage
from multicnn.blocks.linear_logits import with_linear_logits
from multicnn.models import create

BODY = conv(4, 3, activation="relu")
CASES = [
    (chain(BODY, flatten(), dense(3, activation="relu")), chain(BODY, flatten(), dense(3))),
    (
        chain(BODY, stage("head", drop(0.5), conv(3, 1, activation="relu")), global_average_pool()),
        chain(BODY, stage("head", drop(0.5), conv(3, 1)), global_average_pool()),
    ),
    (chain(BODY, global_average_pool(), dense(3)), None),  # as it is
    (chain(BODY, add(BODY, BODY)), None),
    (chain(BODY, dense(3, activation="relu"), stage("end", add(BODY, BODY))), None),
]


@pytest.mark.parametrize(("given", "expected"), CASES)
def test_only_the_head_loses_it(given, expected):
    assert with_linear_logits(given) == (expected or given)


def test_squeezenet_has_a_rectifier_there():
    net = create("squeezenet", 5)
    linear = with_linear_logits(net)
    assert repr(net).count("relu") - repr(linear).count("relu") == 1
