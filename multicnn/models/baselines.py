"""Baselines to compare every result with: a linear model, and a multilayer perceptron (Rumelhart, Hinton, Williams 1986).

linear    flattened input, classes
mlp       flattened input, hidden layers with ReLU and dropout, classes

`pooled` takes the mean over all positions in place of the flattened input, which asks for one size: on word vectors, a bag of
words.
"""

from multicnn.blocks import Block, chain, dense, drop, flatten, global_average_pool


def _features(pooled: bool) -> Block:
    return global_average_pool() if pooled else flatten()


def linear(classes: int, *, pooled: bool = False) -> Block:
    """A linear model of any input: one dense layer."""
    return chain(_features(pooled), dense(classes))


def mlp(
    classes: int,
    *,
    units: tuple[int, ...] = (128,),
    activation: str = "relu",
    dropout: float = 0.0,
    pooled: bool = False,
) -> Block:
    """A multilayer perceptron on any input: a hidden layer for each number of `units`."""
    hidden = (chain(dense(n, activation=activation), drop(dropout)) for n in units)
    return chain(_features(pooled), *hidden, dense(classes))
