"""Random changes of training batches: functions of a seed for each example, vectorised over the batch.

A modality has changes of stored examples, before `finish`, and of what `finish` makes of them: light and colour before,
geometry after; waveforms before, spectrograms after.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from multicnn.modalities.base import Augmenter, Preprocess
from multicnn.modalities.transform import Transform
from multicnn.utils.validation import typed

Change = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # (batch, seeds) -> batch
Movement = Callable[[tf.Tensor], Transform]  # seeds -> how the examples of a batch are moved


class Augmentation(NamedTuple):
    """The random changes of training batches.

    Attributes:
        stored: The preprocess, or a view of it that stores an earlier tensor: the last one before the first random step.
        before: Changes a batch of stored examples; None changes nothing.
        after: Changes what `stored.finish` makes of them; None changes nothing.
        movements: The movements among them, in their order.
    """

    stored: Preprocess
    before: Change | None
    after: Change | None
    movements: tuple[Movement, ...] = ()

    def check(self) -> None:
        """Raise the ValueError that a wrong setting gives, before any data is read: on a batch of zeros."""
        batch, seeds = tf.zeros((1, *self.stored.stored_shape), self.stored.stored_dtype), tf.zeros((1, 2), tf.int32)
        batch = self.stored.finish(batch if self.before is None else self.before(batch, seeds))
        if self.after is not None:
            self.after(batch, seeds)


def settings_of(preprocess: Preprocess) -> dict[str, Any]:
    """Return the settings that a recipe's `augment` may name for a preprocess, by name, each with its type."""
    return {**_settings(preprocess.augment_stored), **_settings(preprocess.augment)}


def augmentation(
    preprocess: Preprocess, settings: Mapping[str, Any], given: Mapping[str, Any] | None = None
) -> Augmentation:
    """Return the random changes that some settings ask for.

    Args:
        preprocess: Fitted, or about to be.
        settings: Values by name, such as {"mirror": True, "shift": 4}.
        given: Values for what the preprocess itself does not know (`Augmenter.given`), such as the words nearest to each.

    Raises:
        ValueError: A setting is unknown, the message lists the known ones; or it is not of the type that it must have.
    """
    known = settings_of(preprocess)
    for name, value in settings.items():
        if name not in known:
            raise ValueError(
                f"`augment` of {preprocess.modality} takes {list(known)}. Received: augment.{name}={value!r}"
            )
    settings = {name: typed(f"augment.{name}", known[name], value) for name, value in settings.items()}
    before = _change(preprocess.augment_stored, settings, given or {})
    after = _change(preprocess.augment, settings, given or {})
    stored = preprocess if before is None else preprocess.augmented_view()
    movements = (
        _movement(preprocess.augment_stored, before, lambda: stored.stored_shape),
        _movement(preprocess.augment, after, lambda: stored.input_shape),
    )
    return Augmentation(stored, before, after, tuple(each for each in movements if each is not None))


def _movement(
    augmenter: Augmenter | None, change: Change | None, shape: Callable[[], tuple[int, ...]]
) -> Movement | None:
    """Return the movement of examples of a shape, which is known later, that goes with a change; None where nothing moves."""
    if augmenter is None or (transform := augmenter.transform) is None or not isinstance(change, functools.partial):
        return None
    keywords = change.keywords
    return lambda seeds: transform(shape(), seeds, **keywords)


def _settings(augmenter: Augmenter | None) -> dict[str, Any]:
    if augmenter is None:
        return {}
    parameters = inspect.signature(augmenter.function, eval_str=True).parameters.values()
    return {each.name: each.annotation for each in parameters if each.kind is each.KEYWORD_ONLY}


def _change(augmenter: Augmenter | None, settings: Mapping[str, Any], given: Mapping[str, Any]) -> Change | None:
    chosen = {name: value for name, value in settings.items() if name in _settings(augmenter)}
    if augmenter is None or not (chosen or augmenter.always):
        return None
    known = {name: given.get(name, value) for name, value in augmenter.given.items()}
    return functools.partial(augmenter.function, **known, **chosen)
