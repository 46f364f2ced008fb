"""The Preprocess protocol: everything that the rest of the package needs to know of a modality.

A preprocess is a frozen dataclass of plain data. It alone knows what an input is: how it is read, what of it is stored, what
the network sees, how it is changed at random, shown and measured. A new modality is a subclass of `Preprocess` that has the
members without a default, and is made known by `multicnn.modalities.register`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol, Self

import numpy as np

from multicnn.modalities.array_inputs import ArrayInputs
from multicnn.modalities.finding import Finding
from multicnn.modalities.geometry import Located
from multicnn.modalities.input_names import NamedInputs
from multicnn.modalities.linear_form import LinearForms
from multicnn.modalities.maps import Mapped
from multicnn.modalities.marks import Marking
from multicnn.modalities.perturbations import Perturbations, Raw
from multicnn.modalities.reasons import BAD, reason
from multicnn.modalities.shown import Shown as Shown
from multicnn.modalities.suitability import Suiting
from multicnn.modalities.summaries import flat_features
from multicnn.modalities.views import Views

if TYPE_CHECKING:
    import keras
    import pandas
    import tensorflow as tf

    from multicnn.blocks import Block
    from multicnn.modalities.transform import Transform

Finish = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (all stored examples, indices of some) -> finished ones


class Augmenter(NamedTuple):
    """A function that changes training batches at random.

    Attributes:
        function: `function(batch, seeds, **given, **settings) -> batch`, where `seeds` is int64, shape (batch, 2). Its
            keyword-only parameters are the settings that a recipe's `augment` may name; their annotations are checked.
        given: The arguments that come from the preprocess, such as the sample rate.
        transform: `transform(shape, seeds, **given, **settings)` gives the movement that `function` makes of examples of this
            shape; None where it moves nothing.
        always: True where batches are changed without any setting, as crops are cut.
    """

    function: Callable[..., tf.Tensor]
    given: Mapping[str, Any] = {}
    transform: Callable[..., Transform] | None = None
    always: bool = False


class Loadable(Marking, Protocol):
    """The members that `data.store.load_examples` uses: how a source becomes an array of fixed shape and dtype."""

    @property
    @abstractmethod
    def fitted(self) -> bool:
        """True where nothing is left for `fit` to learn."""

    @property
    @abstractmethod
    def stored_shape(self) -> tuple[int, ...]:
        """Shape of `example`."""

    @property
    @abstractmethod
    def stored_dtype(self) -> str | np.dtype:
        """Dtype of `example`."""

    @abstractmethod
    def decode(self, source: Any) -> Any:
        """Return the raw example of a source: a path, the bytes of a file, a string (where `inline`), or an array.

        Raises:
            ValueError: The source cannot be read; the message is a short reason without the path.
        """

    @abstractmethod
    def example(self, raw: Raw) -> np.ndarray:
        """Return the stored form of a decoded example: shape `stored_shape`, dtype `stored_dtype`."""

    def examples_of(self, sources: Sequence[Any]) -> list[np.ndarray | str]:
        """Return `example(decode(source))` of each source, to the bit, or the reason why there is none."""
        answers: list[np.ndarray | str] = []
        for source in sources:
            try:
                answers.append(self.example(self.decode(source)))
            except BAD as error:
                answers.append(reason(error))
        return answers


class Examples(Protocol):
    """The part of a manifest that a probe may look at beside its records."""

    @property
    def table(self) -> pandas.DataFrame:
        """A row for each example, with a column `split`."""

    def raw_source(self, i: int) -> Any:
        """Return the source of row `i`, as `decode` takes it."""


class Probe(Loadable, Protocol):
    """The measurements of each example for `multicnn doctor`, stored in its place, and the findings. Never fitted."""

    fitted: ClassVar[bool] = True
    stored_shape: ClassVar[tuple[int, ...]] = ()

    def findings(self, examples: Examples, rows: np.ndarray, records: np.ndarray) -> list[Finding]:
        """Return what the records of these rows show."""
        return []

    def alike(self, examples: Examples, rows: np.ndarray, records: np.ndarray) -> np.ndarray:
        """Return pairs of indices into `rows` whose examples are nearly the same: int64, shape (pairs, 2)."""
        return np.zeros((0, 2), np.int64)


class DecodingProbe(Probe):
    """A probe that finds nothing but what cannot be decoded.

    Args:
        preprocess: Decodes the examples.
    """

    stored_dtype: ClassVar[np.dtype] = np.dtype(np.uint8)

    def __init__(self, preprocess: Loadable):
        self.preprocess = preprocess

    def decode(self, source: Any) -> Any:
        """Return the raw example, as the preprocess does."""
        return self.preprocess.decode(source)

    def example(self, raw: Any) -> np.ndarray:
        """Return nothing, in an array."""
        return np.zeros(self.stored_shape, self.stored_dtype)


class StemSettings(Protocol):
    """The part of a recipe that a stem may depend on."""

    @property
    def model(self) -> Any:
        """The group of the model; its `embedding` says how token ids become vectors."""

    @property
    def augment(self) -> Mapping[str, Any]:
        """Settings of the random changes."""

    @property
    def seed(self) -> int:
        """Seed of everything random."""


class Stem:
    """The layers between the network's input and its model, and the weights that it starts with; by default none.

    Attributes:
        preprocess: The fitted preprocess that goes with it.
    """

    def __init__(self, preprocess: Preprocess):
        self.preprocess = preprocess

    def block(self, model: Block, outputs: int) -> Block:
        """Return the whole network.

        Args:
            model: The model of the recipe.
            outputs: The number of its outputs.
        """
        return model

    def given(self) -> Mapping[str, Any]:
        """Return what the random changes need beside the preprocess (`Augmenter.given`)."""
        return {}

    def initial_weights(self, network: keras.Model, examples: Callable[[], np.ndarray]) -> tuple[dict[str, float], str]:
        """Load the weights that the stem starts with into a built network.

        Args:
            network: The network of `block`.
            examples: Returns the stored training examples.

        Returns:
            Measurements for metrics.json, and what is to be reported of them in a line; "" for nothing.
        """
        return {}, ""


class Preprocess(Loadable, ArrayInputs, NamedInputs, Suiting, LinearForms, Located, Views, Mapped, Protocol):
    """The protocol of the way from a raw input to the network's, and of everything else that depends on the modality.

    The route of an example: `decode` reads a source; `example` makes the stored tensor of it, of fixed shape; `finish` makes
    the network's input of a batch of these. The same functions serve training, evaluation and prediction.
    """

    inline: ClassVar[bool] = False
    """True where a string that `decode` takes is the example itself, False where it is the path of its file."""
    tokenized: ClassVar[bool] = False
    """True where an example is a sequence of tokens, with the members of `TextPreprocess`: decisions are explained by words."""
    sampled: ClassVar[bool] = False
    """True where `decode` takes an array together with its sampling rate in Hz."""
    baseline_input: ClassVar[Literal["sources", "stored", "finished"]] = "finished"
    """The form that `baseline_features` takes: sources as `decode` does, stored examples, or the network's input."""
    baseline_examples: ClassVar[int] = 10_000
    """Most training examples of the linear baseline."""
    mixing: ClassVar[tuple[str, ...]] = ("mixup",)
    """Ways in which two examples of a batch may be mixed: "mixup", "cutmix"."""

    @property
    @abstractmethod
    def modality(self) -> str:
        """Name of the modality, under which `modalities.register` files the class."""

    @abstractmethod
    def fit(self, raws: Iterable[Raw]) -> Self:
        """Return a copy with every open field learned.

        Args:
            raws: Decoded training examples, in an order drawn from the recipe's seed.

        Raises:
            ValueError: `raws` is empty.
        """

    @classmethod
    def upgraded(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Return the fields that any version of this class has written, as they are to be read today."""
        return data

    def windows(self, raw: Raw) -> list[tuple[float, Raw]]:
        """Return the parts of a decoded example that are predicted one by one, each with its start: by default the whole."""
        return [(0.0, raw)]

    def position(self, start: float) -> str:
        """Return the start of one of `windows` in words, such as "1.50 s"; "" where there is never more than one."""
        return ""

    @property
    def stored_dtype(self) -> str:
        """Dtype of `example`."""
        return "float32"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the network's input, without the batch."""
        return self.stored_shape

    @abstractmethod
    def finish(self, batch: np.ndarray | tf.Tensor) -> tf.Tensor:
        """Return the network's input of stored examples (batch, *stored_shape): shape (batch, *input_shape)."""

    def finish_of(self) -> Finish | None:
        """Return a faster `finish` of some of many stored examples, equal to the bit; None where there is none."""
        return None

    @property
    def augment_stored(self) -> Augmenter | None:
        """Changes of stored examples, before `finish`."""
        return None

    @property
    def augment(self) -> Augmenter | None:
        """Changes of the network's input, after `finish`."""
        return None

    def augmented_view(self) -> Preprocess:
        """Return the preprocess whose stored examples `augment_stored` changes, with the same network input."""
        return self

    def baseline_features(self, train: Any, rows: np.ndarray, test: Any) -> tuple[Any, Any, str]:
        """Return the features of examples for the linear baseline, as matrices of a row each: by default every value.

        Args:
            train: Training examples in the form of `baseline_input`: indexed by rows, with a length.
            rows: The indices of the training examples to use, int64 (n,).
            test: The examples that are scored.

        Returns:
            The features of the training and of the test examples (sparse where most are 0), and their description in words.
        """
        features, name = flat_features(train, rows)
        return features, flat_features(test, np.arange(len(test)))[0], name

    def probe(self) -> Probe:
        """Return what `multicnn doctor` measures of each example, whatever the fields of this preprocess."""
        return DecodingProbe(self)

    @property
    def perturbations(self) -> Perturbations:
        """Attacks on examples, and changes by degrees, for a card of robustness."""
        return Perturbations(self)

    @property
    @abstractmethod
    def default_model(self) -> str:
        """Name of the model where the recipe names none."""

    def check_stem(self, settings: StemSettings, locate: Callable[[str], str]) -> None:
        """Raise ValueError where the recipe's settings do not suit, before anything is read; arguments as for `stem`."""
        vectors = settings.model.embedding.vectors
        if vectors is not None and not self.tokenized:
            raise ValueError(f"`model.embedding.vectors` is for texts. Received: model.embedding.vectors={vectors!r}")

    def stem(self, settings: StemSettings, raws: Iterable[Any], locate: Callable[[str], str]) -> Stem:
        """Return what stands in front of the model.

        Args:
            settings: The recipe.
            raws: Decoded training examples, read only if something is learned from them.
            locate: Returns where a path of the recipe is.
        """
        return Stem(self)

    def for_new_data(self) -> Self:
        """Return a copy for other data of the same kind: what belongs to the old data alone is open again."""
        return self

    def filled(self, known: Mapping[str, Any]) -> Self:
        """Return a copy whose open fields are those that pretrained weights were trained with.

        Args:
            known: Values by name: the fields of a preprocess of this modality, or what is known of published weights: `size`,
                `channels`, `mean` and `std` of images.
        """
        return self

    def transferred(
        self, weights: dict[str, dict[str, np.ndarray]], network: keras.Model, trained: Self
    ) -> dict[str, dict[str, np.ndarray]]:
        """Return trained weights in the order that this preprocess gives them: the rows of a vocabulary, say.

        Args:
            weights: The arrays of each layer, by its name and theirs.
            network: The network that they are loaded into.
            trained: The preprocess that they were trained with.
        """
        return weights

    @abstractmethod
    def shown(self, raw: Raw) -> Shown:
        """Return a decoded example as pages show it."""

    def pictured(self, raw: Raw) -> list[Shown]:
        """Return a decoded example as something that is seen at a glance: by default as `shown`."""
        return [self.shown(raw)]

    @abstractmethod
    def shown_input(self, finished: np.ndarray, plain: np.ndarray, stored: np.ndarray) -> list[Shown]:
        """Return what the network sees of an example.

        Args:
            finished: The example's input, of shape `input_shape`, augmented or not.
            plain: The example's input without augmentation, of shape `input_shape`.
            stored: The stored example that `finished` was made of, shape `stored_shape`, augmented or not.
        """

    def receptive_field(self, steps: tuple[int, ...]) -> str:
        """Return a receptive field, in input steps along each axis, in words and the unit of the modality."""
        return " x ".join(f"{n:,}" for n in steps) + " steps"
