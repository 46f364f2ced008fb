"""Which number format a network trains in."""

from __future__ import annotations

import keras

from multicnn.engines import engine


def policy(precision: str) -> str:
    """The Keras dtype policy that a recipe's `precision` means on this machine.

    "auto" is mixed_bfloat16 on GPUs of compute capability 8 and later, mixed_float16 on 7, float32 elsewhere.
    """
    if precision != "auto":
        return precision
    generation, _ = min(engine.compute_capabilities(), default=(0, 0))
    if generation < 7:
        return "float32"
    return "mixed_bfloat16" if generation >= 8 else "mixed_float16"


def loss_scaled(optimizer: keras.optimizers.Optimizer, policy: str) -> keras.optimizers.Optimizer:
    """The optimizer with dynamic loss scaling where the policy needs it, lest small gradients vanish in float16.

    Keras's `compile` does so by the policy of the model, but ours stands in the layers.
    """
    return keras.optimizers.LossScaleOptimizer(optimizer) if policy == "mixed_float16" else optimizer
