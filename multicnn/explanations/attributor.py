"""Attribution for a trained network of any modality: every method by its name, and which of them have a meaning for it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import cast

import keras
import numpy as np

from multicnn.backends import engine
from multicnn.blocks import Block
from multicnn.blocks.cost import Signal
from multicnn.explanations import grad_cam, gradient_maps
from multicnn.explanations.covering import cover
from multicnn.explanations.gradient_maps import Batch
from multicnn.explanations.rebuilt import Rebuilt
from multicnn.explanations.rules import has_relu
from multicnn.explanations.shares import Shares
from multicnn.explanations.token_maps import TokenMaps
from multicnn.modalities import Preprocess
from multicnn.modalities.text.preprocess import TextPreprocess
from multicnn.tasks import Task

_BATCH = 16
# By gradients: the rule for ReLU, and the map.
_GRADIENTS: dict[str, tuple[str, Callable[[Rebuilt, Batch], np.ndarray]]] = {
    "saliency": ("gradient", gradient_maps.gradient_norm),
    "gradient-x-input": ("gradient", gradient_maps.gradient_times_input),
    "integrated-gradients": ("gradient", gradient_maps.integrated_gradients),
    "smoothgrad": ("gradient", gradient_maps.smooth_grad),
    "guided-backprop": ("guided", gradient_maps.gradient_norm),
    "deconvnet": ("deconvnet", gradient_maps.gradient_norm),
}
_CAMS = ("grad-cam", "guided-grad-cam")
METHODS = (*_GRADIENTS, *_CAMS, "occlusion", "n-grams")
_ADDITIVE = ("gradient-x-input", "integrated-gradients")  # whose cells are in units of the logit


@dataclasses.dataclass(frozen=True, eq=False)
class Attributor:
    """Makes maps of what moved the logits of a network.

    Attributes:
        network: The trained network, from the preprocess's input to float32 logits (n, outputs).
        block: The network as a value: it knows the receptive fields.
        preprocess: The fitted preprocess.
        task: The fitted task.
    """

    network: keras.Model
    block: Block
    preprocess: Preprocess
    task: Task

    def __post_init__(self) -> None:
        if self.task.placed or len(self.network.outputs[0].shape) != 2:
            raise ValueError(
                "`predictor` must have one answer for an input, to be explained; here each position has its own. "
                f"Received: task={self.task.name!r}"
            )
        if len(self.network.inputs) != 1:
            names = [tensor.name for tensor in self.network.inputs]
            raise ValueError(f"`predictor` must have one input, to be explained. Received: inputs={names}")

    @functools.cached_property
    def unsuited(self) -> dict[str, str]:
        """The methods that have no meaning for the network, and why."""
        reasons = {}
        sites = self._rebuilt("gradient").sites
        if not sites:
            reasons = dict.fromkeys((*_GRADIENTS, *_CAMS), "it has no gradient for token ids without an embedding")
        elif not has_relu(self.network):
            reasons = dict.fromkeys(("guided-backprop", "deconvnet", "guided-grad-cam"), "it has no ReLU")
        if not grad_cam.default_layers(self.network):
            reasons |= dict.fromkeys(_CAMS, "no layer of it has positions")
        if self.tokens is None or not self.tokens.sums_ngrams:
            reasons["n-grams"] = "its logits are no sum over n-grams"
        return reasons

    @functools.cached_property
    def tokens(self) -> TokenMaps | None:
        """The maps that texts alone have."""
        texts = self.preprocess.tokenized
        return TokenMaps(self.network, cast("TextPreprocess", self.preprocess)) if texts else None

    @property
    def methods(self) -> list[str]:
        """The methods that have a meaning for the network."""
        return [method for method in METHODS if method not in self.unsuited]

    @property
    def default_method(self) -> str:
        """The method where none is named: exact n-grams where the network has them, else that of the modality."""
        suited = self.methods
        for method in ("n-grams", self.preprocess.default_method):
            if method in suited:
                return method
        return "occlusion"

    def check(self, method: str, stage: str | None = None) -> None:
        """Check a method and a stage.

        Raises:
            ValueError: The method is unknown or has no meaning for the network, or the stage is unknown or not for the method.
        """
        if method not in METHODS:
            raise ValueError(f"`method` must be one of {self.methods}. Received: method={method!r}")
        if method in self.unsuited:
            raise ValueError(
                f"`method` must have a meaning for the network, as {self.methods} have; {self.unsuited[method]}. "
                f"Received: method={method!r}"
            )
        if stage is None:
            return
        if method not in _CAMS:
            raise ValueError(f"`stage` is for {' and '.join(_CAMS)}. Received: stage={stage!r}, method={method!r}")
        if not self._layers(stage):
            raise ValueError(f"`stage` must be one of {self.stages}. Received: stage={stage!r}")

    @functools.cached_property
    def stages(self) -> list[str]:
        """The stages whose output has positions."""
        tensors = {
            layer.name: layer.output for layer in self.network.layers if isinstance(layer, keras.layers.Identity)
        }
        known = self._signals
        return [name for name, tensor in tensors.items() if name in known and len(tensor.shape) > 2]

    def layers(self, method: str, stage: str | None = None) -> tuple[str, ...]:
        """Return the layers whose activations a method takes."""
        return () if method not in _CAMS else tuple(self._layers(stage))

    def maps(
        self, method: str, inputs: np.ndarray, columns: np.ndarray, real: np.ndarray, stage: str | None = None
    ) -> np.ndarray:
        """Return the maps of inputs: float32 (n, *preprocess.map_shape), exactly 0 where there is padding.

        Args:
            method: One of `methods`.
            inputs: The network's inputs, (n, *preprocess.input_shape).
            columns: The logit of each that is explained, int (n,).
            real: Where a cell is no padding, bool (n, *preprocess.map_shape).
            stage: The stage of Grad-CAM.
        """
        self.check(method, stage)
        found = [
            self._batch(method, inputs[i : i + _BATCH], columns[i : i + _BATCH], real[i : i + _BATCH], stage)
            for i in range(0, len(inputs), _BATCH)
        ]
        return np.where(real, np.concatenate(found), 0).astype(np.float32)

    def _batch(
        self, method: str, inputs: np.ndarray, columns: np.ndarray, real: np.ndarray, stage: str | None
    ) -> np.ndarray:
        if self.tokens is not None and method in ("occlusion", "n-grams"):
            return self.tokens.maps(method, inputs, columns)
        nothing = inputs if self.tokens is not None else self.preprocess.nothing(inputs)
        if method == "occlusion":
            nothing = np.where(real.reshape(*real.shape, *(1,) * (inputs.ndim - real.ndim)), nothing, inputs)
            box = self.preprocess.occlusion_box
            return np.stack([cover(self.logits, *each, box) for each in zip(inputs, nothing, columns)])
        batch = Batch(inputs, nothing, columns, real)
        if method in _CAMS:
            layers = self._layers(stage)
            cams = gradient_maps.grad_cam(self._rebuilt("gradient", tuple(layers)), batch, layers)
            return cams if method == "grad-cam" else cams * gradient_maps.gradient_norm(self._rebuilt("guided"), batch)
        rule, function = _GRADIENTS[method]
        maps = function(self._rebuilt(rule), batch)
        if self.tokens is not None and method in _ADDITIVE:  # the exact part of a blend with a linear model of n-grams
            maps = maps + self.tokens.of_linear_terms(inputs, columns)
        return maps

    @functools.cached_property
    def logits(self) -> Callable[[np.ndarray], np.ndarray]:
        """The network as a compiled function of a batch of its inputs."""
        return engine.inference(self.network)

    @functools.cached_property
    def shares(self) -> Shares:
        """The shares of the members of a blend or an ensemble in the logits."""
        return Shares(self.network)

    @functools.cached_property
    def _signals(self) -> dict[str, Signal]:
        return grad_cam.signals(self.block, self.preprocess.input_shape)

    def _layers(self, stage: str | None) -> dict[str, Signal | None]:
        """Return the layers of a stage, one in each member of a blend or an ensemble that has it, and their receptive fields."""
        if stage is None:
            names = grad_cam.default_layers(self.network)
        else:
            names = [name for name in self.stages if name == stage or name.endswith(f".{stage}")]
        return {name: grad_cam.signal_of(self._signals, name) for name in names}

    def _rebuilt(self, rule: str, layers: tuple[str, ...] = ()) -> Rebuilt:
        known = self.__dict__.setdefault("_networks", {})  # a rebuilt network is of use for every batch
        if (rule, layers) not in known:
            known[rule, layers] = Rebuilt(self.network, rule, layers)
        return known[rule, layers]
