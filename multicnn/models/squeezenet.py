"""SqueezeNet v1.1.

Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer, "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB
model size", 2016, table 1, as in the authors' release 1.1, which computes 2.4 times less than the paper's.

    stage          squeeze 1x1   expand 1x1 + 3x3   output (227x227 input)
    conv1          [3, 64], stride 2; pool 3 by 2   56x56
    fire2, fire3   16            64 + 64; pool      28x28
    fire4, fire5   32            128 + 128; pool    14x14
    fire6, fire7   48            192 + 192          14x14
    fire8, fire9   64            256 + 256          14x14
    conv10         dropout, [1, classes]            14x14, global average

ReLU after each convolution, conv10 included; the sizes of the pools round up, as in Caffe. 1,235,496 parameters for 1000 classes.
"""

from functools import partial

from multicnn.blocks import Block, chain, concat, conv, drop, global_average_pool, max_pool, stage

_c = partial(conv, activation="relu", kernel_initializer="he_normal")
_pool = max_pool(3, strides=2, padding=((0, 1), (0, 1)))  # sizes round up


def _fire(squeeze: int) -> Block:
    expand = 4 * squeeze
    return chain(_c(squeeze, 1), concat(_c(expand, 1), _c(expand, 3)))


def squeezenet(classes: int, *, width: float = 1.0, dropout: float = 0.5) -> Block:
    """SqueezeNet v1.1 for (227, 227, 3) images, or any input.

    `width` multiplies the channels of each layer.
    """

    def w(n: int) -> int:
        return int(width * n)

    return chain(
        stage("conv1", _c(w(64), 3, strides=2, padding="valid"), _pool),
        stage("fire2", _fire(w(16))),
        stage("fire3", _fire(w(16)), _pool),
        stage("fire4", _fire(w(32))),
        stage("fire5", _fire(w(32)), _pool),
        stage("fire6", _fire(w(48))),
        stage("fire7", _fire(w(48))),
        stage("fire8", _fire(w(64))),
        stage("fire9", _fire(w(64))),
        stage("conv10", drop(dropout), _c(classes, 1)),
        global_average_pool(),
    )
