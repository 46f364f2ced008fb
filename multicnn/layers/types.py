"""Names of types that the layers share."""

from typing import TYPE_CHECKING, Any, TypeAlias

import keras

Tensor: TypeAlias = Any  # the backend's own, or a keras.KerasTensor while a model is built
Shape: TypeAlias = tuple[Any, ...]  # whole numbers; None for a size that is not known

# The base of a mixin that is laid over a layer of Keras.
if TYPE_CHECKING:
    LayerMixin = keras.layers.Layer
else:
    LayerMixin = object
