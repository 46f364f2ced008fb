"""Character-level CNNs: Zhang, Zhao, LeCun, "Character-level convolutional networks for text classification", 2015, tables 1, 2.

    layer   kernel   pool   output (1014 characters; large, small)
    conv1   7        3      336 x 1024, 256
    conv2   7        3      110
    conv3   3        -      108
    conv4   3        -      106
    conv5   3        -      104
    conv6   3        3      34 x 1024, 256
    fc7     2048, 1024
    fc8     2048, 1024
    fc9     classes

Valid convolutions and ReLU; dropout 0.5 after fc7 and fc8; weights drawn from a Gaussian of deviation 0.02 (large) and 0.05
(small). The input is one row of zeros and ones a character, of an alphabet of 70, the last character first:
preprocess.level=characters, alphabet=zhang_70, order=backward and length=1014, model.embedding.kind=one_hot.
"""

from functools import partial

from multicnn.blocks import Block, Named, chain, conv, dense, drop, flatten, max_pool, stage

TABLE = {"conv1": (7, 3), "conv2": (7, 3), "conv3": (3, 1), "conv4": (3, 1), "conv5": (3, 1), "conv6": (3, 3)}


def _char_cnn(classes: int, filters: int, units: int, dropout: float, deviation: float) -> Block:
    drawn: Named = ("random_normal", {"stddev": deviation})
    c = partial(conv, filters, padding="valid", activation="relu", kernel_initializer=drawn)
    fc = partial(dense, units, activation="relu", kernel_initializer=drawn)
    convolutions = (
        stage(name, c(kernel), max_pool(pool)) if pool > 1 else stage(name, c(kernel))
        for name, (kernel, pool) in TABLE.items()
    )
    return chain(
        *convolutions,
        stage("fc7", flatten(), fc(), drop(dropout)),
        stage("fc8", fc(), drop(dropout)),
        stage("fc9", dense(classes, kernel_initializer=drawn)),
    )


def char_cnn_large(classes: int, *, filters: int = 1024, units: int = 2048, dropout: float = 0.5) -> Block:
    """The large network, for characters (time, alphabet) of one length; the paper's is 1014."""
    return _char_cnn(classes, filters, units, dropout, deviation=0.02)


def char_cnn_small(classes: int, *, filters: int = 256, units: int = 1024, dropout: float = 0.5) -> Block:
    """The small network."""
    return _char_cnn(classes, filters, units, dropout, deviation=0.05)
