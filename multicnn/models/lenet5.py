"""LeNet-5: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998, figure 2.

    layer   maps   kernel   output (28x28 input, padded to 32x32)
    C1      6      5        28x28
    S2      6      2        14x14
    C3      16     5        10x10
    S4      16     2        5x5
    C5      120    5 (= all of S4)
    F6      84
    output  classes

This is the variant in common use: max pooling for the trainable subsampling, every map of S2 seen by every map of C3, ReLU,
a linear output layer. 61,706 parameters for ten classes.
"""

from functools import partial

from multicnn.blocks import Block, chain, conv, dense, flatten, max_pool, stage


def lenet5(classes: int, *, activation: str = "relu") -> Block:
    """LeNet-5 for (28, 28, 1) pictures, or any input of fixed size."""
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
