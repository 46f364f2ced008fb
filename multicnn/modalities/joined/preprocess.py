"""Examples of several inputs: a preprocess that holds one for each, by the name of its modality."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import pydantic
import tensorflow as tf
from pydantic.dataclasses import dataclass

from multicnn.modalities import registry
from multicnn.modalities.base import Augmenter, Preprocess, Shown, Stem, StemSettings
from multicnn.modalities.finding import Finding, about
from multicnn.modalities.joined import baseline, changes, fit, packing, suggesting
from multicnn.modalities.joined.cells import JoinedRaw, of_source, refusal
from multicnn.modalities.joined.stem import JoinedStem
from multicnn.modalities.linear_form import Inputs, LinearForm
from multicnn.modalities.marks import Mark, Marked, Source
from multicnn.modalities.reasons import BAD, reason
from multicnn.modalities.suggestions import Suggestion
from multicnn.utils.validation import one_line_errors

_NAMES = ("image", "audio", "text")
_LOOKED_AT = 1000  # sources that decide which inputs there are


def _read(value: object) -> Preprocess:
    """Return the preprocess of an input, of its fields perhaps."""
    if not isinstance(value, Mapping):
        return value  # type: ignore[return-value]
    cls = registry.lookup(str(value.get("modality", "")))
    return pydantic.TypeAdapter(cls).validate_python(cls.upgraded(dict(value)))


def _usual() -> dict[str, Preprocess]:
    return {name: registry.lookup(name)() for name in _NAMES}


def _fields(value: Preprocess) -> dict[str, Source]:
    return pydantic.TypeAdapter(type(value)).dump_python(value, mode="json")


Each = Annotated[Preprocess, pydantic.PlainValidator(_read), pydantic.PlainSerializer(_fields)]


@one_line_errors()
@dataclass(frozen=True, kw_only=True, config={"extra": "forbid"})
class JoinedPreprocess(Preprocess):
    """Preprocess of examples with an image, an audio clip and a text, or two of them; any but one may be missing.

    What is stored and what the network sees is one vector (`packing`), which begins with 1 or 0 for each input: given or
    missing.

    Args:
        inputs: The preprocess of each input, by the name of its modality. `fit` leaves out those that no training example has.
    """

    inline: ClassVar[bool] = True  # a source is JSON: the paths and texts of a row
    sampled: ClassVar[bool] = True
    baseline_input: ClassVar[Literal["sources", "stored", "finished"]] = "sources"
    mixing: ClassVar[tuple[str, ...]] = ()

    modality: Literal["joined"] = "joined"
    inputs: dict[str, Each] = dataclasses.field(default_factory=_usual)

    def __post_init__(self) -> None:
        for name, preprocess in self.inputs.items():
            if getattr(preprocess, "modality", None) != name:
                raise ValueError(
                    f"inputs must be named by their modality. Received: inputs={{{name!r}: {preprocess!r}}}"
                )

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs of an example."""
        return tuple(self.inputs)

    @property
    def fitted(self) -> bool:
        """True where nothing is left for `fit` to learn."""
        return all(preprocess.fitted for preprocess in self.inputs.values())

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Shape of `example`: (bytes,)."""
        return (len(self.inputs) + sum(packing.sizes(self.inputs).values()),)

    @property
    def stored_dtype(self) -> str:
        """Dtype of `example`."""
        return "uint8"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example of `finish`: (values,)."""
        values = sum(int(np.prod(preprocess.input_shape)) for preprocess in self.inputs.values())
        return (len(self.inputs) + values,)

    def decode(self, source: Source) -> JoinedRaw:
        """Return what can be read of a row.

        Args:
            source: A mapping from the names of the inputs to what their modality decodes, or that as JSON; None, NaN and empty
                texts are missing inputs.

        Raises:
            ValueError: There is no input, or none can be read; the message is a short reason.
        """
        cells = of_source(source)
        if unknown := [name for name in cells if name not in self.inputs]:
            raise ValueError(f"no input {unknown[0]!r}: they are {', '.join(self.inputs)}")
        decoded: dict[str, Source] = {}
        problems: dict[str, str] = {}
        for name, cell in cells.items():
            if problem := refusal(cell):
                problems[name] = problem
                continue
            try:
                decoded[name] = self.inputs[name].decode(cell)
            except BAD as error:
                problems[name] = reason(error)
        if not decoded:
            raise ValueError(in_words(problems) or "no input")
        return JoinedRaw(decoded, problems)

    def example(self, raw: JoinedRaw) -> np.ndarray:
        """Return the stored inputs in one vector: uint8 (bytes,)."""
        examples = {name: self.inputs[name].example(preprocess) for name, preprocess in raw.decoded.items()}
        return packing.packed(self.inputs, examples)

    def marked_examples_of(self, sources: Sequence[Source]) -> Marked:
        """Return `examples_of` these sources, and a mark where an input that is given cannot be read."""
        examples: list[np.ndarray | str] = []
        marks: list[Mark] = []
        for source in sources:
            try:
                raw = self.decode(source)
                examples.append(self.example(raw))
                marks.append(Mark.INCOMPLETE if raw.problems else Mark.NONE)
            except BAD as error:
                examples.append(reason(error))
                marks.append(Mark.NONE)
        return examples, marks

    def marked(self, marks: np.ndarray, rows: np.ndarray) -> list[Finding]:
        """Return how many examples have an input that cannot be read."""
        what = "have an input that cannot be read and is taken as missing: they are listed with the bad files"
        return about("incomplete examples", rows[(marks & Mark.INCOMPLETE) > 0], what, of=len(rows))

    def problems(self, source: Source) -> Mapping[str, str]:
        """Return which inputs of a row that has others cannot be read, and why."""
        try:
            return self.decode(source).problems
        except BAD:  # it is bad as a whole
            return {}

    def remark(self, raw: JoinedRaw, examples: Sequence[np.ndarray]) -> str:
        """Return which inputs could not be read."""
        return f"left out: {in_words(raw.problems)}" if raw.problems else ""

    def only(self, examples: np.ndarray, names: Iterable[str]) -> np.ndarray:
        """Return stored examples (n, bytes) in which no other inputs than these are given."""
        keep = np.array([name in set(names) for name in self.inputs], np.uint8)
        examples = np.array(examples)
        examples[:, : len(keep)] *= keep
        return examples

    def given(self, examples: np.ndarray) -> np.ndarray:
        """Return which inputs stored examples (n, bytes) have: bool (n, inputs)."""
        return np.asarray(examples)[:, : len(self.inputs)] > 0

    def stored_of(self, name: str, examples: np.ndarray) -> np.ndarray:
        """Return the stored examples of one input, of those that have it: (n, *its stored_shape)."""
        given = self.given(examples)[:, list(self.inputs).index(name)]
        return packing.unpacked(self.inputs, tf.convert_to_tensor(np.asarray(examples)[given]))[1][name].numpy()

    def fit(self, raws: Iterable[JoinedRaw]) -> Self:
        """Return a copy in which every input is fitted to the examples that have it."""
        return dataclasses.replace(self, inputs=fit.fitted(self.inputs, raws))

    def finish(self, batch: np.ndarray | tf.Tensor) -> tf.Tensor:
        """Return the network's input of stored examples (batch, bytes): float32 (batch, values)."""
        with tf.device("CPU:0"):
            given, stored = packing.unpacked(self.inputs, tf.convert_to_tensor(batch))
            inputs = {name: preprocess.finish(stored[name]) for name, preprocess in self.inputs.items()}
            return packing.in_one_vector(self.inputs, tf.cast(given, tf.float32), inputs)

    @property
    def augment_stored(self) -> Augmenter | None:
        """Changes of the stored inputs: "image_hue" and so on."""
        return changes.of_stored(self.inputs)

    @property
    def augment(self) -> Augmenter:
        """Changes of the network's inputs, and `drop_inputs`."""
        return changes.of_inputs(self.inputs)

    def augmented_view(self) -> Preprocess:
        """Return the same with the preprocesses whose stored examples `augment_stored` changes."""
        return dataclasses.replace(
            self, inputs={name: preprocess.augmented_view() for name, preprocess in self.inputs.items()}
        )

    @classmethod
    def suited(cls, sources: Iterable[object]) -> Self:
        """Return the inputs that these sources have, each suited to its own."""
        given: dict[str, list[object]] = {name: [] for name in _NAMES}
        for source in itertools.islice(sources, _LOOKED_AT):
            for name, cell in of_source(source).items():
                given.setdefault(name, []).append(cell)
        inputs = {name: registry.lookup(name).suited(cells) for name, cells in given.items() if cells}
        return cls(inputs=inputs) if inputs else cls()

    def doubts(self, sources: Iterable[object]) -> list[Finding]:
        """Return the doubts about each input."""
        rows = [of_source(source) for source in itertools.islice(sources, _LOOKED_AT)]
        each = {name: [row[name] for row in rows if name in row] for name in self.inputs}
        return [finding for name, preprocess in self.inputs.items() for finding in preprocess.doubts(each[name])]

    def suggested(
        self, examples: Iterable[tuple[Source, str]], count: int, batch_size: int | None = None
    ) -> Suggestion:
        """Return what suits the inputs, one that is left out now and then among it."""
        return suggesting.suggested(self.inputs, examples, count, batch_size)

    def linear_form(self, inputs: Inputs, rows: np.ndarray, outputs: int, most_numbers: int) -> LinearForm:
        """Return the linear model of the features of all inputs, and of which are given."""
        return baseline.linear_form(self.inputs, inputs, rows, outputs, most_numbers)

    def baseline_features(
        self, train: Sequence[Source], rows: np.ndarray, test: Sequence[Source]
    ) -> tuple[baseline.Features, baseline.Features, str]:
        """Return the features of `linear_form`."""
        return baseline.features(self.inputs, train, rows, test)

    @property
    def default_model(self) -> str:
        """Name of the model where the recipe names none."""
        return "late_fusion"

    def check_stem(self, settings: StemSettings, locate: Callable[[str], str]) -> None:
        """Raise ValueError where the recipe's settings do not suit an input."""
        for preprocess in self.inputs.values():
            preprocess.check_stem(settings, locate)

    def stem(self, settings: StemSettings, raws: Iterable[JoinedRaw], locate: Callable[[str], str]) -> Stem:
        """Return the stems of the inputs under one `join`."""
        kept = list(raws) if getattr(getattr(settings.model, "embedding", None), "vectors", None) else []
        stems = {
            name: preprocess.stem(settings, (raw.decoded[name] for raw in kept if name in raw.decoded), locate)
            for name, preprocess in self.inputs.items()
        }
        fitted = dataclasses.replace(self, inputs={name: stem.preprocess for name, stem in stems.items()})
        return JoinedStem(fitted, stems)

    def for_new_data(self) -> Self:
        """Return a copy for other data of the same kind."""
        return dataclasses.replace(
            self, inputs={name: preprocess.for_new_data() for name, preprocess in self.inputs.items()}
        )

    def shown(self, raw: JoinedRaw) -> Shown:
        """Return the first of the inputs that are given."""
        name = next(name for name in self.inputs if name in raw.decoded)
        return self.inputs[name].shown(raw.decoded[name])

    def pictured(self, raw: JoinedRaw) -> list[Shown]:
        """Return all inputs that are given, side by side."""
        return [
            shown
            for name in self.inputs
            if name in raw.decoded
            for shown in self.inputs[name].pictured(raw.decoded[name])
        ]

    def shown_input(self, finished: np.ndarray, plain: np.ndarray, stored: np.ndarray) -> list[Shown]:
        """Return what the network sees of each input that is given to it."""
        given, own = packing.of_vector(self.inputs, tf.convert_to_tensor(finished[np.newaxis]))
        _, unchanged = packing.of_vector(self.inputs, tf.convert_to_tensor(plain[np.newaxis]))
        _, kept = packing.unpacked(self.inputs, tf.convert_to_tensor(stored[np.newaxis]))
        return [
            shown
            for (name, preprocess), present in zip(self.inputs.items(), given[0].numpy().tolist())
            if present
            for shown in preprocess.shown_input(own[name][0].numpy(), unchanged[name][0].numpy(), kept[name][0].numpy())
        ]


def in_words(problems: Mapping[str, str]) -> str:
    """Return the reasons of inputs in a line, such as "audio: truncated"."""
    return "; ".join(f"{name}: {problem}" for name, problem in problems.items())
