"""The Keras layers that Keras lacks. Importing this package makes them known to `keras.saving.load_model`."""

from multicnn.layers.constant_padding import ChannelPadding as ChannelPadding
from multicnn.layers.constant_padding import ConstantPadding as ConstantPadding
from multicnn.layers.masked_windows import MaskedAveragePooling1D as MaskedAveragePooling1D
from multicnn.layers.masked_windows import MaskedConv1D as MaskedConv1D
from multicnn.layers.masked_windows import MaskedDepthwiseConv1D as MaskedDepthwiseConv1D
from multicnn.layers.masked_windows import MaskedFlatten as MaskedFlatten
from multicnn.layers.masked_windows import MaskedGlobalMaxPooling1D as MaskedGlobalMaxPooling1D
from multicnn.layers.masked_windows import MaskedMaxPooling1D as MaskedMaxPooling1D
from multicnn.layers.sub_spectral_normalization import SubSpectralNormalization as SubSpectralNormalization
from multicnn.layers.token_embedding import TokenEmbedding as TokenEmbedding
from multicnn.layers.unequal_depthwise import UnequalDepthwiseConv2D as UnequalDepthwiseConv2D
