"""The vocabulary: convolutions, poolings, norms and the rest, as Blocks; the only part that knows the rank of a tensor.

    >>> net = chain(conv(64, 3, norm="batch", activation="relu"), max_pool(2), global_max_pool(), dense(10))

The same `net` is one-dimensional on (time, channels) and two-dimensional on (height, width, channels). Where an argument
holds one number per axis, a plain number means the same for each, and a tensor of lower rank takes the leading ones: axis 0
is time for every sound and sentence.
"""

from multicnn.blocks.activation_norm import activation as activation
from multicnn.blocks.activation_norm import drop as drop
from multicnn.blocks.activation_norm import norm as norm
from multicnn.blocks.activation_norm import scale as scale
from multicnn.blocks.base import Block as Block
from multicnn.blocks.base import from_dict as from_dict
from multicnn.blocks.builder import BlockError as BlockError
from multicnn.blocks.combinators import add as add
from multicnn.blocks.combinators import average as average
from multicnn.blocks.combinators import chain as chain
from multicnn.blocks.combinators import concat as concat
from multicnn.blocks.combinators import join as join
from multicnn.blocks.combinators import merged as merged
from multicnn.blocks.combinators import network as network
from multicnn.blocks.combinators import repeat as repeat
from multicnn.blocks.combinators import scope as scope
from multicnn.blocks.combinators import share as share
from multicnn.blocks.combinators import stage as stage
from multicnn.blocks.convolution import conv as conv
from multicnn.blocks.convolution import conv_transpose as conv_transpose
from multicnn.blocks.convolution import depthwise_conv as depthwise_conv
from multicnn.blocks.convolution import fixed_filter as fixed_filter
from multicnn.blocks.convolution import separable_conv as separable_conv
from multicnn.blocks.heads import dense as dense
from multicnn.blocks.heads import lift as lift
from multicnn.blocks.heads import rbf as rbf
from multicnn.blocks.pooling import average_over as average_over
from multicnn.blocks.pooling import average_pool as average_pool
from multicnn.blocks.pooling import dynamic_k_max_pool as dynamic_k_max_pool
from multicnn.blocks.pooling import global_average_pool as global_average_pool
from multicnn.blocks.pooling import global_max_pool as global_max_pool
from multicnn.blocks.pooling import k_max_pool as k_max_pool
from multicnn.blocks.pooling import max_pool as max_pool
from multicnn.blocks.pooling import min_pool as min_pool
from multicnn.blocks.pooling import rms_pool as rms_pool
from multicnn.blocks.pooling import switched as switched
from multicnn.blocks.pooling import unpool as unpool
from multicnn.blocks.pooling import weighted_pool as weighted_pool
from multicnn.blocks.rank import per_axis as per_axis
from multicnn.blocks.rank import rank_of as rank_of
from multicnn.blocks.rows import fold as fold
from multicnn.blocks.rows import row_conv as row_conv
from multicnn.blocks.shaping import bands_to_channels as bands_to_channels
from multicnn.blocks.shaping import cropped as cropped
from multicnn.blocks.shaping import cut_to as cut_to
from multicnn.blocks.shaping import flatten as flatten
from multicnn.blocks.shaping import pad as pad
from multicnn.blocks.shaping import pad_channels as pad_channels
from multicnn.blocks.shaping import take_channels as take_channels
from multicnn.blocks.tokens import embed as embed
from multicnn.blocks.tokens import ngram_bag as ngram_bag
from multicnn.blocks.tokens import one_hot as one_hot
