"""Loops of small networks on batches made by hand."""

import functools

from multicnn.tasks.losses import class_correct, class_losses
from multicnn.training.context import RunContext
from multicnn.training.loop import Loop, LoopSettings, Objective

CROSS_ENTROPY = Objective(
    functools.partial(class_losses, loss="cross_entropy", label_smoothing=0.0, class_weights=None), class_correct
)


def loop_of(network, batches, steps, folder, *, context=None, **settings):
    """A loop of a compiled network; the settings are those of Loop and LoopSettings."""
    of_loop = {name: settings.pop(name) for name in ("validate", "callbacks", "freezing") if name in settings}
    context = context or RunContext(folder)
    selection = settings.pop("selection", None)
    loop = Loop(network, CROSS_ENTROPY, batches, LoopSettings(steps=steps, **settings), context, **of_loop)
    loop.selection = selection or loop.selection
    return loop
