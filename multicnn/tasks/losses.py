"""The losses by name, as pure functions of logits and targets: the same on every backend.

In every one, z are the float32 logits of an example, t its targets (one-hot, or a distribution over the classes where labels
are smoothed or examples mixed) and p = softmax(z). In multilabel data t is 0 or 1 for each label, and the loss
is `logistic`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

from keras import ops

from multicnn.layers.types import Tensor
from multicnn.utils.constrained import Exponent, Positive
from multicnn.utils.validation import typed

if TYPE_CHECKING:
    from multicnn.tasks.base import Named


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy: -sum t log p."""
    return ops.categorical_crossentropy(targets, logits, from_logits=True)


def squared_error(logits: Tensor, targets: Tensor) -> Tensor:
    """Squared error: sum (p - t)^2, the error of Brier (1950): its gradient dies where the network is sure, rightly or wrongly."""
    return ops.sum(ops.square(ops.softmax(logits) - targets), axis=-1)


def hinge(logits: Tensor, targets: Tensor, margin: Positive = 1.0) -> Tensor:
    """Hinge loss: max(0, margin + max of the other z - z of the class), of Crammer & Singer (2001); over t, its mean."""
    highest = ops.max(logits, axis=-1, keepdims=True)
    winner = ops.one_hot(ops.argmax(logits, axis=-1), logits.shape[-1], dtype="bool")
    second = ops.max(ops.where(winner, -float("inf"), logits), axis=-1, keepdims=True)
    losses = ops.relu(margin + ops.where(winner, second, highest) - logits)  # were this class the true one
    return ops.sum(targets * losses, axis=-1)


def logistic(logits: Tensor, targets: Tensor) -> Tensor:
    """Logistic loss: -sum (t log sigmoid(z) + (1 - t) log(1 - sigmoid(z))): each class against all others."""
    return ops.sum(ops.softplus(logits) - targets * logits, axis=-1)


def focal(logits: Tensor, targets: Tensor, gamma: Exponent = 2.0) -> Tensor:
    """Focal loss: -sum t (1 - p)^gamma log p, of Lin et al. (2017): the easy examples weigh little. Their alpha: class weights."""
    log_p = ops.log_softmax(logits)
    # Where 1 - p is exactly 0, a power below 1 has no gradient.
    rest = ops.maximum(-ops.expm1(log_p), 1e-7)
    return -ops.sum(targets * rest**gamma * log_p, axis=-1)


LOSSES = {loss.__name__: loss for loss in (cross_entropy, squared_error, hinge, logistic, focal)}
MULTILABEL = ("cross_entropy", "logistic")  # of yes and no of each label they are the same


def by_name(loss: Named, multilabel: bool = False) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss of a name, or of (name, parameters) such as ("focal", {"gamma": 1}).

    Args:
        loss: The name, perhaps with parameters.
        multilabel: True for examples that have any number of labels.

    Raises:
        ValueError: The name or a parameter is unknown; the message lists the known ones.
    """
    name, parameters = (loss, {}) if isinstance(loss, str) else loss
    names = MULTILABEL if multilabel else sorted(LOSSES)
    if name not in names:
        those = " for multilabel data" if multilabel else ""
        raise ValueError(f"`loss` must be one of {list(names)}{those}. Received: loss={name!r}")
    known = dict(list(inspect.signature(LOSSES[name], eval_str=True).parameters.items())[2:])
    for parameter, value in parameters.items():
        if parameter not in known:
            raise ValueError(f"the loss {name!r} takes {list(known)}. Received: {parameter}={value!r}")
        typed(f"loss.{parameter}", known[parameter].annotation, value)
    return functools.partial(LOSSES[name], **parameters)


def class_losses(
    logits: Tensor,
    targets: Tensor,
    loss: Named = "cross_entropy",
    label_smoothing: float = 0.0,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Return the loss of each example that has one class, or a mixture.

    Args:
        logits: float32 (batch, classes).
        targets: int (batch,) classes; or float (batch, classes), one-hot or any distribution.
        loss: A name of `LOSSES`, or (name, parameters).
        label_smoothing: The share of each target that is spread evenly over all classes (Szegedy et al. 2016).
        class_weights: float (classes,), what an example of each class counts; of mixed targets, the mean.

    Returns:
        float32 (batch,).

    Raises:
        ValueError: The loss is unknown.
    """
    function, classes = by_name(loss), logits.shape[-1]
    if len(targets.shape) == 1:
        targets = ops.one_hot(targets, classes)
    targets = ops.cast(targets, logits.dtype)
    losses = function(logits, targets * (1 - label_smoothing) + label_smoothing / classes)
    if class_weights is None:
        return losses
    return losses * ops.sum(targets * ops.cast(class_weights, losses.dtype), axis=-1)


def label_losses(
    logits: Tensor,
    targets: Tensor,
    loss: Named = "logistic",
    label_smoothing: float = 0.0,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Return the loss of each example that has any number of labels: the sum of a logistic loss for each.

    Args:
        logits: float32 (batch, classes).
        targets: int (batch, classes), 0 or 1.
        loss: A name of `MULTILABEL`.
        label_smoothing: The share of each target that is spread evenly over yes and no.
        class_weights: float (classes,), what a yes counts where a no counts 1.

    Returns:
        float32 (batch,).

    Raises:
        ValueError: The loss is not for multilabel data.
    """
    by_name(loss, multilabel=True)
    targets = ops.cast(targets, logits.dtype)
    weights = 1 if class_weights is None else 1 + targets * (ops.cast(class_weights, logits.dtype) - 1)
    smooth = targets * (1 - label_smoothing) + label_smoothing / 2
    return ops.sum(weights * (ops.softplus(logits) - smooth * logits), axis=-1)


def class_correct(logits: Tensor, targets: Tensor) -> Tensor:
    """Return bool (batch,): the largest logit is that of the class, of mixed targets of the likeliest one."""
    classes = targets if len(targets.shape) == 1 else ops.argmax(targets, axis=-1)
    return ops.equal(ops.argmax(logits, axis=-1), ops.cast(classes, "int32"))


def all_labels_correct(logits: Tensor, targets: Tensor) -> Tensor:
    """Return bool (batch,): every logit is above 0 exactly where its label is there."""
    return ops.all(ops.equal(logits > 0, targets > 0), axis=-1)


def sparse_label_losses(
    logits: Tensor,
    indices: Tensor,
    loss: Named = "logistic",
    label_smoothing: float = 0.0,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Return what `label_losses` does, in exact arithmetic, of targets that are given by the indices of the labels.

    Args:
        logits: float32 (batch, classes).
        indices: int (batch, most), the labels of each example, and behind them -1.
        loss: As in `label_losses`.
        label_smoothing: As in `label_losses`.
        class_weights: As in `label_losses`.

    Returns:
        float32 (batch,).

    Raises:
        ValueError: The loss is not for multilabel data.
    """
    by_name(loss, multilabel=True)
    safe = ops.maximum(indices, 0)
    own = ops.take_along_axis(logits, safe, axis=-1)
    weights = 1 if class_weights is None else ops.take(ops.cast(class_weights, logits.dtype), safe)
    low, high = label_smoothing / 2, 1 - label_smoothing / 2
    yes, no = ops.softplus(own) - high * own, ops.softplus(own) - low * own
    there = ops.cast(indices >= 0, logits.dtype)
    return ops.sum(ops.softplus(logits) - low * logits, axis=-1) + ops.sum(there * (weights * yes - no), axis=-1)


def precision_at(logits: Tensor, indices: Tensor, k: int) -> Tensor:
    """Return the share of the k largest logits of each example that are labels of it, float32 (batch,).

    Args:
        logits: float32 (batch, classes), of k classes or more.
        indices: As in `sparse_label_losses`.
        k: The number of labels that are predicted.
    """
    best = ops.cast(ops.top_k(logits, k, sorted=False)[1], "int32")
    hits = ops.any(ops.equal(best[:, :, None], ops.cast(indices, "int32")[:, None, :]), axis=-1)
    return ops.mean(ops.cast(hits, "float32"), axis=-1)
