"""A recipe: everything about a run, as plain data."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pydantic
from pydantic.dataclasses import dataclass

from multicnn.modalities.audio import AudioPreprocess
from multicnn.modalities.image import ImagePreprocess
from multicnn.modalities.text import TextPreprocess

Preprocess = Annotated[ImagePreprocess | AudioPreprocess | TextPreprocess, pydantic.Field(discriminator="sense")]
SENSES = {"image": ImagePreprocess, "audio": AudioPreprocess, "text": TextPreprocess}
_STRICT = {"extra": "forbid"}
Named = str | tuple[str, dict[str, Any]]  # a name, or [name, parameters]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class DataSource:
    """Where the examples are and how they divide.

    Args:
        path: A folder, a table (CSV, TSV, JSON lines, Parquet), an .npz file, "tfds:name", or an embedded set's name
            (digits, docstrings, spoken_digits).
        pattern: For a folder whose file names carry the label: a regular expression with named groups `label`, and
            if wanted `group` and `split`, searched in each file name.
        text_column, label_column, split_column, group_column: Columns of a table.
        label_separator: What stands between the labels of an example that can have several, or none, such as "|"; JSON lines
            and Parquet can have lists instead. Each label is then a question of its own.
        test: A separate folder or table of test examples.
        leave_out: The group that is the test set (leave one group out); also a fold of metadata.csv.
        validation_fraction, test_fraction: Of the examples, where the source does not say.
        sense: "image", "audio" or "text", where the files do not tell.
    """

    path: str = ""
    pattern: str | None = None
    text_column: str = "text"
    label_column: str = "label"
    label_separator: Annotated[str, pydantic.Field(min_length=1)] | None = None
    split_column: str | None = None
    group_column: str | None = None
    test: str | None = None
    leave_out: str | None = None
    validation_fraction: Annotated[float, pydantic.Field(ge=0, lt=1)] = 0.1
    test_fraction: Annotated[float, pydantic.Field(ge=0, lt=1)] = 0.1
    sense: Literal["image", "audio", "text"] | None = None


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Optimizer:
    """The optimizer by name, its learning rate, and how that changes over the run.

    Args:
        name: "sgd", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam", "adamax", "nadam", "adamw",
            "rprop"; or another of Keras's by its name there.
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
    learning_rate: Annotated[float, pydantic.Field(gt=0)] | None = None
    schedule: Named = "constant"
    warmup_epochs: Annotated[float, pydantic.Field(ge=0)] = 0
    weight_decay: Annotated[float, pydantic.Field(ge=0)] | None = None
    arguments: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Embedding:
    """What the token ids of a text become at the front of the network.

    Characters and subwords are levels of the preprocessing (`preprocess.level`) and have the kinds "one_hot" or "rand".

    Args:
        kind: "rand" draws word vectors and trains them. "static" has given ones that stay as they are, "nonstatic" trains on
            them, "multichannel" has both, under the same filters (Kim 2014). "one_hot" has a channel for each token.
        vectors: Where given vectors come from: a file (see `multicnn.embeddings.read`; its words also fill the vocabulary up
            to `preprocess.max_vocabulary`), or "cbow", "skipgram" or "fasttext", learned from the training texts.
        length: Each given vector is scaled to this length; None leaves them as they are. Long vectors, such as GloVe's of 50
            dimensions (4.5 on average), change little while a network learns: 0.35 is about that of drawn ones.
        dropout: The share of all their elements that a training step does without.
        ngrams: Beside the network, a linear model of all runs of up to so many tokens adds to its logits (Cheng et al. 2016,
            wide and deep; Joulin et al. 2016); they are hashed. 0 has none.
    """

    kind: Literal["rand", "static", "nonstatic", "multichannel", "one_hot"] = "rand"
    vectors: str | None = None
    length: Annotated[float, pydantic.Field(gt=0)] | None = None
    dropout: Annotated[float, pydantic.Field(ge=0, lt=1)] = 0.0
    ngrams: Annotated[int, pydantic.Field(ge=0)] = 0

    def __post_init__(self) -> None:
        given = self.kind in ("static", "nonstatic", "multichannel")
        if given and not self.vectors:
            raise ValueError(
                f"vectors must be a file or a way to learn them where kind is {self.kind!r}. Received: vectors=None"
            )
        if not given and (self.vectors or self.length):
            raise ValueError(
                f"kind must be one that takes vectors: static, nonstatic, multichannel. Received: kind={self.kind!r}"
            )


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Start:
    """Transfer learning: the weights that a network begins with, and how fast what learns from them.

    Stages are named as `multicnn inspect` lists them; any dotted name of a block will do ("conv4_x", "conv4_x.1").

    Args:
        path: A .keras file (of multicnn, with any classes and of any sense; or a plain Keras model), an .npz or .safetensors
            file of arrays, or "keras.applications": Keras's ImageNet weights of the model, which it downloads. Whatever fits
            by name and shape is taken over, the rest (the head of other classes) is new. None begins with random weights.
        names: Of a file of arrays: our name of each layer -> the file's, such as {"conv1.conv": "features.0"}. By default
            they are recognised: our own names, or those of torchvision, Keras or Caffe for the models they have.
        freeze_until: The stage up to which, itself included, nothing learns; its norms work as in prediction.
        unfreeze_every: Epochs after which the last stage still frozen begins to learn, again and again (gradual unfreezing,
            Howard & Ruder 2018, section 3.3); None never.
        rate_decay: The learning rate of a stage, as a share of that of the stage after it (discriminative fine-tuning,
            ibid., section 3.2, with 1/2.6).
    """

    path: str | None = None
    names: dict[str, str] | None = None
    freeze_until: str | None = None
    unfreeze_every: Annotated[int, pydantic.Field(gt=0)] | None = None
    rate_decay: Annotated[float, pydantic.Field(gt=0, le=1)] = 1.0

    def __post_init__(self) -> None:
        if self.path is None and (self.names or self.freeze_until):
            received = f"names={self.names!r}, freeze_until={self.freeze_until!r}"
            raise ValueError(f"path must say where the weights come from that are meant. Received: {received}")
        if self.unfreeze_every and not self.freeze_until:
            raise ValueError(
                f"freeze_until must name a stage that can be unfrozen. Received: unfreeze_every={self.unfreeze_every}"
            )


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Recipe:
    """Everything about a run. Fields that are None are chosen from the data when the run starts.

    Args:
        data: Where the examples are.
        preprocess: How an example becomes a tensor; what it does not say is learned from the training examples.
        model: A registered name, "module:function", or a Block as a dict (`Block.to_dict()`).
        arguments: The model's hyperparameters.
        initializer: Of all kernels instead of the model's own, by Keras's name or [name, parameters]: "zeros" (which cannot
            learn), ["random_normal", {"stddev": 0.01}], "glorot_uniform", "he_normal", "orthogonal" ...
        regularizer: Of the kernels of all convolutions and dense layers, likewise: ["l2", {"l2": 1e-4}], "l1" ...
        embedding: The front of a text network: how token ids become vectors.
        embedding_dims: Size of those vectors, where no file gives it.
        start: The weights that the network begins with, and what of it is frozen. A trained .keras file also gives the model
            and, for data of its sense, the preprocessing where the recipe says nothing of them.
        augment: Settings of the sense's random changes (`modalities.augment`), in training only; `multicnn preview` shows
            them. Pictures: mirror, shift, rotation, scale, shear, crop, erase, brightness, contrast, saturation, hue;
            sounds: speed, pitch, gain_db, noise, snr_db, frequency_warp, equalizer, time_shift, time_mask, frequency_mask;
            texts: neighbours, word_dropout, shuffle, typos.
        mixup: Mix each picture or sound with another one of its batch, the weight drawn from Beta(mixup, mixup)
            (Zhang et al. 2018); 0 is off, 0.2 usual. The `accuracy` in history.csv is then that of the heavier label.
        cutmix: Put a rectangle of another picture over each instead, its share drawn likewise (Yun et al. 2019); 0 is off,
            1 usual.
        epochs, batch_size, optimizer: Of the training.
        loss: "cross_entropy", "squared_error" (on softmax), "hinge", "logistic" (one against all) or "focal", or with
            parameters ["focal", {"gamma": 1}]; where examples can have several labels, the first is the same as "logistic", and
            there is no other. In history.csv `loss` is this one, with all that follows here; `val_loss` and those of
            metrics.json are always the plain cross-entropy, so that runs compare.
        label_smoothing: Share of each target spread over all classes.
        class_weights: Weigh the classes so that each counts the same; of several labels, yes and no of each.
        monitor: What decides which weights are kept, on the validation set.
        patience: Epochs without improvement before the run stops early; None never stops early.
        precision: "float32", "mixed_bfloat16" or "mixed_float16"; "auto" takes what the device is good at.
        jit_compile: Compile with XLA; None means on a GPU only. JAX always does.
        devices: Among so many of the machine's devices each batch is divided, of each machine where several train together.
        checkpoint_seconds: The state of the run is saved after each epoch and about so often within one; less often where
            that would cost more than 2 % of the time.
        checkpoint_steps: Saved after every so many steps of an epoch instead, whatever it costs.
        tensorboard: Also write history.csv as event files, into the folder tensorboard of the run folder.
        bad_limit: The share of bad examples above which the run stops.
        seed: Of weights, order, augmentation and dropout.
        members: An ensemble: a network for each, trained by this recipe with the changes that it names, such as [{"seed": 1},
            {"seed": 2}] or {"model": "linear", "optimizer.learning_rate": 0.01}; the classifier takes the mean of their
            logits. Data and preprocessing stay the same. Empty, one network.
    """

    data: DataSource = DataSource()
    preprocess: Preprocess | None = None
    model: str | dict[str, Any] | None = None
    arguments: dict[str, Any] = dataclasses.field(default_factory=dict)
    initializer: Named | None = None
    regularizer: Named | None = None
    embedding: Embedding = Embedding()
    embedding_dims: Annotated[int, pydantic.Field(gt=0)] = 100
    start: Start = Start()
    augment: dict[str, Any] = dataclasses.field(default_factory=dict)
    mixup: Annotated[float, pydantic.Field(ge=0)] = 0.0
    cutmix: Annotated[float, pydantic.Field(ge=0)] = 0.0
    epochs: Annotated[int, pydantic.Field(gt=0)] = 20
    batch_size: Annotated[int, pydantic.Field(gt=0)] = 32
    optimizer: Optimizer = Optimizer()
    loss: Named = "cross_entropy"
    label_smoothing: Annotated[float, pydantic.Field(ge=0, lt=1)] = 0.0
    class_weights: bool = False
    monitor: Literal["accuracy", "loss", "macro_f1"] = "accuracy"
    patience: Annotated[int, pydantic.Field(gt=0)] | None = None
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    jit_compile: bool | None = None
    devices: Annotated[int, pydantic.Field(gt=0)] = 1
    checkpoint_seconds: Annotated[float, pydantic.Field(ge=0)] = 60
    checkpoint_steps: Annotated[int, pydantic.Field(gt=0)] | None = None
    tensorboard: bool = False
    bad_limit: Annotated[float, pydantic.Field(ge=0, le=1)] = 0.1
    seed: Annotated[int, pydantic.Field(ge=0)] = 0
    members: tuple[dict[str, Any], ...] = ()

    def member(self, index: int) -> Recipe:
        """The recipe of one of the networks of an ensemble.

        Raises:
            ValueError: It changes what all see, or names no field.
        """
        changes = self.members[index]
        for name in changes:
            if name.split(".")[0] in ("data", "preprocess", "members"):
                raise ValueError(f"a member cannot change {name!r}. Received: members[{index}]={changes!r}")
        data = self.to_dict() | {"members": ()}
        return Recipe.from_dict(assigned(data, [f"{name}={json.dumps(value)}" for name, value in changes.items()]))

    def to_dict(self) -> dict[str, Any]:
        """Plain data that goes through JSON unchanged."""
        return _ADAPTER.dump_python(self, mode="json")

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Recipe:
        """The recipe that `to_dict` described. Raises ValueError that names each field that does not fit."""
        try:
            return _ADAPTER.validate_python(data)
        except pydantic.ValidationError as error:
            raise ValueError(_in_one_line(error)) from None

    def replaced(self, settings: Sequence[str], sense: str | None = None) -> Recipe:
        """A recipe with the fields that "a.b=1" assignments name changed, checked and typed.

        Args:
            settings: Assignments; the value is JSON, or text where it is not.
            sense: Of a preprocess that the recipe does not have yet.

        Raises:
            ValueError: An assignment has no '=', names no field, or its value does not fit.
        """
        data = self.to_dict()
        if data["preprocess"] is None and any(s.startswith("preprocess.") for s in settings):
            data["preprocess"] = {"sense": sense}
        return Recipe.from_dict(assigned(data, settings))


def assigned(data: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Nested dicts with "a.b=1" assignments carried out; a value is JSON, or text where it is not.

    Raises:
        ValueError: An assignment has no '=', or leads through something that is no dict.
    """
    for setting in settings:
        path, separator, text = setting.partition("=")
        if not separator or not path:
            raise ValueError(f"a setting must read field=value. Received: set={setting!r}")
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = text
        *parents, last = path.strip().split(".")
        place = data
        for parent in parents:
            place = place.get(parent)
            if not isinstance(place, dict):
                raise ValueError(f"a recipe has no field {path!r}. Received: set={setting!r}")
        place[last] = value
    return data


_ADAPTER = pydantic.TypeAdapter(Recipe)
_PREPROCESS = pydantic.TypeAdapter(Preprocess)


def preprocess_to_dict(preprocess: Any) -> dict[str, Any]:
    """A preprocess as plain data that goes through JSON unchanged."""
    return _PREPROCESS.dump_python(preprocess, mode="json")


def preprocess_from_dict(data: dict[str, Any]) -> Any:
    """The preprocess that `preprocess_to_dict` described."""
    return _PREPROCESS.validate_python(data)


def _in_one_line(error: pydantic.ValidationError) -> str:
    problems = []
    for problem in error.errors(include_url=False):
        place = ".".join(str(part) for part in problem["loc"])
        unknown = problem["type"] == "unexpected_keyword_argument"
        said = (
            f"a recipe has no field {place!r}"
            if unknown
            else f"`{place}`: {problem['msg'].removeprefix('Value error, ')}"
        )
        problems.append(said if "Received:" in said else f"{said}. Received: {place}={problem['input']!r}")
    return "; ".join(problems)
