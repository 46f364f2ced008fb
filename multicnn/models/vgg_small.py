"""A small VGG: Simonyan & Zisserman 2015's rule (3x3 convolutions, pooling by 2, twice the channels) at 32 pixels.

    stage    layers                     output (32x32 input)
    conv1    2 x [3, width], pool 2     16x16
    conv2    2 x [3, 2 width], pool 2   8x8
    conv3    3 x [3, 4 width], pool 2   4x4
    fc       global average, dropout, classes

Batch normalisation after each convolution, which the paper predates. 436,458 parameters at width 32, for three channels and
ten classes (counted by `multicnn.blocks.cost`; no paper gives it).
"""

from functools import partial

from multicnn.blocks import Block, chain, conv, dense, drop, global_average_pool, max_pool, repeat, stage

TABLE = {"conv1": (2, 1), "conv2": (2, 2), "conv3": (3, 4)}  # stage: (convolutions, times the width)


def vgg_small(classes: int, *, width: int = 32, dropout: float = 0.5) -> Block:
    """A small VGG for images of about 32 pixels, or any input of at least 8 steps an axis."""
    c = partial(conv, kernel_size=3, norm="batch", activation="relu", kernel_initializer="he_normal")
    stages = (stage(name, repeat(n, c(times * width)), max_pool(2)) for name, (n, times) in TABLE.items())
    return chain(*stages, global_average_pool(), drop(dropout), dense(classes))
