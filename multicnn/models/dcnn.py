"""DCNN: Kalchbrenner, Grefenstette, Blunsom, "A convolutional neural network for modelling sentences", 2014, section 3 and 5.

                     sentiment, 2 classes   sentiment, 5 classes   questions (TREC)
    word vectors     48                     48                     32
    conv1            6 maps of width 7      6 maps of width 10     5 maps of width 8
    conv2            14 maps of width 5     12 maps of width 7     -
    k at the top     4                      5                      not given; 4 here

A layer is a wide convolution of each row (dimension of the word vectors) by itself, over all maps of the layer below; folding,
the sum of every two neighbouring rows; k-max pooling, k growing with the sentence below the top; tanh. Dropout before the
classes.
"""

from multicnn.blocks import (
    Block,
    activation,
    chain,
    dense,
    drop,
    dynamic_k_max_pool,
    flatten,
    fold,
    k_max_pool,
    row_conv,
    stage,
)


def dcnn(
    classes: int,
    *,
    widths: tuple[int, ...] = (7, 5),
    maps: tuple[int, ...] = (6, 14),
    k_top: int = 4,
    dropout: float = 0.5,
) -> Block:
    """The DCNN of the two-class sentiment experiment, for word vectors (time, dims); each layer halves their rows."""
    if len(widths) != len(maps):
        raise ValueError(f"`maps` must give one number for each of `widths`, {widths}. Received: maps={maps!r}")
    below, layers = 1, []
    for layer, (width, count) in enumerate(zip(widths, maps), start=1):
        top = layer == len(widths)
        # A bias commutes with folding and pooling, after which the paper adds it.
        wide = row_conv(count, width, below=below)
        pooling = k_max_pool(k_top) if top else dynamic_k_max_pool(k_top, layer, len(widths))
        layers.append(stage(f"conv{layer}", wide, fold(count), pooling, activation("tanh")))
        below = count
    return chain(*layers, flatten(), drop(dropout), dense(classes))
