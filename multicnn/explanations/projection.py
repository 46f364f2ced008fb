"""The projection of single responses back to the input, by a deconvolution network (Zeiler and Fergus 2014, section 2.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import numpy as np

from multicnn.explanations.rebuilt import Rebuilt
from multicnn.explanations.stages import Tap
from multicnn.explanations.strongest import FilterResponses
from multicnn.layers.types import Tensor

_AT_ONCE = 32


class Projector:
    """A network run backward from one response at a time, every other one in the stage set to zero.

    Args:
        network: The trained network.
        taps: The stages.
    """

    def __init__(self, network: keras.Model, taps: Sequence[Tap]):
        self._layers = {tap.name: tap.layer for tap in taps}
        self._rebuilt = Rebuilt(network, "deconvnet", sorted(set(self._layers.values())))

    def project(self, responses: FilterResponses, inputs: np.ndarray) -> np.ndarray:
        """Return the strongest responses of a filter at the network's input; of tokens, the share of each in its vector.

        Args:
            responses: The responses of a filter.
            inputs: (n, *input_shape), the network's input of the example of each.

        Returns:
            float32 (n, *positions, channels) of the input; of tokens (n, steps).
        """
        layer = self._layers[responses.stage]
        each = [
            self._of(layer, responses, slice(start, start + _AT_ONCE), inputs)
            for start in range(0, len(inputs), _AT_ONCE)
        ]
        return np.concatenate(each)

    def _of(self, layer: str, responses: FilterResponses, some: slice, inputs: np.ndarray) -> np.ndarray:
        chosen = responses.strongest[some]

        def objective(logits: Tensor, values: Mapping[str, Tensor]) -> Tensor:
            wanted = np.zeros(tuple(values[layer].shape), np.float32)
            for i, response in enumerate(chosen):
                wanted[(i, *response.position, responses.filter)] = response.value
            return keras.ops.sum(values[layer] * wanted)

        run = self._rebuilt.run(inputs[some], objective)
        gradients = {site: run.gradients[site] for site in self._rebuilt.sites}
        if set(gradients) <= {tensor.name for tensor in self._rebuilt.network.inputs}:
            return next(iter(gradients.values()))
        # Vectors of tokens cannot be shown: the share of each is the product with its own.
        return np.sum([(slope * run.values[site]).sum(axis=-1) for site, slope in gradients.items()], axis=0)
