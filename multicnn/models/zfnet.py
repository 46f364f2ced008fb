"""ZFNet: Zeiler & Fergus, "Visualizing and understanding convolutional networks", 2014, figure 3.

    layer   layers                                      output (224x224 input)
    conv1   [7, 96], stride 2; pool 3 by 2; norm        55x55
    conv2   [5, 256], stride 2; pool 3 by 2; norm       13x13
    conv3   [3, 384]                                    13x13
    conv4   [3, 384]                                    13x13
    conv5   [3, 256]; pool 3 by 2                       6x6
    fc6     4096
    fc7     4096
    fc8     classes

AlexNet with a smaller window and stride at its entry, which keeps fine detail that AlexNet aliases. ReLU after each layer; the norm
is local response normalisation; dropout halves fc6 and fc7. 62,357,608 parameters for 1000 classes (counted from the table).
"""

from functools import partial

from multicnn.blocks import Block, chain, conv, dense, drop, flatten, max_pool, norm, stage


def zfnet(classes: int, *, width: float = 1.0, dropout: float = 0.5) -> Block:
    """ZFNet for (224, 224, 3) images, or any input of fixed size, 47 steps an axis or more.

    `width` multiplies the channels and units of each layer.
    """
    c = partial(conv, activation="relu", kernel_initializer="he_normal")
    d = partial(dense, activation="relu", kernel_initializer="he_normal")
    pool = max_pool(3, strides=2, padding=((0, 1), (0, 1)))  # sizes round up

    def w(n: int) -> int:
        return int(width * n)

    return chain(
        stage("conv1", c(w(96), 7, strides=2, padding=1), pool, norm("local_response")),
        stage("conv2", c(w(256), 5, strides=2, padding="valid"), pool, norm("local_response")),
        stage("conv3", c(w(384), 3)),
        stage("conv4", c(w(384), 3)),
        stage("conv5", c(w(256), 3), pool),
        stage("fc6", flatten(), d(w(4096)), drop(dropout)),
        stage("fc7", d(w(4096)), drop(dropout)),
        stage("fc8", dense(classes)),
    )
