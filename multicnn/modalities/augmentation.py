"""Random changes of training batches: functions of a seed for each example, vectorised over the batch.

Each modality has changes of stored examples, before `finish`, and of what `finish` makes of them: light and colour before,
geometry after; waveforms before, spectrograms after.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pydantic
import tensorflow as tf

from multicnn.modalities.audio import augment_spectrogram, augment_waveform
from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.audio.waveform_preprocess import WaveformPreprocess
from multicnn.modalities.image import augment_color, augment_geometry
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.modalities.text import augment
from multicnn.modalities.text.preprocess import TextPreprocess

Change = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # (batch, seeds) -> batch
_BEFORE = {"image": augment_color.augment, "audio": augment_waveform.augment}
_AFTER = {"image": augment_geometry.augment, "audio": augment_spectrogram.augment, "text": augment.augment}
_GIVEN = ("batch", "ids", "seeds", "sample_rate", "bands", "level", "nearest")  # not settings: they come with the data


class Augmentation(NamedTuple):
    """What happens to training batches.

    Attributes:
        stored: The preprocess, or a view of it that stores an earlier tensor: the last one before the first random step.
        before: Changes a batch of stored examples; None changes nothing.
        after: Changes what `stored.finish` makes of them; None changes nothing.
    """

    stored: Any
    before: Change | None
    after: Change | None

    def check(self) -> None:
        """Raises the ValueError that a wrong setting gives, before anything is read: on a batch of zeros."""
        batch, seeds = tf.zeros((1, *self.stored.stored_shape), self.stored.stored_dtype), tf.zeros((1, 2), tf.int32)
        batch = self.stored.finish(batch if self.before is None else self.before(batch, seeds))
        if self.after is not None:
            self.after(batch, seeds)


def settings_of(modality: str) -> list[str]:
    """The names of the settings of a modality."""
    return [*_settings(_BEFORE.get(modality)), *_settings(_AFTER[modality])]


def augmentation(
    preprocess: ImagePreprocess | AudioPreprocess | TextPreprocess,
    settings: Mapping[str, Any],
    nearest: np.ndarray | None = None,
) -> Augmentation:
    """The random changes that some settings ask for.

    Args:
        preprocess: Fitted, or about to be.
        settings: By name, those of the functions of this package, such as {"mirror": True, "shift": 4}.
        nearest: Of a text's `neighbours`: the words nearest to each, `embeddings.nearest`.

    Raises:
        ValueError: A setting is unknown, the message lists the known ones; or it is not of the type that it must have.
    """
    known = settings_of(preprocess.modality)
    for name, value in settings.items():
        if name not in known:
            raise ValueError(f"`augment` of {preprocess.modality} takes {known}. Received: augment.{name}={value!r}")
    settings = {name: _typed(preprocess.modality, name, value) for name, value in settings.items()}
    before = _chosen(_BEFORE.get(preprocess.modality), settings)
    after = _chosen(_AFTER[preprocess.modality], settings)
    if preprocess.modality == "audio":
        before = before and functools.partial(before, sample_rate=preprocess.sample_rate)
        after = after and functools.partial(after, bands=preprocess.bands)
    if preprocess.modality == "text":
        after = after and functools.partial(after, level=preprocess.level, nearest=nearest)
    return Augmentation(
        WaveformPreprocess(preprocess) if preprocess.modality == "audio" and before else preprocess, before, after
    )


def _settings(change: Callable | None) -> list[str]:
    return [name for name in inspect.signature(change).parameters if name not in _GIVEN] if change else []


def _typed(modality: str, name: str, value: Any) -> Any:
    """The value of a setting in the type of the parameter that it is for."""
    change = _BEFORE[modality] if name in _settings(_BEFORE.get(modality)) else _AFTER[modality]
    try:
        wanted = inspect.signature(change, eval_str=True).parameters[name].annotation
        return pydantic.TypeAdapter(wanted).validate_python(value)
    except pydantic.ValidationError as error:
        raise ValueError(f"augment.{name}: {error.errors()[0]['msg']}. Received: augment.{name}={value!r}") from None


def _chosen(change: Callable | None, settings: Mapping[str, Any]) -> Callable | None:
    chosen = {name: value for name, value in settings.items() if name in _settings(change)}
    return functools.partial(change, **chosen) if chosen else None
