"""Nadam with all of its state among its variables."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from multicnn.backends import keras_private


@keras.saving.register_keras_serializable("multicnn")
class Nadam(keras.optimizers.Nadam):
    """Keras's Nadam with its running product of momenta among its `variables`, under loss scaling too.

    Otherwise it is lost where a run is saved and resumed, and on JAX, whose steps return the variables, it never changes.
    """

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Make the slots of the variables, and track the product of momenta."""
        if self.built:
            return
        super().build(variables)
        keras_private.track_momentum_product(self)
