"""The random changes of several inputs: those of each under joint names, and those of which inputs there are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import NamedTuple

import tensorflow as tf

from multicnn.modalities.base import Augmenter
from multicnn.modalities.joined import augment_inputs
from multicnn.modalities.joined.packing import Preprocesses, in_one_vector, of_vector, packed_again, unpacked
from multicnn.modalities.marks import Source

_BATCH = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("batch", "seeds")]


class _Setting(NamedTuple):
    """A setting of one of the inputs: the input's name, and the setting's there."""

    preprocess: str
    name: str


def of_stored(preprocesses: Preprocesses) -> Augmenter | None:
    """Return the changes of stored examples, whose settings are called "image_hue" and so on."""
    each = {name: preprocess.augment_stored for name, preprocess in preprocesses.items()}
    known = {name: augmenter for name, augmenter in each.items() if augmenter is not None}
    settings, parameters, given = _settings(known)
    if not parameters:
        return None

    def function(batch: tf.Tensor, seeds: tf.Tensor, **values: Source) -> tf.Tensor:
        present, stored = unpacked(viewed := _views(preprocesses), batch)
        return packed_again(viewed, present, _changed(known, settings, stored, seeds, values))

    return Augmenter(_with_signature(function, parameters), given)


def of_inputs(preprocesses: Preprocesses) -> Augmenter:
    """Return the changes of the network's inputs; "drop_inputs" leaves each out with a probability, but never the last."""
    each = {name: preprocess.augment for name, preprocess in preprocesses.items()}
    known = {name: augmenter for name, augmenter in each.items() if augmenter is not None}
    settings, parameters, given = _settings(known)
    own = _keyword_only(augment_inputs.augment)

    def function(batch: tf.Tensor, seeds: tf.Tensor, **values: Source) -> tf.Tensor:
        present, inputs = of_vector(preprocesses, batch)
        batch = in_one_vector(preprocesses, present, _changed(known, settings, inputs, seeds, values))
        chosen = {each.name: values[each.name] for each in own if each.name in values}
        return augment_inputs.augment(batch, seeds, len(preprocesses), **chosen) if chosen else batch

    return Augmenter(_with_signature(function, [*parameters, *own]), given)


def _views(preprocesses: Preprocesses) -> Preprocesses:
    return {name: preprocess.augmented_view() for name, preprocess in preprocesses.items()}


def _settings(
    known: Mapping[str, Augmenter],
) -> tuple[dict[str, _Setting], list[inspect.Parameter], dict[str, Source]]:
    """Return the settings of all inputs by their joint names, as parameters too, and what is given to them."""
    settings, parameters = {}, []
    for preprocess, augmenter in known.items():
        for each in _keyword_only(augmenter.function):
            settings[f"{preprocess}_{each.name}"] = _Setting(preprocess, each.name)
            parameters.append(each.replace(name=f"{preprocess}_{each.name}"))
    given = {f"{preprocess}_{name}": value for preprocess, each in known.items() for name, value in each.given.items()}
    return settings, parameters, given


def _keyword_only(function: Callable[..., tf.Tensor]) -> list[inspect.Parameter]:
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    return [each for each in parameters if each.kind is each.KEYWORD_ONLY]


def _changed(
    known: Mapping[str, Augmenter],
    settings: Mapping[str, _Setting],
    inputs: Mapping[str, tf.Tensor],
    seeds: tf.Tensor,
    values: Mapping[str, Source],
) -> dict[str, tf.Tensor]:
    """Return the inputs, those changed of which a setting is among the values."""
    changed = dict(inputs)
    for preprocess, augmenter in known.items():
        chosen = {
            settings[name].name: value
            for name, value in values.items()
            if name in settings and settings[name].preprocess == preprocess
        }
        if chosen:
            given = {name: values.get(f"{preprocess}_{name}", value) for name, value in augmenter.given.items()}
            changed[preprocess] = augmenter.function(inputs[preprocess], seeds, **given, **chosen)
    return changed


def _with_signature(
    function: Callable[..., tf.Tensor], parameters: list[inspect.Parameter]
) -> Callable[..., tf.Tensor]:
    setattr(function, "__signature__", inspect.Signature([*_BATCH, *parameters]))  # noqa: B010 - mypy knows no such attribute
    return function
