"""The vocabulary: convolutions, poolings, norms and the rest, as Blocks; the only part that knows the rank of a tensor.

    >>> net = chain(conv(64, 3, norm="batch", activation="relu"), max_pool(2), global_max_pool(), dense(10))
    >>> network(net, (32, 32, 3)).output_shape
    (None, 10)
    >>> network(net, (400, 40)).output_shape
    (None, 10)

The same `net` is one-dimensional on (time, channels) and two-dimensional on (height, width, channels). Where an argument
holds one number per axis, a plain number means the same for each, and a tensor of lower rank takes the leading ones: axis 0
is time for all audio and text.
"""

from multicnn.blocks.activation_norm import activation, drop, norm, scale
from multicnn.blocks.base import Block, from_dict, unknown_kinds
from multicnn.blocks.builder import BlockError, KerasBuilder
from multicnn.blocks.combinators import add, average, chain, concat, join, merged, network, repeat, scope, share, stage
from multicnn.blocks.convolution import conv, conv_transpose, depthwise_conv, separable_conv
from multicnn.blocks.filters import fixed_filter
from multicnn.blocks.heads import dense, lift, rbf
from multicnn.blocks.packed import given_only, unpacked, vector_slice, where_given
from multicnn.blocks.pooling import (
    average_over,
    average_pool,
    dynamic_k_max_pool,
    global_average_pool,
    global_max_pool,
    k_max_pool,
    max_pool,
    min_pool,
    rms_pool,
    switched,
    unpool,
    weighted_pool,
)
from multicnn.blocks.positions import concat_positions, fcos_head, flatten_positions
from multicnn.blocks.probabilistic_pooling import probabilistic_max_pool
from multicnn.blocks.rank import Named, per_axis, rank_of
from multicnn.blocks.rows import fold, row_conv
from multicnn.blocks.shaping import bands_to_channels, cropped, cut_to, flatten, pad, pad_channels, take_channels
from multicnn.blocks.signal import Cost, Signal
from multicnn.blocks.summaries import adaptive_average_pool, band_levels, deviation_over
from multicnn.blocks.tokens import embed, ngram_bag, one_hot, tf_idf
from multicnn.blocks.weighted_pooling import weighted_average_pool
from multicnn.blocks.whitening import whiten

__all__ = [
    "Block",
    "BlockError",
    "Cost",
    "KerasBuilder",
    "Named",
    "Signal",
    "activation",
    "adaptive_average_pool",
    "add",
    "average",
    "average_over",
    "average_pool",
    "band_levels",
    "bands_to_channels",
    "chain",
    "concat",
    "concat_positions",
    "conv",
    "conv_transpose",
    "cropped",
    "cut_to",
    "dense",
    "depthwise_conv",
    "deviation_over",
    "drop",
    "dynamic_k_max_pool",
    "embed",
    "fcos_head",
    "fixed_filter",
    "flatten",
    "flatten_positions",
    "fold",
    "from_dict",
    "given_only",
    "global_average_pool",
    "global_max_pool",
    "join",
    "k_max_pool",
    "lift",
    "max_pool",
    "merged",
    "min_pool",
    "network",
    "ngram_bag",
    "norm",
    "one_hot",
    "pad",
    "pad_channels",
    "per_axis",
    "probabilistic_max_pool",
    "rank_of",
    "rbf",
    "repeat",
    "rms_pool",
    "row_conv",
    "scale",
    "scope",
    "separable_conv",
    "share",
    "stage",
    "switched",
    "take_channels",
    "tf_idf",
    "unknown_kinds",
    "unpacked",
    "unpool",
    "vector_slice",
    "weighted_average_pool",
    "weighted_pool",
    "where_given",
    "whiten",
]
