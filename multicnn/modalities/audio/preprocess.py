"""Audio clips: any rate and length to log-mel, MFCC or waveform of one length."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import os
from collections.abc import Iterable, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
import pydantic
import tensorflow as tf
from pydantic.dataclasses import dataclass

from multicnn.blocks import Block
from multicnn.modalities import content, linear_form
from multicnn.modalities.audio import (
    arrays,
    augment_spectrogram,
    augment_waveform,
    decode,
    features,
    frame_times,
    librosa_features,
    spectrogram,
    spectrogram_figure,
    statistics,
    window_marks,
)
from multicnn.modalities.audio.explained import AudioMaps
from multicnn.modalities.audio.features import FeatureKind, FeatureSpec
from multicnn.modalities.audio.perturbations import AudioPerturbations
from multicnn.modalities.audio.probe import AudioProbe
from multicnn.modalities.audio.views import AudioViews
from multicnn.modalities.audio.waveform_preprocess import WaveformPreprocess
from multicnn.modalities.base import Augmenter, Preprocess, Probe, Shown
from multicnn.modalities.finding import Finding
from multicnn.modalities.marks import Marked, Source
from multicnn.modalities.perturbations import Perturbations
from multicnn.modalities.summaries import audio_features
from multicnn.utils.constrained import Count, Finite, FromZero, Positive
from multicnn.utils.validation import one_line_errors

_MAX_SECONDS = 10.0
_LOSSLESS = ("WAV", "FLAC", "AIFF", "AU", "CAF")
_MOST_SAMPLES = 1 << 28  # of an example: an hour and a half at 48 kHz, 1 GB
_MOST_HERTZ = 10**7
_FIT_EXAMPLES = 1000
_IN_DECIBELS = ("log_mel", "mfcc", "cqt")
_FIT_SECONDS = 3600.0  # of audio held while the length is being learned: 230 MB at 16 kHz
Samples = Annotated[Count, pydantic.Field(le=1 << 20)]
Bands = Annotated[Count, pydantic.Field(le=1 << 14)]


@one_line_errors()
@dataclass(frozen=True, kw_only=True, config={"extra": "forbid"})
class AudioPreprocess(AudioViews, AudioMaps, Preprocess):
    """Preprocess of audio clips: log-mel, MFCC, other features or the waveform, of one length.

    What is None of `seconds`, `mean` and `std` is learned by `fit` from training clips.

    Args:
        sample_rate: Hz.
        seconds: Length of every example.
        features: "log_mel" (dB), "mfcc" or "waveform"; or what librosa computes under these names: "cqt" (constant-Q
            transform, dB), "chroma_stft" or "pcen" (per-channel energy normalization of a mel spectrogram).
        n_fft, hop_length, win_length: Samples; a `win_length` of None is `n_fft`.
        n_mels, n_mfcc: Mel bands, and the cepstral coefficients computed from them.
        n_bins, bins_per_octave: Bins of the constant-Q transform, and how many of them make an octave.
        n_chroma: Pitch classes of the chroma.
        fmin, fmax: Hz; an `fmax` of None is half of `sample_rate`. The constant-Q transform begins at `fmin`, at C1
            (32.7 Hz) where it is 0.
        htk: HTK's mel scale instead of Slaney's.
        center: Frame t is centred on sample t * hop_length (zeros around the clip), instead of starting there.
        trim_db: Both ends of a clip are cut off where they are so much quieter than its loudest frame, as by
            `librosa.effects.trim`: recorders and speakers differ in their silence. None keeps all.
        stretch_db: From the first to the last frame that is less than this below the loudest, a clip is spread over the
            whole length, as if all were spoken at one pace. None leaves the pace.
        top_db: Decibels count from the loudest of the clip and end so far below it, as by `librosa.power_to_db` with
            `ref=np.max`: the level of a clip does not matter then, and of its noise only what is above.
        rank: 2 for (time, mel, 1), 1 for (time, mel); a waveform is (samples, 1) in both.
        mean, std: Of all features; the network sees (features - mean) / std.
    """

    sampled: ClassVar[bool] = True
    length_field: ClassVar[str] = "preprocess.seconds"

    modality: Literal["audio"] = "audio"
    sample_rate: Annotated[Count, pydantic.Field(le=_MOST_HERTZ)] = 16000
    seconds: Positive | None = None
    features: FeatureKind = "log_mel"
    n_fft: Samples = 512
    hop_length: Samples = 160
    win_length: Samples | None = None
    n_mels: Bands = 40
    n_mfcc: Bands = 40
    n_bins: Bands = 84
    bins_per_octave: Bands = 12
    n_chroma: Bands = 12
    fmin: FromZero = 0.0
    fmax: Positive | None = None
    htk: bool = False
    center: bool = True
    trim_db: Positive | None = None
    stretch_db: Positive | None = None
    top_db: Positive | None = None
    rank: Literal[1, 2] = 2
    mean: Finite | None = None
    std: Positive | None = None

    def __post_init__(self) -> None:
        if self.seconds is not None and self.samples > _MOST_SAMPLES:
            raise ValueError(f"seconds must be at most {_MOST_SAMPLES:,} samples. Received: seconds={self.seconds}")
        if self.win_length is not None and self.win_length > self.n_fft:
            raise ValueError(f"win_length must be at most n_fft ({self.n_fft}). Received: win_length={self.win_length}")
        for name in ("stretch_db", "top_db"):
            if getattr(self, name) is not None and self.features not in _IN_DECIBELS:
                raise ValueError(f"{name} is for {', '.join(_IN_DECIBELS)}. Received: {name}={getattr(self, name)}")
        if self.n_mfcc > self.n_mels and self.features == "mfcc":
            raise ValueError(f"n_mfcc must be at most n_mels ({self.n_mels}). Received: n_mfcc={self.n_mfcc}")
        top = librosa_features.cqt_bottom(self.fmin) * 2 ** (self.n_bins / self.bins_per_octave)
        if self.features == "cqt" and top > self.sample_rate / 2:
            received = f"n_bins={self.n_bins}, bins_per_octave={self.bins_per_octave}, fmin={self.fmin}"
            raise ValueError(f"n_bins must end ({top:.0f} Hz) below sample_rate / 2. Received: {received}")
        if not 0 <= self.fmin < self._fmax <= self.sample_rate / 2:
            received = f"fmin={self.fmin}, fmax={self._fmax}"
            raise ValueError(f"fmin and fmax must rise from 0 to at most sample_rate / 2. Received: {received}")
        if self.seconds is not None and self.samples < self._fewest_samples:
            raise ValueError(
                f"seconds must hold one frame ({self._fewest_samples} samples). Received: seconds={self.seconds}"
            )
        if self.seconds is not None:
            features.check_size(self.feature_spec)

    @property
    def fitted(self) -> bool:
        """True where nothing is left for `fit` to learn."""
        return None not in (self.seconds, self.mean, self.std)

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Shape of `example`: (time, mel, 1), (time, mel) or (samples, 1)."""
        return self.feature_spec.shape

    @property
    def stored_dtype(self) -> str:
        """Dtype of `example`."""
        return "float32"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example of `finish`: that of `example`."""
        return self.stored_shape

    @functools.cached_property
    def feature_spec(self) -> FeatureSpec:
        """Everything that decides the features of a waveform of `window`."""
        return FeatureSpec(
            kind=self.features,
            samples=self.samples,
            sample_rate=self.sample_rate,
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            win_length=self.win_length or self.n_fft,
            center=self.center,
            n_mels=self.n_mels,
            n_mfcc=self.n_mfcc,
            n_bins=self.n_bins,
            bins_per_octave=self.bins_per_octave,
            n_chroma=self.n_chroma,
            fmin=self.fmin,
            fmax=self._fmax,
            htk=self.htk,
            stretch_db=self.stretch_db,
            top_db=self.top_db,
            rank=self.rank,
        )

    @property
    def bands(self) -> np.ndarray | None:
        """Centre of each mel band in Hz, shape (n_mels,); None where the features are not a log-mel."""
        if self.features != "log_mel":
            return None
        return spectrogram.mel_centers(self.n_mels, self.fmin, self._fmax, self.htk)

    def decode(self, source: str | os.PathLike | bytes | np.ndarray | tuple[np.ndarray, int]) -> np.ndarray:
        """Return the waveform of a clip at `sample_rate`.

        Args:
            source: A path, the bytes of a file (any format of libsndfile, recognised by content), a pair of waveform
                and rate in Hz, or a waveform at `sample_rate`; an array as in `arrays.waveform`.

        Returns:
            float32, shape (samples,): the mean of the channels, full scale 1, without its ends below `trim_db`.

        Raises:
            ValueError: Not a readable clip; the message is a short reason without the path.
        """
        if isinstance(source, tuple):
            waveform, rate = arrays.waveform(source[0]), int(source[1])
        elif isinstance(source, np.ndarray):
            waveform, rate = arrays.waveform(source), self.sample_rate
        else:
            waveform, rate = decode.from_bytes(content.read(source))
        waveform = decode.resample(waveform, rate, self.sample_rate)
        if self.trim_db is None:
            return waveform
        from librosa.effects import trim

        frames = {"frame_length": self.n_fft, "hop_length": self.hop_length}
        return trim(waveform, top_db=self.trim_db, **frames)[0]

    @classmethod
    def from_archive(cls, x: np.ndarray) -> np.ndarray:
        """Return waveforms as float32 with full scale 1: whole numbers are PCM, as when they are read from a file."""
        return arrays.of_archive(x)

    @classmethod
    def from_memory(cls, items: Sequence[object]) -> list[object]:
        """Return mono waveforms, with their rate where they have one, and contents of files."""
        return arrays.of_items(items)

    @classmethod
    def content_of(cls, data: bytes) -> np.ndarray | None:
        """Return the mono waveform of a file of a lossless format; None of another."""
        return decode.from_bytes(data)[0] if content.recognise(data)[1] in _LOSSLESS else None

    def separated(self, x: np.ndarray) -> list[np.ndarray]:
        """Return one clip, or those of a batch."""
        return arrays.separated(x)

    def fit(self, raws: Iterable[np.ndarray]) -> AudioPreprocess:
        """Return a copy that has learned what is None.

        `seconds` is what `statistics.usual_seconds` makes of the durations, at most 10 s; mean and standard deviation are
        those of all features of the examples. A clip that is as no real one is (`modalities.absurd`) does not count.

        Args:
            raws: Decoded training clips, of which the first 1,000 are read (an hour of them for mean and std).

        Raises:
            ValueError: `raws` is empty.
        """
        durations: list[float] = []
        clips: list[np.ndarray] = []
        longest = self.seconds or _MAX_SECONDS
        for raw in itertools.islice(raws, _FIT_EXAMPLES):
            durations.append(len(raw) / self.sample_rate)
            if sum(map(len, clips)) < _FIT_SECONDS * self.sample_rate:
                clips.append(raw[: round(longest * self.sample_rate)].copy())
        if not clips:
            raise ValueError("fit needs at least one training clip. Received: raws=(empty)")
        learned = dataclasses.replace(self, seconds=self.seconds or self._usual_seconds(durations))
        mean, std = statistics.mean_and_std(clips, learned.window, learned.feature_spec)
        return dataclasses.replace(
            learned,
            mean=mean if self.mean is None else self.mean,
            std=std if self.std is None else self.std,
        )

    def example(self, raw: np.ndarray) -> np.ndarray:
        """Return the features of a decoded clip: float32, shape `stored_shape`.

        A longer clip is cut at its end: what remains is then the first of `windows`, and onsets keep their place
        in training and in use. A shorter one is followed by zeros.

        Args:
            raw: float32, shape (samples,), of `decode` or `windows`.
        """
        return features.of_one(self.window(raw), self.feature_spec)

    def examples_of(self, sources: Sequence[Source]) -> list[np.ndarray | str]:
        """Return `example(decode(source))` of each source, to the bit, or the reason why there is none.

        Faster than one by one.
        """
        return self.marked_examples_of(sources)[0]

    def marked_examples_of(self, sources: Sequence[Source]) -> Marked:
        """Return `examples_of` these sources, and a mark of each clip that is silent, cut or padded."""
        windows, marks = window_marks.of_sources(self, sources)
        waveforms = (window for window in windows if not isinstance(window, str))
        examples = features.of_each(waveforms, self.feature_spec)
        return [window if isinstance(window, str) else next(examples) for window in list(windows)], marks

    def marked(self, marks: np.ndarray, rows: np.ndarray) -> list[Finding]:
        """Return how many clips are silent, and the share of them that is cut or padded."""
        return window_marks.findings(marks, rows, self.seconds or 0.0)

    def remark(self, raw: Source, examples: Sequence[np.ndarray]) -> str:
        """Return that a clip is silent, or ""."""
        return window_marks.REMARK if window_marks.is_silent(raw) else ""

    def window(self, raw: np.ndarray) -> np.ndarray:
        """Return the first `seconds` of a decoded clip, a shorter one followed by zeros: float32, shape (samples,)."""
        if len(raw) == self.samples:
            return raw
        waveform = raw[: self.samples]
        return np.pad(waveform, (0, self.samples - len(waveform)))  # a copy, so that nobody keeps the whole of `raw`

    def finish(self, batch: np.ndarray | tf.Tensor) -> tf.Tensor:
        """Return the network's input: (features - mean) / std, float32.

        Args:
            batch: float32, shape (batch, *stored_shape).
        """
        if self.mean is None or self.std is None:
            raise ValueError(f"mean and std are not known yet: call fit first. Received: {self}")
        with tf.device("CPU:0"):  # the same bits where there is an accelerator
            # Multiplied, never divided: a graph turns a division by a constant into a product, which rounds otherwise.
            return (tf.cast(batch, tf.float32) - tf.constant(self.mean, tf.float32)) * tf.constant(
                1 / self.std, tf.float32
            )

    def windows(self, raw: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """Return the clip as windows of `seconds`, side by side; the last ends where the clip does and may overlap.

        Args:
            raw: float32, shape (samples,), of `decode`.

        Returns:
            Pairs of the start in seconds and a float32 waveform; a clip no longer than `seconds` gives one pair,
            padded with zeros.
        """
        length = self.samples
        starts = [*range(0, max(len(raw) - length, 0), length), max(len(raw) - length, 0)]
        return [(start / self.sample_rate, self.window(raw[start:])) for start in starts]

    def geometry(self, raw: np.ndarray) -> np.ndarray:
        """Return start and stop in seconds of each frame of each of `windows`, float64 (windows * frames, 2).

        Nothing where `trim_db` or `stretch_db` moves them.
        """
        if self.trim_db is not None or self.stretch_db is not None:
            return np.zeros(0)
        starts = [start for start, _ in self.windows(raw)]
        hop = (1 if self.features == "waveform" else self.hop_length) / self.sample_rate
        seconds = len(raw) / self.sample_rate
        return frame_times.spans(
            starts, self.stored_shape[0], hop, self.center, self.samples / self.sample_rate, seconds
        )

    def for_targets(self, kind: str) -> AudioPreprocess:
        """Return the preprocess of (time, mel) for segments: a network of theirs answers at each frame."""
        return dataclasses.replace(self, rank=1) if kind == "segments" else self

    def position(self, start: float) -> str:
        """Return the start of a window, such as "1.50 s"."""
        return f"{start:.2f} s"

    @property
    def augment_stored(self) -> Augmenter:
        """Changes of waveforms: of the examples of `augmented_view`."""
        return Augmenter(augment_waveform.augment, {"sample_rate": self.sample_rate})

    @property
    def augment(self) -> Augmenter:
        """Changes of the finished features."""
        return Augmenter(augment_spectrogram.augment, {"bands": self.bands}, frame_times.movement)

    def augmented_view(self) -> Preprocess:
        """Return the same preprocess with waveforms as its stored examples."""
        return WaveformPreprocess(self)

    @property
    def perturbations(self) -> Perturbations:
        """Attacks and other changes of clips."""
        return AudioPerturbations(self)

    @property
    def default_model(self) -> str:
        """Name of the model where the recipe names none: one of spectra, or of waveforms."""
        return "m5" if self.features == "waveform" else "res8"

    def shown(self, raw: np.ndarray) -> Shown:
        """Return a decoded waveform as a player."""
        return Shown("audio", raw, self.sample_rate)

    def pictured(self, raw: np.ndarray) -> list[Shown]:
        """Return a player, and the log-mel spectrogram of what it plays."""
        clip = raw[: round(_MAX_SECONDS * self.sample_rate)]
        seconds = max(len(clip), self.n_fft) / self.sample_rate
        log_mel = dataclasses.replace(self, seconds=seconds, features="log_mel", stretch_db=None)
        spectrum, spec = log_mel.example(clip), log_mel.feature_spec
        drawn = spectrogram_figure.draw(spectrum, spec, *spectrogram_figure.limits(spectrum, spec))
        return [self.shown(raw), Shown("figure", drawn)]

    def shown_input(self, finished: np.ndarray, plain: np.ndarray, stored: np.ndarray) -> list[Shown]:
        """Return the features as a figure in the colors of the example without augmentation; a waveform as a player."""
        if self.features == "waveform":
            return [Shown("audio", finished[:, 0] * (self.std or 1.0) + (self.mean or 0.0), self.sample_rate)]
        limits = spectrogram_figure.limits(plain, self.feature_spec)
        return [Shown("figure", spectrogram_figure.draw(finished, self.feature_spec, *limits))]

    def receptive_field(self, steps: tuple[int, ...]) -> str:
        """Return a receptive field, such as "235 ms x 11 bands"."""
        if self.features == "waveform":
            return f"{1000 * steps[0] / self.sample_rate:,.1f} ms"
        samples = (steps[0] - 1) * self.hop_length + (self.win_length or self.n_fft)
        return " x ".join([f"{1000 * samples / self.sample_rate:,.0f} ms", *(f"{n:,} bands" for n in steps[1:])])

    def baseline_features(
        self, train: np.ndarray, rows: np.ndarray, test: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, str]:
        """Return means, deviations and slices over time of every band."""
        features, name = audio_features(train, rows)
        return features, audio_features(test, np.arange(len(test)))[0], name

    @property
    def linear_features(self) -> tuple[Block, str]:
        """The statistics of `baseline_features` as a Block."""
        return linear_form.of_audio(self.input_shape)

    def probe(self) -> Probe:
        """Return rate, channels, duration, level and a fingerprint of each clip."""
        return AudioProbe(self.sample_rate)

    @property
    def samples(self) -> int:
        """Samples in `seconds`."""
        if self.seconds is None:
            raise ValueError(f"seconds is not known yet: call fit first. Received: {self}")
        return round(self.seconds * self.sample_rate)

    @property
    def _fmax(self) -> float:
        return self.sample_rate / 2 if self.fmax is None else self.fmax

    @property
    def _fewest_samples(self) -> int:
        return 1 if self.center or self.features in ("waveform", "cqt") else self.n_fft

    def _usual_seconds(self, durations: list[float]) -> float:
        fewest = math.ceil(10 * self._fewest_samples / self.sample_rate) / 10
        return max(statistics.usual_seconds(durations, _MAX_SECONDS), fewest)
