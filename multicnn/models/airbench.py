"""The small network of airbench: Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", 2024, section 3.

    stage    layers                                            output (32x32 input)
    whiten   [2x2, 24] of whitened patches, not trained        31x31
    block1   [3x3, 64], pool 2; [3x3, 64]                      15x15
    block2   [3x3, 256], pool 2; [3x3, 256]                    7x7
    block3   [3x3, 256], pool 2; [3x3, 256]                    3x3
    fc       maximum over what is left, classes / 9

A batch normalization and a GELU after each convolution, the pooling before them. 1.97M parameters. The paper's norms have no
scale, its convolutions begin as identities, and its biases learn 64 times as fast; not so here.
"""

from functools import partial

from multicnn.blocks import Block, activation, chain, conv, dense, global_max_pool, lift, max_pool, norm, stage, whiten

TABLE = {"block1": 1, "block2": 4, "block3": 4}  # stage: times the width

_NORM = norm("batch", momentum=0.6)


def _block(name: str, filters: int) -> Block:
    c = partial(conv, filters, 3, use_bias=False, kernel_initializer="he_normal")
    return stage(name, c(), max_pool(2), _NORM, activation("gelu"), c(norm=_NORM, activation="gelu"))


def airbench(classes: int, *, width: int = 64) -> Block:
    """airbench94, for images of about 32 pixels; its first layer is set by the training examples."""
    return chain(
        stage("whiten", whiten(2), activation("gelu")),
        *(_block(name, times * width) for name, times in TABLE.items()),
        global_max_pool(),
        dense(classes, use_bias=False),
        lift("Rescaling", scale=1 / 9),
    )
