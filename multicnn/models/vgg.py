"""VGG: Simonyan & Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015, table 1.

    stage   channels    VGG-11 (A)   13 (B)   16 (D)   19 (E)   output (224x224 input)
    conv1   width       1            2        2        2        112x112
    conv2   2 width     1            2        2        2        56x56
    conv3   4 width     2            2        3        4        28x28
    conv4   8 width     2            2        3        4        14x14
    conv5   8 width     2            2        3        4        7x7
    fc6     hidden
    fc7     hidden
    fc8     classes

3x3 convolutions and ReLU, a maximum over 2x2 at the end of each stage; dropout halves fc6 and fc7. With width 64, hidden 4096 and
1000 classes: 132,863,336 / 133,047,848 / 138,357,544 / 143,667,240 parameters.
"""

from functools import partial

from multicnn.blocks import Block, chain, conv, dense, drop, flatten, max_pool, repeat, stage

TABLE = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
TIMES = (1, 2, 4, 8, 8)  # the width
_c = partial(conv, kernel_size=3, activation="relu", kernel_initializer="he_normal")
_d = partial(dense, activation="relu", kernel_initializer="he_normal")


def stages(depth: int, width: int, pool: Block) -> tuple[Block, ...]:
    """conv1 to conv5 of a VGG, each ending in `pool`."""
    rows = enumerate(zip(TABLE[depth], TIMES), start=1)
    return tuple(stage(f"conv{i}", repeat(n, _c(times * width)), pool) for i, (n, times) in rows)


def _vgg(depth: int, classes: int, width: int, hidden: int, dropout: float) -> Block:
    return chain(
        *stages(depth, width, max_pool(2)),
        stage("fc6", flatten(), _d(hidden), drop(dropout)),
        stage("fc7", _d(hidden), drop(dropout)),
        stage("fc8", dense(classes)),
    )


def vgg11(classes: int, *, width: int = 64, hidden: int = 4096, dropout: float = 0.5) -> Block:
    """VGG-11 (A) for (224, 224, 3) images, or any input of fixed size, 32 steps an axis or more."""
    return _vgg(11, classes, width, hidden, dropout)


def vgg13(classes: int, *, width: int = 64, hidden: int = 4096, dropout: float = 0.5) -> Block:
    """VGG-13 (B)."""
    return _vgg(13, classes, width, hidden, dropout)


def vgg16(classes: int, *, width: int = 64, hidden: int = 4096, dropout: float = 0.5) -> Block:
    """VGG-16 (D)."""
    return _vgg(16, classes, width, hidden, dropout)


def vgg19(classes: int, *, width: int = 64, hidden: int = 4096, dropout: float = 0.5) -> Block:
    """VGG-19 (E)."""
    return _vgg(19, classes, width, hidden, dropout)
