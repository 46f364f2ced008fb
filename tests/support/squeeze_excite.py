"""A file such as a user writes: a Block of one's own, and a network with it."""

import keras

from multicnn.blocks import Block, add, chain, conv, dense, global_average_pool, max_pool, stage


class squeeze_excite(Block):
    """Hu et al. 2018: each channel times a gate, which sees the mean of every channel."""

    ratio: int = 4

    def build(self, x, builder):
        channels = x.shape[-1]
        gate = global_average_pool()(x)
        gate = keras.layers.Dense(channels // self.ratio, activation="relu")(gate)
        gate = keras.layers.Dense(channels, activation="sigmoid")(gate)
        return x * keras.ops.reshape(gate, (-1, *(1,) * (len(x.shape) - 2), channels))


def senet(classes: int, *, width: int = 8) -> Block:
    """A small network, one stage of which is residual."""
    return chain(
        stage("conv1", conv(width, 3, norm="batch", activation="relu"), squeeze_excite()),
        stage("conv2", add(chain(conv(width, 3), squeeze_excite(2)), chain()), max_pool(2)),
        global_average_pool(),
        dense(classes),
    )
