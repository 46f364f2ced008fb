"""The CIFAR ResNets: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2015, section 4.2.

    stage     output (32x32 input)   layers (depth = 6n + 2)
    conv1     32x32                  [3x3, 16]
    conv2_x   32x32                  n x [3x3, 16; 3x3, 16]
    conv3_x   16x16                  n x [3x3, 32; 3x3, 32], first stride 2
    conv4_x   8x8                    n x [3x3, 64; 3x3, 64], first stride 2
    fc        1x1                    global average, classes

Shortcuts are identities; where the channels grow they take every second position and pad with zeros (option A), so they have
no parameters. ResNet-20/32/44/56/110: .27M/.46M/.66M/.85M/1.7M.
"""

from functools import partial

from multicnn.blocks import (
    Block,
    activation,
    add,
    chain,
    conv,
    dense,
    global_average_pool,
    max_pool,
    pad_channels,
    repeat,
    stage,
)

_c = partial(conv, kernel_size=3, norm="batch", kernel_initializer="he_normal")


def _residual(filters: int, strides: int = 1) -> Block:
    main = chain(_c(filters, strides=strides, activation="relu"), _c(filters))
    shortcut = chain() if strides == 1 else chain(max_pool(1, strides=strides), pad_channels(filters))
    return chain(add(main, shortcut), activation("relu"))


def _resnet(classes: int, n: int, width: int) -> Block:
    return chain(
        stage("conv1", _c(width, activation="relu")),
        stage("conv2_x", repeat(n, _residual(width))),
        stage("conv3_x", repeat(n, _residual(2 * width), first=_residual(2 * width, strides=2))),
        stage("conv4_x", repeat(n, _residual(4 * width), first=_residual(4 * width, strides=2))),
        global_average_pool(),
        dense(classes),
    )


def resnet20(classes: int, *, width: int = 16) -> Block:
    """ResNet-20: n = 3."""
    return _resnet(classes, 3, width)


def resnet32(classes: int, *, width: int = 16) -> Block:
    """ResNet-32: n = 5."""
    return _resnet(classes, 5, width)


def resnet44(classes: int, *, width: int = 16) -> Block:
    """ResNet-44: n = 7."""
    return _resnet(classes, 7, width)


def resnet56(classes: int, *, width: int = 16) -> Block:
    """ResNet-56: n = 9."""
    return _resnet(classes, 9, width)


def resnet110(classes: int, *, width: int = 16) -> Block:
    """ResNet-110: n = 18."""
    return _resnet(classes, 18, width)
