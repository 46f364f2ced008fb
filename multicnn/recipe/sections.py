"""The sections of a recipe: the data source, the model, the optimizer, transfer learning, and how the machine computes."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal

import pydantic
from pydantic.dataclasses import dataclass

from multicnn.modalities import registry
from multicnn.utils.constrained import (
    MOST_EPOCHS,
    Count,
    CountFromZero,
    FromZero,
    Positive,
    PositiveShare,
    Share,
    ShareBelowOne,
    Text,
    finite,
)
from multicnn.utils.validation import one_line_errors

STRICT = pydantic.ConfigDict(extra="forbid", allow_inf_nan=False)
Kind = Literal["rand", "static", "nonstatic", "multichannel", "one_hot"]
Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
Arguments = Annotated[dict[str, Any], pydantic.AfterValidator(finite)]
Named = Annotated[str | tuple[str, dict[str, Any]], pydantic.AfterValidator(finite)]  # a name, or [name, parameters]


@one_line_errors()
@dataclass(frozen=True, kw_only=True, config=STRICT)
class DataSource:
    """Where the examples are and how they divide.

    Args:
        path: A folder, a table (CSV, TSV, JSON lines, Parquet), an .npz file, "tfds:name", or a built-in set's name
            (digits, docstrings, spoken_digits).
        pattern: For a folder whose file names carry the label: a regular expression with named groups `label`, and
            if wanted `group` and `split`, searched in each file name.
        text_column, label_column, split_column, group_column: Columns of a table.
        image_column, audio_column: Columns of a table of files, or of images and clips in memory. Two of these and of
            `text_column` make examples of several inputs; their cells may be empty.
        label_separator: Separator of the labels of an example in multilabel data, such as "|"; JSON lines and Parquet can
            have lists instead.
        label_names: A table (CSV, TSV) with the name of each label in its second column, where the labels are the ids of its first,
            as WordNet's synsets and OpenImages' MIDs are.
        test: A separate folder or table of test examples.
        leave_out: The group that is the test set (leave one group out); also a fold of metadata.csv.
        validation_fraction: Fraction of the examples for validation, where the source does not divide them itself.
        test_fraction: Fraction of the examples for testing, likewise; 0 where it names training and validation examples.
        modality: "image", "audio", "text" or another registered modality, where the files do not tell.
        sample_rate: Rate in Hz of waveforms in arrays that come without one, in training and in prediction; that of waveforms
            in memory is kept here.
        hash: The hash of an image or a clip in a file, which decides its split and its duplicates: that of the "file", or of the
            "content" of a lossless format (PNG, BMP, WAV, FLAC ...), which the same example in an array has too.
        bad_limit: The share of bad examples above which the run stops.
        allow_outside: Let metadata.csv, or a table of files, name files outside its own folder, and links that lead there.
    """

    path: str = ""
    pattern: str | None = None
    text_column: Text = "text"
    image_column: Text | None = None
    audio_column: Text | None = None
    label_column: Text = "label"
    label_separator: Text | None = None
    label_names: Text | None = None
    split_column: Text | None = None
    group_column: Text | None = None
    test: Text | None = None
    leave_out: str | None = None
    validation_fraction: ShareBelowOne = 0.1
    test_fraction: ShareBelowOne = 0.1
    modality: str | None = None
    sample_rate: Annotated[int, pydantic.Field(ge=1_000, le=1_000_000)] | None = None
    hash: Literal["file", "content"] = "file"
    bad_limit: Share = 0.1
    allow_outside: bool = False

    def __post_init__(self) -> None:
        if self.modality is not None:
            registry.check(self.modality)


@one_line_errors()
@dataclass(frozen=True, kw_only=True, config=STRICT)
class Optimizer:
    """The optimizer by name, its learning rate, and how that changes over the run.

    Args:
        name: "sgd", "momentum", "nesterov", "adagrad", "keras_adagrad", "adadelta", "rmsprop", "adam", "adamax", "nadam", "adamw",
            "rprop"; or another of Keras's by its name there. "adagrad" is as published, Keras's is "keras_adagrad", which a
            recipe of before means by "adagrad". The momentum of "nadam", as Keras's, rises 250 times as fast as in Dozat 2016.
        learning_rate: At the start, after the warm-up, or at the peak of one_cycle; None is the usual one of the name
            (`training.optimizers.NAMES`).
        schedule: "constant"; "step", a tenth of it from one half and a hundredth from three quarters of the run; "cosine"
            down to zero; or "one_cycle". With parameters: ["step", {"at": [0.3, 0.6], "factor": 0.2}], ["cosine",
            {"alpha": 0.01}], ["one_cycle", {"rise": 0.4}].
        warmup_epochs: The learning rate rises linearly over so many epochs first; the schedule has the rest of the run.
        weight_decay: Decoupled, on every weight but biases, norms and embeddings; None is the optimizer's own.
        arguments: Further arguments of the Keras optimizer, such as {"momentum": 0.9}. Of them all: `global_clipnorm`,
            `clipnorm` and `clipvalue` clip the gradients; `gradient_accumulation_steps` updates once in so many steps,
            with their mean gradient; `use_ema` keeps an exponential moving average of the weights (`ema_momentum`),
            and it is what is validated and saved.
    """

    name: str = "adam"
    learning_rate: Positive | None = None
    schedule: Named = "constant"
    warmup_epochs: Annotated[FromZero, pydantic.Field(le=MOST_EPOCHS)] = 0
    weight_decay: FromZero | None = None
    arguments: Arguments = dataclasses.field(default_factory=dict)


@one_line_errors()
@dataclass(frozen=True, kw_only=True, config=STRICT)
class Embedding:
    """How the token ids of a text become vectors.

    Characters and subwords are levels of the preprocessing (`preprocess.level`) and have the kinds "one_hot" or "rand".

    Args:
        kind: "rand" draws word vectors and trains them. "static" has given ones that stay as they are, "nonstatic" trains on
            them, "multichannel" has both, under the same filters (Kim 2014). "one_hot" has a channel for each token. None is
            "nonstatic" where `vectors` are given, else "rand".
        dims: Size of the vectors, where no file gives it.
        vectors: Where given vectors come from: a file (see `word_vectors.read`; its words also fill the vocabulary up
            to `preprocess.max_vocabulary`), or "word2vec", "fasttext" or "cbow", learned from the training texts.
        passes: Number of passes over the training texts where the vectors are learned from them; few texts need more.
        format: "gensim" for a file that gensim saved, a pickle, which runs code of whoever wrote it. None recognises every
            other format by its content.
        length: Each given vector is scaled to this length; None leaves them as they are. Long vectors, such as GloVe's of 50
            dimensions (4.5 on average), change little while a network learns: 0.35 is about that of drawn ones.
        dropout: Dropout rate on the embedding vectors.
        ngrams: Beside the network, a linear model of all runs of up to so many tokens adds to its logits (Cheng et al. 2016,
            wide and deep; Joulin et al. 2016); they are hashed. 0 has none. Adam moves rare runs as fast as frequent ones
            unless its epsilon (optimizer.arguments) is about 1e-3: for the better on TREC and MR, for the worse on Subj.
    """

    kind: Kind | None = None
    dims: Annotated[Count, pydantic.Field(le=10**6)] = 100
    vectors: Text | None = None
    passes: Annotated[Count, pydantic.Field(le=10_000)] = 5
    format: Literal["gensim"] | None = None
    length: Positive | None = None
    dropout: ShareBelowOne = 0.0
    ngrams: Annotated[CountFromZero, pydantic.Field(le=1000)] = 0

    def __post_init__(self) -> None:
        given = self.settled_kind in ("static", "nonstatic", "multichannel")
        if given and not self.vectors:
            raise ValueError(
                f"vectors must be a file or a way to learn them where kind is {self.kind!r}. Received: vectors=None"
            )
        if not given and (self.vectors or self.format or self.length):
            if self.kind is None:
                raise ValueError("vectors must be given where format or length is. Received: vectors=None")
            raise ValueError(
                f"kind must be one that takes vectors: static, nonstatic, multichannel. Received: kind={self.kind!r}"
            )

    @property
    def settled_kind(self) -> Kind:
        """The kind, also where the field leaves it open."""
        return self.kind or ("nonstatic" if self.vectors else "rand")


@one_line_errors()
@dataclass(frozen=True, kw_only=True, config=STRICT)
class Model:
    """The network: which one, its hyperparameters, and what is set for all of its layers.

    Args:
        name: A registered name, "module:function", "file.py:function", or a Block as a dict (`Block.to_dict()`); None is the
            usual one of the modality.
        arguments: Its hyperparameters.
        initializer: Initializer of all kernels instead of the model's own, by Keras's name or [name, parameters]: "zeros"
            (which cannot learn), ["random_normal", {"stddev": 0.01}], "glorot_uniform", "he_normal", "orthogonal" ...;
            or "glorot_true_fans", Glorot's by what each output of a layer in groups, in rows or by channel really sees.
        regularizer: Regularizer of the kernels of all convolutions and dense layers, likewise: ["l2", {"l2": 1e-4}], "l1" ...
        embedding: The embedding of a text network: how token ids become vectors.
    """

    name: Annotated[Text | dict[str, Any], pydantic.AfterValidator(finite)] | None = None
    arguments: Arguments = dataclasses.field(default_factory=dict)
    initializer: Named | None = None
    regularizer: Named | None = None
    embedding: Embedding = Embedding()


@one_line_errors()
@dataclass(frozen=True, kw_only=True, config=STRICT)
class Runtime:
    """How the machine computes, and how often the run is saved.

    Args:
        precision: "float32", "mixed_bfloat16" or "mixed_float16"; "auto" takes the fastest on this device.
        jit_compile: Compile with XLA; None means on a GPU only. JAX always does.
        devices: Number of devices of the machine that share each batch (of each machine where several train together).
        checkpoint_seconds: Seconds between two checkpoints within an epoch, about; more where saving would cost over 2 % of
            the time. One is saved after each epoch too.
        checkpoint_steps: Number of steps between two checkpoints within an epoch instead, whatever they cost.
        tensorboard: Also write history.csv as event files, into the folder tensorboard of the run folder.
    """

    precision: Precision = "auto"
    jit_compile: bool | None = None
    devices: Count = 1
    checkpoint_seconds: FromZero = 60
    checkpoint_steps: Count | None = None
    tensorboard: bool = False


@one_line_errors()
@dataclass(frozen=True, kw_only=True, config=STRICT)
class Start:
    """Transfer learning: the weights that a network starts with, the layers that are frozen, and their learning rates.

    Stages are named as `multicnn inspect` lists them; any dotted name of a block will do ("conv4_x", "conv4_x.1").

    Args:
        path: A .keras file (of multicnn, with any classes and of any modality; or a plain Keras model), a file of arrays (.npz,
            .safetensors, or with PyTorch installed .pt and .pth), or a name from `multicnn weights`, which is downloaded. Whatever
            fits by name and shape is loaded, the rest (the head of other classes) is new. None starts with random weights.
        names: Names in a file of arrays: our name of each layer -> the file's, such as {"conv1.conv": "features.0"}. By default
            they are recognised: our own names, or those of torchvision, Keras or Caffe for the models they have.
        finetune: "gradual" fits the head on the layers below as they are, then trains it and the last third of the stages, the last
            two thirds, and all (Howard & Ruder 2018, section 3.3; Kumar et al. 2022); norms keep their statistics, and of the
            weights after each epoch, and the head alone, the latest are saved that are within a standard error of the best on the
            validation examples. "continue" is the same but for the head and the freezing, for the classes that it was trained
            on. "off", and None in a recipe, trains all layers from the start. The command and `train` take "gradual", with rates
            that suit it, where weights are named beside data and nothing is frozen.
        freeze_until: Freeze all layers up to and including this stage; its norms work as in prediction.
        unfreeze_every: Number of epochs after which the last stage still frozen is unfrozen, repeatedly (gradual unfreezing,
            Howard & Ruder 2018, section 3.3); None never. Under "gradual" the epochs of a third; None is a quarter of all.
        rate_decay: The learning rate of a stage, as a share of that of the stage after it (discriminative fine-tuning,
            ibid., section 3.2, with 1/2.6).
    """

    path: Text | None = None
    names: dict[str, str] | None = None
    finetune: Literal["off", "gradual", "continue"] | None = None
    freeze_until: Text | None = None
    unfreeze_every: Count | None = None
    rate_decay: PositiveShare = 1.0

    def __post_init__(self) -> None:
        if self.path is None and (self.names or self.freeze_until or self.staged):
            received = f"names={self.names!r}, freeze_until={self.freeze_until!r}, finetune={self.finetune!r}"
            raise ValueError(f"path must say where the weights come from that are meant. Received: {received}")
        if self.staged and self.freeze_until:
            raise ValueError(
                f"freeze_until must be left out where finetune decides what is frozen. Received: freeze_until={self.freeze_until!r}"
            )
        if self.unfreeze_every and not (self.freeze_until or self.staged):
            raise ValueError(
                f"freeze_until must name a stage that can be unfrozen. Received: unfreeze_every={self.unfreeze_every}"
            )

    @property
    def staged(self) -> bool:
        """True for a run that is fine-tuned in stages."""
        return self.finetune in ("gradual", "continue")
