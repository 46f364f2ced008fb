"""Weights from elsewhere: what another library calls each of our layers, and how it lays out their arrays.

net = network(create("resnet18", 1000), (224, 224, 3))
port(net, {name: tensor.numpy() for name, tensor in module.state_dict().items()}, SOURCES["torchvision"]["resnet18"])
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import keras

from multicnn.backends import keras_private
from multicnn.models import resnet, vgg

KERAS = {name: f"/{name}" for name in ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")}
TORCH = {
    "kernel": ".weight",
    "bias": ".bias",
    "gamma": ".weight",
    "beta": ".bias",
    "moving_mean": ".running_mean",
    "moving_variance": ".running_var",
}


@dataclass(frozen=True)
class Source:
    """The names and the layout that a library gives to the weights of one model.

    Args:
        layers: Our name of each layer with weights -> theirs.
        arrays: Keras's name of an array -> what theirs adds to the layer's name.
        channels_first: Kernels are (out, in, *spatial) and features are flattened channel by channel, as in PyTorch;
            else (*spatial, in, out), as in Keras.
        epsilon: The epsilon of their batch normalisation.
        mean: The weights were trained on images (pixels / 255 - mean) / std, for red, green and blue.
        std: The divisor of the pixels, as `mean`.
        bgr: Its channels were blue, green and red; the first of `layers` sees them.
        arguments: Our model's hyperparameters that make it theirs.
    """

    layers: Mapping[str, str]
    arrays: Mapping[str, str]
    channels_first: bool = False
    epsilon: float = 1e-5
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    bgr: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)


def port(network: keras.Model, arrays: Mapping[str, Any], source: Source) -> list[str]:
    """Give the layers of a network the weights of another library.

    A convolution's bias that ours does without is folded into the moving mean of the norm after it, and a difference of epsilon
    into the moving variance, so that the function is the same.

    Args:
        network: A network of the model that `source` describes.
        arrays: NumPy arrays by the library's names: a `state_dict`, an opened .npz, the weights of a Keras model.
        source: Their names and layout.

    Returns:
        The layers with weights that `source` does not name, and which stay as they are.

    Raises:
        ValueError: A layer or an array is missing, or its shape is another; nothing is changed then.
    """
    ours = {layer.name: layer for layer in network.layers if layer.weights}
    missing = [path for path in source.layers if path not in ours]
    if missing:
        raise ValueError(f"`source` names layers that `network` lacks. Received: source.layers={missing}")
    found = []
    for path in source.layers:
        for weight in ours[path].weights:
            array = _array(ours, path, weight, arrays, source)
            if tuple(array.shape) != tuple(weight.shape):
                raise ValueError(
                    f"`arrays` must give {path!r} a {weight.name} of shape {tuple(weight.shape)}. "
                    f"Received: arrays of shape {tuple(array.shape)}"
                )
            found.append((weight, array))
    for weight, array in found:
        weight.assign(array)
    return [path for path in ours if path not in source.layers]


def translate(network: keras.Model, arrays: Mapping[str, Any], source: Source) -> dict[str, dict[str, Any]]:
    """Return the arrays of another library under our names and in our layout, for networks that differ in some layers.

    Args:
        network: A network of the model that `source` describes.
        arrays: NumPy arrays by the library's names.
        source: Their names and layout.

    Returns:
        Our name of a layer -> Keras's name of an array -> the array, for red, green and blue, whether or not it has the shape
        of the network's own. Layers that one of the two lacks are left out.
    """
    ours = {layer.name: layer for layer in network.layers if layer.weights}
    found = {}
    for path in source.layers:
        with suppress(ValueError, KeyError):
            found[path] = {weight.name: _array(ours, path, weight, arrays, source) for weight in ours[path].weights}
    first = found.get(next(iter(source.layers)))
    if source.bgr and first is not None and first["kernel"].shape[-2] == 3:
        first["kernel"] = first["kernel"][..., ::-1, :]
    return found


def source_of(model: str, names: Collection[str]) -> Source | None:
    """Return the library that names the arrays of a model so; None if none is known."""
    candidates = [models[model] for models in SOURCES.values() if model in models]

    def known(source: Source) -> int:
        return sum(layer + source.arrays["kernel"] in names for layer in source.layers.values())

    best = max(candidates, key=known, default=None)
    return best if best is not None and known(best) else None


def _array(ours: Mapping[str, Any], path: str, weight: Any, arrays: Mapping[str, Any], source: Source) -> Any:
    """Return the array that `weight` of the layer at `path` becomes."""
    layer, name = ours[path], source.layers[path] + source.arrays[weight.name]
    if name not in arrays:
        raise ValueError(f"`arrays` must hold {name!r} for {path!r}. Received: arrays={sorted(arrays)}")
    array = arrays[name]
    if weight.name == "kernel" and source.channels_first:
        array = _channels_last(array, _flattened(layer))
    elif weight.name == "moving_mean":
        before = path.removesuffix(".norm")
        bias = source.layers.get(before, "") + source.arrays["bias"]
        if before != path and bias in arrays and not ours[before].use_bias:
            array = array - arrays[bias]
    elif weight.name == "moving_variance":
        array = array + (source.epsilon - layer.epsilon)
    return array


def _channels_last(kernel: Any, flattened: tuple[int, ...] | None) -> Any:
    if flattened is not None:
        *spatial, channels = flattened
        kernel = kernel.reshape(-1, channels, *spatial)
    kernel = kernel.transpose(*range(2, kernel.ndim), 1, 0)
    return kernel if flattened is None else kernel.reshape(-1, kernel.shape[-1])


def _flattened(layer: keras.Layer) -> tuple[int, ...] | None:
    """Return the shape (*spatial, channels) that was flattened for a dense layer, None if nothing was."""
    while isinstance(layer.input, keras.KerasTensor):
        layer = keras_private.operation_of(layer.input)
        if isinstance(layer, keras.layers.Flatten):
            return tuple(layer.input.shape[1:])
        if layer.weights or isinstance(layer, keras.layers.InputLayer):
            break
    return None


# What the layers are called. ------------------------------------------------------------------------------------------

ALEXNET_TORCHVISION = {
    "conv1.conv": "features.0",
    "conv2.conv": "features.3",
    "conv3.conv": "features.6",
    "conv4.conv": "features.8",
    "conv5.conv": "features.10",
    "fc6.dense": "classifier.1",
    "fc7.dense": "classifier.4",
    "fc8.dense": "classifier.6",
}
SQUEEZENET_CAFFE: dict[str, Any] = {
    "conv1.conv": "conv1",
    **{f"fire{i}.conv": f"fire{i}/squeeze1x1" for i in range(2, 10)},
    **{f"fire{i}.concat.1.conv": f"fire{i}/expand1x1" for i in range(2, 10)},
    **{f"fire{i}.concat.2.conv": f"fire{i}/expand3x3" for i in range(2, 10)},
    "conv10.conv": "conv10",
}
_FIRES = dict(zip(range(2, 10), (3, 4, 6, 7, 9, 10, 11, 12)))  # their index among all layers of `features`
SQUEEZENET_TORCHVISION: dict[str, str] = {
    "conv1.conv": "features.0",
    **{f"fire{i}.conv": f"features.{at}.squeeze" for i, at in _FIRES.items()},
    **{f"fire{i}.concat.1.conv": f"features.{at}.expand1x1" for i, at in _FIRES.items()},
    **{f"fire{i}.concat.2.conv": f"features.{at}.expand3x3" for i, at in _FIRES.items()},
    "conv10.conv": "classifier.1",
}


def _vgg_keras(depth: int) -> dict[str, str]:
    convolutions = {
        f"conv{i}.{copy}.conv": f"block{i}_conv{copy}"
        for i, n in enumerate(vgg.TABLE[depth], start=1)
        for copy in range(1, n + 1)
    }
    return {**convolutions, "fc6.dense": "fc1", "fc7.dense": "fc2", "fc8.dense": "predictions"}


def _vgg_torchvision(depth: int) -> dict[str, str]:
    names: dict[str, str] = {}
    index = 0  # of the convolution among all layers of `features`: each has a ReLU after it, each stage a pool
    for i, n in enumerate(vgg.TABLE[depth], start=1):
        names |= {f"conv{i}.{copy + 1}.conv": f"features.{index + 2 * copy}" for copy in range(n)}
        index += 2 * n + 1
    return {**names, "fc6.dense": "classifier.0", "fc7.dense": "classifier.3", "fc8.dense": "classifier.6"}


def _resnet(
    depth: int, entry: tuple[str, str], of_block: Callable[..., tuple[str, str]], output: str
) -> dict[str, str]:
    """Return the names of a ResNet's layers.

    `of_block(stage, copy, i)` gives those of the i-th convolution of a block, from 1, and its norm; i = 0 is the shortcut's.
    """
    bottleneck = depth >= 50
    parts = ("shortcut.conv", "main.conv", "main.conv_2", "main.conv_3")[: 4 if bottleneck else 3]
    names = dict(zip(("conv1.conv", "conv1.conv.norm"), entry))
    for stage, n in enumerate(resnet.TABLE[depth], start=1):
        for copy in range(1, n + 1):
            projected = copy == 1 and (stage > 1 or bottleneck)
            for i, part in enumerate(parts):
                if i > 0 or projected:
                    path = f"conv{stage + 1}_x.{copy}.add.{part}"
                    names[path], names[f"{path}.norm"] = of_block(stage, copy, i)
    return {**names, "dense": output}


def _block_keras(stage: int, copy: int, i: int) -> tuple[str, str]:
    block = f"conv{stage + 1}_block{copy}_{i}"
    return f"{block}_conv", f"{block}_bn"


def _block_torchvision(stage: int, copy: int, i: int) -> tuple[str, str]:
    block = f"layer{stage}.{copy - 1}"
    return (f"{block}.conv{i}", f"{block}.bn{i}") if i else (f"{block}.downsample.0", f"{block}.downsample.1")


# How images were centred and scaled: Caffe's way took the mean off the 8-bit values, and left them so.
_CAFFE: dict[str, Any] = {
    "mean": (122.679 / 255, 116.669 / 255, 104.006 / 255),
    "std": (1 / 255, 1 / 255, 1 / 255),
    "bgr": True,
}
_KERAS_CAFFE: dict[str, Any] = {**_CAFFE, "mean": (123.68 / 255, 116.779 / 255, 103.939 / 255)}


def _torchvision(layers: Mapping[str, str], **arguments: Any) -> Source:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return Source(layers, TORCH, channels_first=True, arguments=arguments, mean=mean, std=std)


# Library -> our model -> what it is called there. ResNets from 50 on stride in their 1x1 in Keras, in their 3x3 in torchvision.
SOURCES: dict[str, dict[str, Source]] = {
    "caffe": {"squeezenet": Source(SQUEEZENET_CAFFE, KERAS, **_CAFFE)},  # Caffe's names in Keras's layout
    "keras.applications": {
        **{f"vgg{depth}": Source(_vgg_keras(depth), KERAS, **_KERAS_CAFFE) for depth in (16, 19)},
        **{
            f"resnet{depth}": Source(
                _resnet(depth, ("conv1_conv", "conv1_bn"), _block_keras, "predictions"),
                KERAS,
                epsilon=1.001e-5,
                **_KERAS_CAFFE,
            )
            for depth in (50, 101, 152)
        },
    },
    "torchvision": {
        "alexnet_one_tower": _torchvision(ALEXNET_TORCHVISION),
        "squeezenet": _torchvision(SQUEEZENET_TORCHVISION),
        **{f"vgg{depth}": _torchvision(_vgg_torchvision(depth)) for depth in vgg.TABLE},
        **{
            f"resnet{depth}": _torchvision(
                _resnet(depth, ("conv1", "bn1"), _block_torchvision, "fc"),
                **({"stride_on": "3x3"} if depth >= 50 else {}),
            )
            for depth in resnet.TABLE
        },
    },
}
