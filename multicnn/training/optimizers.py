"""A recipe's optimizer as a Keras optimizer."""

from __future__ import annotations

from typing import Any

import keras

# Decay pulls weights to zero; on a bias, a norm or a rarely seen word vector that is not what anyone means by it.
_NOT_DECAYED = ["bias", "gamma", "beta", "embeddings"]


def make(optimizer: Any, steps_per_epoch: int, epochs: int) -> keras.optimizers.Optimizer:
    """The Keras optimizer of a `recipe.Optimizer`, its schedule laid over the steps of the whole run.

    Raises:
        ValueError: The name or an argument is unknown to Keras, or a warm-up is asked for without a schedule.
    """
    rate: Any = optimizer.learning_rate
    if optimizer.schedule == "cosine":
        warmup = round(optimizer.warmup_epochs * steps_per_epoch)
        start, target = (0.0, rate) if warmup else (rate, None)
        rate = keras.optimizers.schedules.CosineDecay(
            start, max(epochs * steps_per_epoch - warmup, 1), warmup_target=target, warmup_steps=warmup
        )
    elif optimizer.warmup_epochs:
        raise ValueError(
            f"`warmup_epochs` needs the schedule 'cosine'. Received: warmup_epochs={optimizer.warmup_epochs!r}"
        )
    config = {**optimizer.arguments, "learning_rate": rate}
    if optimizer.weight_decay is not None:
        config["weight_decay"] = optimizer.weight_decay
    kind = type(_by_name(optimizer.name))
    try:
        made = kind(**config)
    except (TypeError, ValueError) as error:
        received = f"optimizer.arguments={optimizer.arguments!r}"
        raise ValueError(f"`optimizer.arguments` do not fit {kind.__name__} ({error}). Received: {received}") from error
    if optimizer.weight_decay:
        made.exclude_from_weight_decay(var_names=_NOT_DECAYED)
    return made


def _by_name(name: str) -> keras.optimizers.Optimizer:
    known = sorted(
        n for n, kind in vars(keras.optimizers).items()
        if isinstance(kind, type) and issubclass(kind, keras.optimizers.Optimizer) and n not in ("Optimizer", "LossScaleOptimizer")
    )  # fmt: skip
    if name.lower() not in {n.lower() for n in known}:
        raise ValueError(f"`optimizer.name` must be one of {known}. Received: optimizer.name={name!r}")
    return keras.optimizers.get(name)
