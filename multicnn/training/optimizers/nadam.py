"""Nadam with all of its state among its variables."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable("multicnn")
class Nadam(keras.optimizers.Nadam):
    """Keras's Nadam, whose running product of momenta is not among its `variables`.

    So it is lost where a run is saved and goes on, and on JAX, whose steps return the variables, it never changes.
    """

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self._track_variable(self._u_product)
