"""Causes in the network and its steps: weights that are all alike, a rate too high or too low, dead and saturated units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from multicnn.training.diagnoses.evidence import Cause, Evidence, number
from multicnn.training.health import MANY

_ALIKE = 0.01  # of their norm: units that differ by less learn the same
_LARGE, _SMALL = 5.0, 0.6  # the scale of initial kernels: 1.0 to 1.4 keeps the size of what passes through a layer
_EXPLODED = 1e3  # the norm of a layer's gradient, of a mean loss in nats
_VANISHED = 1e-4  # of the gradient of the last layer
_BLOWN_UP = 2.0  # times the loss of a network that knows nothing but the shares of the classes
_RISE = 0.1  # of that loss, a rise from one epoch to the next
_OFTEN = 0.25  # of the epochs
_MOST = 0.8  # of a layer's units: what is left of it can be too little, where half of them are enough
_STIRRED = 0.02  # of its norm at the start, by which some kernel has moved where steps have done something
_BORN_DEAD = 1e-6  # of its norm at the start: a kernel that moved less got no gradient at all
_THROWN = 1.0  # of its norm at the start: a kernel that moved farther in one epoch is another one
_STILL = 0.02  # of its norm at the start: a kernel that moved less in all epochs is the same


def causes(evidence: Evidence) -> Iterator[Cause]:
    """Yield the causes in the order in which one brings about the other; nothing of a network that has learned."""
    if evidence.learned:
        return
    alike = list(_alike(evidence))
    yield from alike
    if alike:  # all else follows from it
        return
    vanishing = list(_vanishing(evidence))
    initial = list(_initial_scale(evidence, bool(vanishing)))
    thrown = [] if initial else list(_rate_too_high(evidence))
    units = [*_dead(evidence, bool(thrown)), *_saturated(evidence)]
    exploding = [] if initial or thrown else list(_exploding(evidence))
    yield from (*initial, *thrown)
    if initial or not (thrown or units):  # else nothing passes back through the units
        yield from vanishing
    yield from (*units, *exploding)
    if not (initial or thrown or vanishing or units or exploding):
        yield from _rate_too_low(evidence)


def _alike(evidence: Evidence) -> Iterator[Cause]:
    """Units that start alike get the same gradient, and stay alike (Goodfellow et al. 2016, section 8.4)."""
    first, last = evidence.layers(0, "spread"), evidence.layers(-1, "spread")
    hidden = list(last)[:-1]  # the last layer's units have each a class of their own
    alike = [name for name in hidden if max(first.get(name, last[name]), last[name]) < _ALIKE]
    if alike:
        shown = f"all units of {len(alike)} of {len(hidden)} hidden layers with weights"
        yield Cause(
            "identical units",
            f"{shown} ({_named(alike)}) started with the same weights and still have them, so they learn one and the same: "
            "initialize at random, as by --set model.initializer=he_normal",
            {"layers": len(alike), "hidden_layers": len(hidden), "spread": max(last[name] for name in alike)},
        )


def _initial_scale(evidence: Evidence, vanishing: bool) -> Iterator[Cause]:
    """Layers that make what passes through them larger each time, or smaller and its gradient with it (He et al. 2015)."""
    scales = list(evidence.layers(0, "scale").values())[:-1] or [1.0]
    typical = float(np.median(scales))
    if evidence.recipe.start.path is None and (typical > _LARGE or (vanishing and typical < _SMALL)):
        yield Cause(
            f"initial weights too {'large' if typical > _LARGE else 'small'}",
            f"the hidden layers multiply what passes through them by {typical:.2g} (median of {len(scales)}), where 1 to 1.4 keeps "
            "its size: try --set model.initializer=he_normal",
            {"layers": len(scales), "scale": typical},
        )


def _rate_too_high(evidence: Evidence) -> Iterator[Cause]:
    """A loss that blew up or goes up and down, or units that died while the kernels moved far from their start."""
    signs = {**_divergence(evidence), **_death(evidence)}
    if not signs:
        return
    start = evidence.recipe.start
    rate, words = evidence.rate, ", and ".join(words for words, _ in signs.values())
    numbers = {name: value for name, (_, value) in signs.items()}
    if start.path is not None and start.freeze_until is None and not start.staged:
        yield Cause(
            "loaded features destroyed",
            f"{words}: nothing was frozen, and a learning rate of {rate:.2g} is too high for loaded weights: name them by --from "
            "alone, without a rate or start.finetune of your own, and they are fine-tuned in stages",
            {"learning_rate": rate, **numbers},
        )
    else:
        yield Cause(
            "learning rate too high",
            f"{words}; the learning rate was {rate:.2g}: try --set optimizer.learning_rate={rate / 10:.2g}, or see "
            "`multicnn find-rate`",
            {"learning_rate": rate, **numbers},
        )


def _divergence(evidence: Evidence) -> dict[str, tuple[str, float]]:
    """Return what the training loss shows, by the name of the number."""
    losses, moved = evidence.curve("loss"), evidence.layers(evidence.first_epoch, "moved")
    if not len(losses) or max(moved.values(), default=1.0) < _STIRRED:
        return {}  # whatever made the loss high, it was not that the weights moved
    signs = {}
    nothing = _loss_of_nothing(evidence)
    if nothing is not None and losses.max() > _BLOWN_UP * nothing:
        words = f"the training loss was {losses.max():.3g}, where guessing has {nothing:.3g}"
        signs["highest_loss"] = words, float(losses.max())
    scale = losses[0] if nothing is None else nothing
    rises = int(np.sum(np.diff(losses) > _RISE * scale))
    if rises >= max(2, _OFTEN * len(losses)):
        signs["rises"] = f"the training loss rose in {rises} of {len(losses) - 1} epochs", float(rises)
    return signs


def _loss_of_nothing(evidence: Evidence) -> float | None:
    """Return the cross-entropy of guessing by the shares of the classes; None where the loss is another."""
    counts = np.array(list(evidence.counts.get("train", {}).values()), float)
    if evidence.recipe.loss != "cross_entropy" or evidence.recipe.class_weights or not counts.sum():
        return None
    if counts.sum() > evidence.measured["train"]["n"]:  # several labels an example: each is a question of its own
        return None
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def _death(evidence: Evidence) -> dict[str, tuple[str, float]]:
    """Return the units that died in the first epoch examined, if the kernels were thrown there."""
    epoch = evidence.first_epoch
    dead, moved = evidence.layers(epoch, "dead"), evidence.layers(epoch, "moved")
    many = {name: share for name, share in dead.items() if share >= MANY}
    hidden = list(moved.values())[:-1]
    # Loaded features have much to lose: SqueezeNet's are gone when its kernels have moved by a twentieth.
    far = _THROWN if evidence.recipe.start.path is None else _STIRRED
    if not many or not hidden or max(hidden) < far or min(hidden) < _BORN_DEAD:
        return {}
    layer, share = max(many.items(), key=lambda item: item[1])
    words = f"{share:.0%} of the units of layer {layer!r} were dead after epoch {epoch}"
    farthest = f"the weights had moved by up to {max(hidden):.0%} of their size"
    return {"dead": (words, share), "moved": (farthest, max(hidden))}


def _dead(evidence: Evidence, thrown: bool) -> Iterator[Cause]:
    dead = evidence.layers(-1, "dead")
    many = {name: share for name, share in dead.items() if share >= _MOST}
    moved = list(evidence.layers(evidence.first_epoch, "moved").values())[:-1]
    if many:
        shares = ", ".join(f"{share:.0%} of {name!r}" for name, share in list(many.items())[:3])
        remedy = (
            f"try --set optimizer.learning_rate={evidence.rate / 10:.2g}"
            if thrown or min(moved, default=0.0) >= _BORN_DEAD  # they died of steps
            else "try --set model.initializer=he_normal, or a network with norms"
        )
        yield Cause(
            "dead units",
            f"in {len(many)} of {len(dead)} rectifiers most units answer 0 to everything ({shares}): {remedy}",
            {"layers": len(many), "rectifiers": len(dead), "dead": max(many.values())},
        )


def _saturated(evidence: Evidence) -> Iterator[Cause]:
    saturated = evidence.layers(-1, "saturated")
    many = {name: share for name, share in saturated.items() if share >= MANY}
    if many:
        shares = ", ".join(f"{share:.0%} of {name!r}" for name, share in list(many.items())[:3])
        yield Cause(
            "saturated units",
            f"in {len(many)} of {len(saturated)} bounded activations most outputs are at an end, where nothing is learned "
            f"({shares}): try --set model.initializer=glorot_uniform, or a network with norms",
            {"layers": len(many), "activations": len(saturated), "saturated": max(many.values())},
        )


def _gradients(evidence: Evidence) -> Mapping[str, float]:
    """Return the gradient norms, at the last epoch examined, of the layers with kernels."""
    kernels = evidence.layers(-1, "moved").keys() | evidence.layers(-1, "spread").keys()
    return {name: norm for name, norm in evidence.layers(-1, "gradient_norm").items() if name in kernels}


def _exploding(evidence: Evidence) -> Iterator[Cause]:
    norms = {
        (layer, epoch): norm
        for epoch in evidence.health
        for layer, norm in evidence.layers(epoch, "gradient_norm").items()
    }
    if norms and max(norms.values()) > _EXPLODED:
        (layer, epoch), norm = max(norms.items(), key=lambda item: item[1])
        yield Cause(
            "exploding gradients",
            f"the gradient of layer {layer!r} had a norm of {norm:.1e} after epoch {epoch}: clip it by "
            "--set optimizer.arguments.global_clipnorm=1",
            {"gradient_norm": norm, "epoch": epoch},
        )


def _vanishing(evidence: Evidence) -> Iterator[Cause]:
    norms = _gradients(evidence)
    if len(norms) < 2:
        return
    (first, low), (last, high) = next(iter(norms.items())), list(norms.items())[-1]
    if high > 0 and low < _VANISHED * high:
        share = f"1/{high / low:,.0f}" if low else "nothing"
        yield Cause(
            "vanishing gradients",
            f"the first layer {first!r} has {share} of the gradient of the last one, {last!r} ({low:.1e}, {high:.1e}): use relu in "
            "the place of bounded activations, norms or shortcuts between the layers, as --model resnet20 has them",
            {"first_gradient": low, "last_gradient": high},
        )


def _rate_too_low(evidence: Evidence) -> Iterator[Cause]:
    """The loss falls as fast at the end as at the beginning, and the kernels are where they started."""
    losses, moved = evidence.curve("loss"), list(evidence.layers(-1, "moved").values())
    if len(losses) < 2 or not moved or max(moved) > _STILL or losses[-1] >= losses[0]:
        return
    falls = -np.diff(losses)
    if falls[-1] >= 0.5 * falls.mean() and number(evidence.measured["train"], "loss") > 0.5 * losses[0]:
        rate = evidence.rate
        yield Cause(
            "learning rate too low",
            f"in {len(losses)} epochs no layer's weights moved by more than {max(moved):.1%} of their size, and the training "
            f"loss still falls by {falls[-1]:.2g} an epoch: try --set "
            f"optimizer.learning_rate={rate * 10:.2g}, or see `multicnn find-rate`",
            {"learning_rate": rate, "moved": max(moved), "fall": float(falls[-1])},
        )


def _named(layers: list[str]) -> str:
    return ", ".join(layers[:3]) + (" ..." if len(layers) > 3 else "")
