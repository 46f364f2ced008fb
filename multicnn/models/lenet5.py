"""LeNet-5: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998, figure 2.

    layer   maps   kernel   output (28x28 input, padded to 32x32)   trainable parameters in 1998
    C1      6      5        28x28                                   156
    S2      6      2        14x14                                   12
    C3      16     5        10x10                                   1,516
    S4      16     2        5x5                                     32
    C5      120    5 (= all of S4)                                  48,120
    F6      84                                                      10,164
    output  classes                                                 -

`lenet5_1998` is the paper's: 60,000 parameters. `lenet5` is the variant in common use: max pooling for the trainable subsampling,
every map of S2 seen by every map of C3, ReLU, a linear output layer; 61,706 parameters for ten classes.
"""

from functools import partial

from multicnn.blocks import (
    Block,
    activation,
    chain,
    concat,
    conv,
    dense,
    flatten,
    max_pool,
    rbf,
    stage,
    take_channels,
    weighted_pool,
)

# Table I: the maps of S2 that each map of C3 sees; no two see the same, which breaks the symmetry between them.
C3 = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)


def lenet5(classes: int, *, activation: str = "relu") -> Block:
    """LeNet-5 for (28, 28, 1) images, or any input of fixed size."""
    c = partial(conv, activation=activation)
    return chain(
        stage("C1", c(6, 5)),
        stage("S2", max_pool(2)),
        stage("C3", c(16, 5, padding="valid")),
        stage("S4", max_pool(2)),
        stage("C5", flatten(), dense(120, activation=activation)),
        stage("F6", dense(84, activation=activation)),
        dense(classes),
    )


def lenet5_1998(classes: int) -> Block:
    """LeNet-5 as published, for (28, 28, 1) images, or any input of fixed size.

    The output is the distance to a fixed code of each class, negated so that the nearest has the largest logit.
    """
    c = partial(conv, kernel_size=5, activation="lecun_tanh")
    squashed = activation("lecun_tanh")
    return chain(
        stage("C1", c(6)),
        stage("S2", weighted_pool(2), squashed),
        stage("C3", concat(*(chain(take_channels(*maps), c(1, padding="valid")) for maps in C3))),
        stage("S4", weighted_pool(2), squashed),
        stage("C5", flatten(), dense(120, activation="lecun_tanh")),
        stage("F6", dense(84, activation="lecun_tanh")),
        rbf(classes),
    )
