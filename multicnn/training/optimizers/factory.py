"""A recipe's optimizer as a Keras optimizer, with its learning-rate schedule over the steps of the run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import keras

from multicnn.backends import keras_private
from multicnn.training.optimizers import Adagrad, Nadam, OneCycle, Rprop, Warmup
from multicnn.utils.constrained import Count, FromZero, Positive, Share, ShareBelowOne
from multicnn.utils.validation import typed

# Decay pulls weights to zero; on a bias, a norm, a slope of PReLU or a rarely seen word vector nobody means that.
_NOT_DECAYED = ["bias", "gamma", "beta", "alpha", "embeddings"]

# What each name means, with its usual learning rate and what else differs from Keras's defaults.
NAMES: dict[str, tuple[type[keras.optimizers.Optimizer], dict[str, Any]]] = {
    # Keras. The plain gradient step.
    "sgd": (keras.optimizers.SGD, {"learning_rate": 0.01}),
    # Krizhevsky et al. 2012, section 5: rate and momentum.
    "momentum": (keras.optimizers.SGD, {"learning_rate": 0.01, "momentum": 0.9}),
    # Sutskever et al. 2013, equations 3 and 4; the rate and momentum as above.
    "nesterov": (keras.optimizers.SGD, {"learning_rate": 0.01, "momentum": 0.9, "nesterov": True}),
    # Duchi et al. 2011, without Keras's initial accumulator; the rate after Ruder 2016, section 4.3.
    "adagrad": (Adagrad, {"learning_rate": 0.01}),
    "keras_adagrad": (keras.optimizers.Adagrad, {"learning_rate": 0.01}),
    # Zeiler 2012, algorithm 1 (it has no rate) and section 4.1: rho and epsilon.
    "adadelta": (keras.optimizers.Adadelta, {"learning_rate": 1.0, "rho": 0.95, "epsilon": 1e-6}),
    # Hinton 2012, lecture 6e: rho; the rate after Ruder 2016, section 4.5.
    "rmsprop": (keras.optimizers.RMSprop, {"learning_rate": 1e-3, "rho": 0.9}),
    # Kingma & Ba 2015, algorithms 1 and 2.
    "adam": (keras.optimizers.Adam, {"learning_rate": 1e-3}),
    "adamax": (keras.optimizers.Adamax, {"learning_rate": 2e-3}),
    # Dozat 2016 (with Keras's faster rise of the momentum); the rate of Keras 1 and of PyTorch.
    "nadam": (Nadam, {"learning_rate": 2e-3}),
    # Loshchilov & Hutter 2019, algorithm 2; the decay is Keras's, 0.004.
    "adamw": (keras.optimizers.AdamW, {"learning_rate": 1e-3}),
    # Riedmiller & Braun 1993 begin with steps of 0.1, on networks of a few dozen weights; the rate of PyTorch.
    "rprop": (Rprop, {"learning_rate": 0.01}),
}

# What the arguments of Keras's optimizers can be; Keras itself takes any number.
_RANGES: dict[str, object] = {
    **dict.fromkeys(("momentum", "beta_1", "beta_2", "rho", "ema_momentum"), ShareBelowOne),
    **dict.fromkeys(("epsilon", "clipnorm", "global_clipnorm", "clipvalue", "eta_minus", "eta_plus"), Positive),
    **dict.fromkeys(("ema_overwrite_frequency", "gradient_accumulation_steps"), Count),
    "weight_decay": FromZero,
    "initial_accumulator_value": FromZero,
}


def make(optimizer: Any, steps_per_epoch: int, epochs: int) -> keras.optimizers.Optimizer:
    """Return the Keras optimizer of a `recipe.Optimizer`, with its schedule over the steps of the whole run.

    Raises:
        ValueError: The name, the schedule or an argument is unknown.
    """
    kind, config = _named(optimizer.name)
    config = {**config, **optimizer.arguments}
    if optimizer.learning_rate is not None:
        config["learning_rate"] = optimizer.learning_rate
    if kind is not Rprop:
        config["learning_rate"] = learning_rates(optimizer, config["learning_rate"], steps_per_epoch, epochs)
    elif optimizer.schedule != "constant" or optimizer.warmup_epochs:
        raise ValueError(
            "rprop sets its step sizes itself: `schedule` must be 'constant', without a warm-up. "
            f"Received: optimizer.schedule={optimizer.schedule!r}, optimizer.warmup_epochs={optimizer.warmup_epochs!r}"
        )
    if optimizer.weight_decay is not None:
        config["weight_decay"] = optimizer.weight_decay
    try:
        for name in optimizer.arguments.keys() & _RANGES.keys():
            if optimizer.arguments[name] is not None:  # Keras's own default of those that clip
                typed(name, _RANGES[name], optimizer.arguments[name])
        made = kind(**config)
    except (TypeError, ValueError) as error:
        reason, received = (
            str(error).partition(" Received")[0].rstrip("."),
            f"optimizer.arguments={optimizer.arguments!r}",
        )
        raise ValueError(
            f"`optimizer.arguments` do not fit {kind.__name__} ({reason}). Received: {received}"
        ) from error
    if made.weight_decay:
        made.exclude_from_weight_decay(var_names=_NOT_DECAYED)
    return made


def chosen_rate(optimizer: Any) -> float:
    """Return the learning rate of a `recipe.Optimizer`, the peak of its schedule: its own, or the usual one of its name.

    Raises:
        ValueError: The name is unknown.
    """
    config = {**_named(optimizer.name)[1], **optimizer.arguments}
    return float(config["learning_rate"] if optimizer.learning_rate is None else optimizer.learning_rate)


def discriminative(
    optimizer: keras.optimizers.Optimizer, shares: Sequence[tuple[Any, float]]
) -> keras.optimizers.Optimizer:
    """Give variables shares of the learning rate of an optimizer that is not yet built (Howard & Ruder 2018, section 3.2)."""
    shares = [(variable, share) for variable, share in shares if share != 1]
    if not shares:
        return optimizer
    decay, plain = optimizer.weight_decay, optimizer.update_step

    @functools.cache
    def by_index() -> dict[int, tuple[float, bool]]:  # what `update_step` is given is known by its place only
        learning = {
            id(variable) for variable in keras_private.optimized_variables(optimizer)
        }  # the rest is frozen for good
        return {
            keras_private.variable_index(optimizer, variable): (
                share,
                not any(n in variable.name for n in _NOT_DECAYED),
            )
            for variable, share in shares
            if id(variable) in learning
        }

    def update_step(gradient: Any, variable: Any, learning_rate: Any) -> None:
        share, decayed = by_index().get(keras_private.variable_index(optimizer, variable), (1.0, False))
        rate = learning_rate * share
        if decay and decayed:
            optimizer.assign_sub(variable, variable * keras.ops.cast(decay * rate, variable.dtype))
        plain(gradient, variable, rate)

    optimizer.update_step = update_step
    if decay:  # by the full rate otherwise
        optimizer.exclude_from_weight_decay([variable for variable, _ in shares], _NOT_DECAYED)
    return optimizer


def learning_rates(optimizer: Any, rate: float, steps_per_epoch: int, epochs: int) -> Any:
    """Return the learning rate of a `recipe.Optimizer`: a number, or a Keras schedule over the steps of the whole run.

    Raises:
        ValueError: The schedule or one of its parameters is unknown.
    """
    name, parameters = (optimizer.schedule, {}) if isinstance(optimizer.schedule, str) else optimizer.schedule
    if name not in SCHEDULES:
        raise ValueError(f"`schedule` must be one of {sorted(SCHEDULES)}. Received: optimizer.schedule={name!r}")
    warmup = round(optimizer.warmup_epochs * steps_per_epoch)
    known = dict(list(inspect.signature(SCHEDULES[name], eval_str=True).parameters.items())[2:])
    try:
        for parameter in parameters.keys() & known.keys():
            typed(parameter, known[parameter].annotation, parameters[parameter])
        made = SCHEDULES[name](rate, max(steps_per_epoch * epochs - warmup, 1), **parameters)
    except (TypeError, ValueError) as error:
        reason = str(error).partition(" Received")[0].rstrip(".")
        received = f"optimizer.schedule={optimizer.schedule!r}"
        raise ValueError(f"the schedule {name!r} takes {list(known)} ({reason}). Received: {received}") from error
    return Warmup(made, warmup) if warmup else made


def _constant(rate: float, steps: int) -> float:
    return rate


def _step(rate: float, steps: int, at: tuple[Share, ...] = (0.5, 0.75), factor: Positive = 0.1) -> Any:
    """Multiply the rate by `factor` at each of these shares of the run (He et al. 2015, section 4.2: a tenth at 1/2 and 3/4)."""
    if sorted(at) != list(at) or not all(0 < share < 1 for share in at):
        raise ValueError("`at` must hold rising shares of the run, between 0 and 1")
    # Keras changes the value after the boundary, not at it.
    boundaries = [max(round(share * steps), 1) - 1 for share in at]
    rates = [rate * factor**i for i in range(len(at) + 1)]
    return keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, rates)


def _cosine(rate: float, steps: int, alpha: Share = 0.0) -> Any:
    """Return half a cosine down to `alpha` of the rate (Loshchilov & Hutter 2017, equation 5, without restarts)."""
    return keras.optimizers.schedules.CosineDecay(rate, steps, alpha)


SCHEDULES: dict[str, Callable[..., Any]] = {
    "constant": _constant,
    "step": _step,
    "cosine": _cosine,
    "one_cycle": OneCycle,
}


def _named(name: str) -> tuple[type[keras.optimizers.Optimizer], dict[str, Any]]:
    """Return the class of an optimizer and its usual arguments; other Keras optimizers go by Keras's names."""
    if name.lower() in NAMES:
        return NAMES[name.lower()]
    others = {
        n.lower(): kind for n, kind in vars(keras.optimizers).items()
        if isinstance(kind, type) and issubclass(kind, keras.optimizers.Optimizer)
        and "learning_rate" in inspect.signature(kind).parameters and n != "Optimizer"
    }  # fmt: skip
    if name.lower() not in others:
        known = [*NAMES, *sorted(set(others) - set(NAMES))]
        raise ValueError(f"`optimizer.name` must be one of {known}. Received: optimizer.name={name!r}")
    kind = others[name.lower()]
    return kind, {"learning_rate": inspect.signature(kind).parameters["learning_rate"].default}
