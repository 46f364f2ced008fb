"""AlexNet, in two groups and in one tower.

Two groups: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012, figure
2; one tower: Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.

    layer   two groups (227x227 input)                 one tower (224x224 input)       output
    conv1   [11, 96], stride 4; norm; pool 3 by 2      [11, 64], stride 4; pool        27x27
    conv2   [5, 256] in 2 groups; norm; pool 3 by 2    [5, 192]; pool                  13x13
    conv3   [3, 384]                                   [3, 384]                        13x13
    conv4   [3, 384] in 2 groups                       [3, 256]                        13x13
    conv5   [3, 256] in 2 groups; pool 3 by 2          [3, 256]; pool                  6x6
    fc6     4096                                       4096
    fc7     4096                                       4096
    fc8     classes                                    classes

ReLU after each; the norm is local response normalisation, the windows of the pools overlap, dropout keeps half of fc6 and fc7
(and of their inputs in one tower, as in torchvision). 60,965,224 and 61,100,840 parameters for 1000 classes.
"""

from functools import partial

from multicnn.blocks import Block, chain, conv, dense, drop, flatten, max_pool, norm, stage

_c = partial(conv, activation="relu", kernel_initializer="he_normal")
_d = partial(dense, activation="relu", kernel_initializer="he_normal")
_pool = max_pool(3, strides=2)


def alexnet(classes: int, *, width: float = 1.0, dropout: float = 0.5) -> Block:
    """AlexNet of two groups for (227, 227, 3) images, or any input of fixed size, 67 steps an axis or more.

    `width` multiplies the channels and units of each layer.
    """

    def w(n: int) -> int:
        return int(width * n)

    return chain(
        stage("conv1", _c(w(96), 11, strides=4, padding="valid"), norm("local_response"), _pool),
        stage("conv2", _c(w(256), 5, groups=2), norm("local_response"), _pool),
        stage("conv3", _c(w(384), 3)),
        stage("conv4", _c(w(384), 3, groups=2)),
        stage("conv5", _c(w(256), 3, groups=2), _pool),
        stage("fc6", flatten(), _d(w(4096)), drop(dropout)),
        stage("fc7", _d(w(4096)), drop(dropout)),
        stage("fc8", dense(classes)),
    )


def alexnet_one_tower(classes: int, *, width: float = 1.0, dropout: float = 0.5) -> Block:
    """AlexNet of one tower for (224, 224, 3) images, or any input of fixed size, 63 steps an axis or more."""

    def w(n: int) -> int:
        return int(width * n)

    return chain(
        stage("conv1", _c(w(64), 11, strides=4, padding=2), _pool),
        stage("conv2", _c(w(192), 5), _pool),
        stage("conv3", _c(w(384), 3)),
        stage("conv4", _c(w(256), 3)),
        stage("conv5", _c(w(256), 3), _pool),
        stage("fc6", flatten(), drop(dropout), _d(w(4096))),
        stage("fc7", drop(dropout), _d(w(4096))),
        stage("fc8", dense(classes)),
    )
