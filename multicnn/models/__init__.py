"""The architectures, one paper a file. The table below is the registry: what is named here can be named in a recipe.

A model is a function `name(classes, *, hyperparameters the paper names) -> Block`.

    >>> create("linear", 10)
    chain(flatten(), dense(10))
"""

from __future__ import annotations

import importlib
import inspect
import numbers
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from multicnn.blocks import Block, from_dict
from multicnn.models.user_code import function_of

ANY = ("image", "log-mel", "waveform", "text")


@dataclass(frozen=True)
class Model:
    """The entry of a model in the registry.

    Attributes:
        module: Its module in this package.
        modalities: The inputs that it suits: "image", "log-mel", "waveform", "text".
        input_shape: The shape of one example in its paper, on which its parameters are counted.
        classes: The number of classes in its paper.
        logits_per: The unit of its logits: each "example", as a predictor does, each "position" of its input, or each "box".
    """

    module: str
    modalities: tuple[str, ...]
    input_shape: tuple[int, ...]
    classes: int
    logits_per: str = "example"


MODELS = {
    "lenet5": Model("lenet5", ANY, (28, 28, 1), 10),
    "lenet5_1998": Model("lenet5", ANY, (28, 28, 1), 10),
    "alexnet": Model("alexnet", ANY, (227, 227, 3), 1000),
    "alexnet_one_tower": Model("alexnet", ANY, (224, 224, 3), 1000),
    "zfnet": Model("zfnet", ANY, (224, 224, 3), 1000),
    "vgg11": Model("vgg", ANY, (224, 224, 3), 1000),
    "vgg13": Model("vgg", ANY, (224, 224, 3), 1000),
    "vgg16": Model("vgg", ANY, (224, 224, 3), 1000),
    "vgg19": Model("vgg", ANY, (224, 224, 3), 1000),
    "vgg_small": Model("vgg_small", ANY, (32, 32, 3), 10),
    "airbench": Model("airbench", ("image", "log-mel", "waveform"), (32, 32, 3), 10),
    "resnet20": Model("resnet_cifar", ANY, (32, 32, 3), 10),
    "resnet32": Model("resnet_cifar", ANY, (32, 32, 3), 10),
    "resnet44": Model("resnet_cifar", ANY, (32, 32, 3), 10),
    "resnet56": Model("resnet_cifar", ANY, (32, 32, 3), 10),
    "resnet110": Model("resnet_cifar", ANY, (32, 32, 3), 10),
    "resnet18": Model("resnet", ANY, (224, 224, 3), 1000),
    "resnet34": Model("resnet", ANY, (224, 224, 3), 1000),
    "resnet50": Model("resnet", ANY, (224, 224, 3), 1000),
    "resnet101": Model("resnet", ANY, (224, 224, 3), 1000),
    "resnet152": Model("resnet", ANY, (224, 224, 3), 1000),
    "squeezenet": Model("squeezenet", ANY, (227, 227, 3), 1000),
    "inception_small": Model("inception_small", ANY, (32, 32, 3), 10),
    "fcn": Model("fcn", ANY, (224, 224, 3), 21, logits_per="position"),
    "unet": Model("unet", ANY, (572, 572, 1), 2, logits_per="position"),
    "fcos": Model("fcos", ("image",), (240, 320, 3), 80, logits_per="box"),
    "res8": Model("res8_res15", ANY, (101, 40, 1), 12),
    "res15": Model("res8_res15", ANY, (101, 40, 1), 12),
    "bc_resnet": Model("bc_resnet", ("log-mel",), (101, 40, 1), 12),
    "tc_resnet8": Model("tc_resnet8", ANY, (98, 40, 1), 12),
    "cnn_trad_fpool3": Model("cnn_trad_fpool3", ("log-mel",), (32, 40, 1), 4),
    "m5": Model("m5", ("waveform",), (32000, 1), 10),
    "textcnn": Model("textcnn", ANY, (60, 300), 6),
    "dcnn": Model("dcnn", ("text",), (40, 48), 2),
    "char_cnn_small": Model("char_cnn", ("text",), (1014, 70), 4),
    "char_cnn_large": Model("char_cnn", ("text",), (1014, 70), 4),
    "vdcnn9": Model("vdcnn", ANY, (1024, 16), 4),
    "vdcnn17": Model("vdcnn", ANY, (1024, 16), 4),
    "vdcnn29": Model("vdcnn", ANY, (1024, 16), 4),
    "linear": Model("baselines", ANY, (28, 28, 1), 10),
    "mlp": Model("baselines", ANY, (28, 28, 1), 10),
}

# Networks of several inputs, by the module of their function: a model above for each input.
FUSIONS = {"late_fusion": "fusion", "joint_fusion": "fusion"}


def usual_kind(model: Model | None, input_shape: tuple[int | None, ...]) -> str:
    """Return the kind of input, one of `ANY`, that a model (None: one that is not registered) most likely has on a shape."""
    if model is not None and model.modalities != ANY:
        return model.modalities[0]
    if len(input_shape) == 3:
        return "image"
    return "text" if model is not None and len(model.input_shape) == 2 else "waveform"


def create(model: str | dict[str, Any], classes: int, **hyperparameters: Any) -> Block:
    """Return the Block of a model for a number of classes.

    Args:
        model: A registered name; or a user's own network, as "module:function" or "file.py:function", found from the
            current folder, or as a Block's `to_dict()`.
        classes: The number of classes, the first argument of the model's function; a given Block must already end in it.
        **hyperparameters: Those of the model's function.

    Raises:
        ValueError: The name or a hyperparameter is unknown, and the message lists the known ones; or it is of another type
            than a registered model takes; or the user's code cannot be imported.
        TypeError: The user's function returns no Block.
    """
    if isinstance(model, dict):
        return from_dict(model)
    function = _function(model)
    known = [p.name for p in inspect.signature(function).parameters.values() if p.kind == p.KEYWORD_ONLY]
    for name, value in hyperparameters.items():
        if name not in known:
            raise ValueError(f"`{model}` takes the hyperparameters {known}. Received: {name}={value!r}")
        if (model in MODELS or model in FUSIONS) and not _fits(value, hint := typing.get_type_hints(function)[name]):
            kind = hint.__name__ if isinstance(hint, type) else hint
            raise ValueError(f"`{name}` of {model} must be {kind}. Received: {name}={value!r}")
    block = function(classes, **hyperparameters)
    if not isinstance(block, Block):
        raise TypeError(
            f"`model` must return a Block; {model} returned {type(block).__name__}. Received: model={model!r}"
        )
    return block


def _fits(value: Any, hint: Any) -> bool:
    """Return True for a value of the type that a hyperparameter has; a list may be a tuple, as in JSON."""
    if isinstance(hint, types.UnionType):
        return any(_fits(value, choice) for choice in typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        return isinstance(value, (list, tuple)) and all(_fits(item, typing.get_args(hint)[0]) for item in value)
    if hint in (int, float):
        return isinstance(value, {int: numbers.Integral, float: numbers.Real}[hint]) and not isinstance(value, bool)
    return isinstance(value, hint)


def _function(model: str) -> Callable[..., Any]:
    if ":" in model:
        return function_of(model)
    if model not in MODELS and model not in FUSIONS:
        known = f"one of {sorted([*MODELS, *FUSIONS])}, 'module:function' or 'file.py:function'"
        raise ValueError(f"`model` must be {known}. Received: model={model!r}")
    module = FUSIONS.get(model) or MODELS[model].module
    return getattr(importlib.import_module(f"multicnn.models.{module}"), model)
