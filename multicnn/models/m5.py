"""M5: Dai, Dai, Qu, Li, Das, "Very deep convolutional neural networks for raw waveforms", 2017, table 1.

    stage   layers                 output (32,000 samples)
    conv1   [80, 128], stride 4    8000
            max pool 4             2000
    conv2   [3, 128], pool 4       500
    conv3   [3, 256], pool 4       125
    conv4   [3, 512], pool 4       31
    fc      global average, classes

Batch normalisation and ReLU after each convolution; about 0.56M parameters.
"""

from functools import partial

from multicnn.blocks import Block, chain, conv, dense, global_average_pool, max_pool, stage

TABLE = {"conv2": 1, "conv3": 2, "conv4": 4}  # stage: times the width


def m5(classes: int, *, width: int = 128) -> Block:
    """M5 for waveforms (time, 1), or any long sequence."""
    c = partial(conv, norm="batch", activation="relu", kernel_initializer="he_normal")
    first = stage("conv1", c(width, 80, strides=4), max_pool(4))
    rest = (stage(name, c(times * width, 3), max_pool(4)) for name, times in TABLE.items())
    return chain(first, *rest, global_average_pool(), dense(classes))
