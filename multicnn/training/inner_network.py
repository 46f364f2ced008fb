"""The network inside a predictor that was blended with a linear baseline."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import keras

from multicnn.blocks import Block, add, chain, network, scope
from multicnn.predictor import Predictor

NETWORK, BASELINE = "network", "baseline"  # the scopes of the two


def inner_network(predictor: Predictor) -> Predictor:
    """Return the network of a blended predictor alone, with the names that its layers had when it was trained.

    Its logits are times the positive number by which they stand in the blend. Another predictor is returned as it is.
    """
    block = _network_block(predictor.block)
    if block is None:
        return predictor
    built = network(block, predictor.preprocess.input_shape, dtype="float32")
    weights = {layer.name: layer.get_weights() for layer in predictor.network.layers}
    for layer in built.layers:
        if layer.weights:
            layer.set_weights(weights[f"main.{NETWORK}.{layer.name}"])
    return dataclasses.replace(predictor, block=block, network=built)


def network_of_file(predictor: Predictor, argument: str, path: str) -> Predictor:
    """Return the network of a predictor that was loaded from a file, as `inner_network`.

    Raises:
        ValueError: The file holds no network, since its run saved the linear baseline alone.
    """
    saved = predictor.metrics.get("saved")
    if isinstance(saved, Mapping) and saved.get("choice") == "baseline":
        raise ValueError(
            f"`{argument}` must hold a network; this file holds the linear baseline alone: train again with --plain. "
            f"Received: {argument}={path!r}"
        )
    return inner_network(predictor)


def stage_name(block: Block, name: str) -> str:
    """Return the name of a stage as options take it: in a blend, that which it has in the network alone.

    Args:
        block: The Block of a predictor.
        name: The name of the stage in that Block.
    """
    if _network_block(block) is None:
        return name
    return name.removeprefix(f"main.{NETWORK}.").replace(f"shortcut.{BASELINE}.", "linear baseline: ", 1)


def copy_weights(source: keras.Model, target: keras.Model, path: str) -> None:
    """Copy the weights of a network into the layers of a larger one that stand below a path there."""
    weights = {layer.name: layer.get_weights() for layer in source.layers}
    for layer in target.layers:
        if layer.weights and layer.name.startswith(path):
            layer.set_weights(weights[layer.name.removeprefix(path)])


def _network_block(block: Block) -> Block | None:
    """Return the Block of the network in a blend; None of any other Block."""
    if not isinstance(block, add) or len(block.blocks) != 2:
        return None
    main, other = block.blocks
    main = main.blocks[0] if isinstance(main, chain) and main.blocks else main  # with a factor behind it
    scopes = isinstance(main, scope) and main.name == NETWORK, isinstance(other, scope) and other.name == BASELINE
    return main.block if all(scopes) and isinstance(main, scope) else None
