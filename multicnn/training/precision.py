"""The number format that a network trains in."""

from __future__ import annotations

import keras

from multicnn.backends import engine
from multicnn.recipe import Precision

# Multiply-adds of an example from which on bfloat16 was always the faster one; smaller networks gain little, or lose.
_WORTH_IT_ON_A_CPU = 5_000_000


def policy(precision: Precision, multiply_adds: int | None) -> Precision:
    """Return the Keras dtype policy that a recipe's `precision` means on this machine.

    "auto" is mixed_bfloat16 on GPUs of compute capability 8 and later, mixed_float16 on 7; without a GPU mixed_bfloat16 where
    the processor multiplies it, if the network is so large that it gains; float32 elsewhere.

    Args:
        precision: The recipe's field of that name.
        multiply_adds: Multiply-adds of the network for one example; None where they are not known.
    """
    if precision != "auto":
        return precision
    capabilities = engine.compute_capabilities()
    if not capabilities:
        pays = (multiply_adds or 0) >= _WORTH_IT_ON_A_CPU and engine.cpu_multiplies_bfloat16()
        return "mixed_bfloat16" if pays else "float32"
    generation, _ = min(capabilities)
    if generation < 7:
        return "float32"
    return "mixed_bfloat16" if generation >= 8 else "mixed_float16"


def loss_scaled(optimizer: keras.optimizers.Optimizer, policy: str) -> keras.optimizers.Optimizer:
    """Return the optimizer, with dynamic loss scaling where the policy needs it, lest small gradients vanish in float16.

    Keras's `compile` does so by the policy of the model, but ours stands in the layers.
    """
    return keras.optimizers.LossScaleOptimizer(optimizer) if policy == "mixed_float16" else optimizer
