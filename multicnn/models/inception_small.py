"""A small network of factorised Inception modules.

Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, "Rethinking the Inception architecture for computer vision", 2016, section 3 and
figures 5, 6, 7 and 10; the depth and the widths are ours, for 32 pixels.

    stage     layers                                                  output (32x32 input)   channels
    stem      [3, width]; [3, 2 width]                                32x32                  2 width
    mixed1    figure 5: two 3x3 in the place of 5x5                   32x32                  4 width
    reduced1  figure 10: strided convolutions beside a pool           16x16                  8 width
    mixed2    figure 6: 1xn and nx1 in the place of nxn (n = 7)       16x16                  4 width
    reduced2  figure 10                                               8x8                    8 width
    mixed3    figure 7: 1x3 beside 3x1, and 3x3 before them           8x8                    6 width
    fc        global average, dropout, classes

Batch normalisation and ReLU after each convolution. On one axis a 1xn is a 1x1. 89,882 parameters at width 16, for three
channels and ten classes (counted by `multicnn.blocks.cost`; no paper gives it).
"""

from functools import partial

from multicnn.blocks import Block, average_pool, chain, concat, conv, dense, drop, global_average_pool, max_pool, stage

_c = partial(conv, norm="batch", activation="relu", kernel_initializer="he_normal")


def _pooled(width: int) -> Block:
    return chain(average_pool(3, strides=1, padding="same"), _c(width, 1))


def _figure5(width: int) -> Block:
    double = chain(_c(width, 1), _c(width, 3), _c(width, 3))
    return concat(_c(width, 1), chain(_c(width, 1), _c(width, 3)), double, _pooled(width))


def _figure6(width: int, n: int) -> Block:
    row, column = _c(width, (1, n)), _c(width, (n, 1))
    return concat(
        _c(width, 1),
        chain(_c(width, 1), row, column),
        chain(_c(width, 1), column, row, column, row),
        _pooled(width),
    )


def _figure7(width: int) -> Block:
    split = concat(_c(width, (1, 3)), _c(width, (3, 1)))
    return concat(_c(width, 1), chain(_c(width, 1), split), chain(_c(width, 1), _c(width, 3), split), _pooled(width))


def _figure10(width: int) -> Block:
    single = chain(_c(width, 1), _c(2 * width, 3, strides=2))
    double = chain(_c(width, 1), _c(2 * width, 3), _c(2 * width, 3, strides=2))
    return concat(single, double, max_pool(3, strides=2, padding="same"))


def inception_small(classes: int, *, width: int = 16, n: int = 7, dropout: float = 0.2) -> Block:
    """A small factorised Inception for images of about 32 pixels, or any input; `n` is the length of the factorised kernel."""
    return chain(
        stage("stem", _c(width, 3), _c(2 * width, 3)),
        stage("mixed1", _figure5(width)),
        stage("reduced1", _figure10(width)),
        stage("mixed2", _figure6(width, n)),
        stage("reduced2", _figure10(width)),
        stage("mixed3", _figure7(width)),
        global_average_pool(),
        drop(dropout),
        dense(classes),
    )
