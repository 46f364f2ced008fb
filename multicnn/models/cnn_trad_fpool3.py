"""cnn-trad-fpool3: Sainath & Parada, "Convolutional neural networks for small-footprint keyword spotting", 2015, table 1.

    layer   kernel (time x mel)   maps   pool (mel)   output (32 frames x 40 bands)   weights   multiplications
    conv1   20 x 8                64     3            13 x 11                         10.2k     4.4M
    conv2   10 x 4                64     1            4 x 8                           163.8k    5.2M
    lin     32                                                                        65.5k     65.5k
    dnn     128                                                                       4.1k      4.1k
    softmax classes (4)                                                               0.5k      0.5k

Valid convolutions and ReLU; `lin` is linear, of low rank, to keep the weights few.
"""

from functools import partial

from multicnn.blocks import Block, chain, conv, dense, flatten, max_pool, stage


def cnn_trad_fpool3(classes: int, *, filters: int = 64, low_rank: int = 32, units: int = 128) -> Block:
    """cnn-trad-fpool3 for (time, mel, 1) log-mels of one length, at least 29 frames and 19 bands."""
    c = partial(conv, filters, padding="valid", activation="relu")
    return chain(
        stage("conv1", c((20, 8)), max_pool((1, 3))),
        stage("conv2", c((10, 4))),
        stage("lin", flatten(), dense(low_rank)),
        stage("dnn", dense(units, activation="relu")),
        dense(classes),
    )
