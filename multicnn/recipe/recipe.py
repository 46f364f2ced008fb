"""The Recipe: every field of a run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import pydantic
from pydantic.dataclasses import dataclass
from pydantic_core import ArgsKwargs

from multicnn.recipe.assignments import assigned, in_one_line
from multicnn.recipe.fields import unknown_field
from multicnn.recipe.preprocess import PreprocessField, open_fields
from multicnn.recipe.renames import with_current_names
from multicnn.recipe.saved_optimizer import as_saved, marked
from multicnn.recipe.sections import STRICT, Arguments, DataSource, Model, Named, Optimizer, Runtime, Start
from multicnn.utils.constrained import Count, Epochs, FromZero, Seed, ShareBelowOne
from multicnn.utils.validation import one_line_errors

_SECTIONS = {"data", "model", "start", "optimizer", "runtime"}


@one_line_errors(unknown=unknown_field)
@dataclass(frozen=True, kw_only=True, config=STRICT)
class Recipe:
    """Everything about a run. Fields that are None are chosen from the data when the run starts.

    Args:
        data: The source of the examples.
        task: The task, by name or as a dict with its `name` and fields; None is "classification", or "multilabel" where
            `data.label_separator` is given.
        preprocess: The preprocessing of an example; open fields are fitted on the training examples.
        model: The network; its name alone will do: Recipe(model="res8").
        start: The weights that the network starts with, and which layers are frozen. A trained .keras file also gives the
            model and, for data of its modality, the preprocessing, where the recipe names none.
        augment: Settings of the modality's random changes (`modalities.augment`), in training only; `multicnn preview` shows
            them. Images: mirror, shift, rotation, scale, shear, crop, erase, brightness, contrast, saturation, hue;
            audio: speed, pitch, gain_db, noise, snr_db, frequency_warp, equalizer, time_shift, time_mask, frequency_mask;
            texts: neighbours, word_dropout, shuffle, typos.
        mixup: Mix each image or clip with another one of its batch, the weight drawn from Beta(mixup, mixup)
            (Zhang et al. 2018); 0 is off, 0.2 usual. The `accuracy` in history.csv is then that of the heavier label.
        cutmix: Put a rectangle of another image over each instead, its share drawn likewise (Yun et al. 2019); 0 is off,
            1 usual.
        adversarial: Attack each batch of images by so large a share of full scale before the network learns from it: one step
            along the sign of the gradient, from a random start (Wong et al. 2020). The weights saved are those of the epoch that
            is best under PGD on validation examples (`val_pgd_accuracy`), without the linear baseline; 0 is off, 0.3 usual for
            MNIST, 0.03 for photographs.
        epochs: Number of passes over the training examples; early stopping may end the run before.
        batch_size: Number of examples in a training step.
        optimizer: The optimizer, its learning rate and its schedule.
        loss: None is the usual one of the task. Of classes: "cross_entropy", "squared_error" (on softmax), "hinge", "logistic" (one
            against all) or "focal", or with parameters ["focal", {"gamma": 1}]; of multilabel tasks "cross_entropy" and "logistic",
            which are the same there. In history.csv `loss` is this one, with all that follows here; `val_loss` and those of
            metrics.json are always the plain loss of the task (cross-entropy), so that runs compare.
        label_smoothing: Share of each target spread over all classes.
        class_weights: Weight classes inversely to their frequency; in multilabel data, the presence and absence of each.
        monitor: The metric of the validation set that decides which weights are saved: "accuracy", "loss", "macro_f1", or
            another metric of the task; None is the first of the task.
        patience: Epochs without improvement before the run stops early; None never stops early.
        runtime: How the machine computes, and how often the run is saved.
        seed: Seeds weight initialization, shuffling, augmentation and dropout.
        members: An ensemble: a network for each, trained by this recipe with the changes that it names, such as [{"seed": 1},
            {"seed": 2}] or {"model.name": "linear", "optimizer.learning_rate": 0.01}; the predictor takes the mean of their
            logits. Data and preprocessing stay the same. Empty, one network.
        baseline: "blend" saves the network, the linear baseline beside it or their blend, as the validation examples decide, so
            that on new data it is not below the baseline beyond chance; "off" saves the network. A recipe that was saved before
            there was this field means "off".
    """

    data: DataSource = DataSource()
    task: str | dict[str, Any] | None = None
    preprocess: PreprocessField | None = None
    model: Model = Model()
    start: Start = Start()
    augment: Arguments = dataclasses.field(default_factory=dict)
    mixup: Annotated[FromZero, pydantic.Field(le=1000)] = 0.0
    cutmix: Annotated[FromZero, pydantic.Field(le=1000)] = 0.0
    adversarial: FromZero = 0.0
    epochs: Epochs = 20
    batch_size: Count = 32
    optimizer: Optimizer = Optimizer()
    loss: Named | None = None
    label_smoothing: ShareBelowOne = 0.0
    class_weights: bool = False
    monitor: str | None = None
    patience: Count | None = None
    runtime: Runtime = Runtime()
    seed: Seed = 0
    members: tuple[Arguments, ...] = ()
    baseline: Literal["blend", "off"] = "blend"

    @property
    def blends(self) -> bool:
        """True where the linear baseline may be saved or blended in: never beside a network trained to resist attacks."""
        return self.baseline == "blend" and not self.adversarial

    @pydantic.model_validator(mode="before")
    @classmethod
    def _with_current_names(cls, given: Any) -> Any:
        """The fields as they are given, those with a name of before under that of today."""
        if isinstance(given, ArgsKwargs):
            return ArgsKwargs(given.args, _with_sections(given.kwargs or {}))
        return _with_sections(given) if isinstance(given, Mapping) else given

    def member(self, index: int) -> Recipe:
        """Return the recipe of one of the networks of an ensemble, which is trained alone.

        Raises:
            ValueError: It changes what all see, or names no field.
        """
        changes = self.members[index]
        for name in changes:
            if name.split(".")[0] in ("data", "preprocess", "members", "baseline") and name != "data.bad_limit":
                raise ValueError(f"a member cannot change {name!r}. Received: members[{index}]={changes!r}")
        data = self.to_dict() | {"members": (), "baseline": "off"}
        return _of_today(
            assigned(data, [f"{name}={json.dumps(value)}" for name, value in changes.items()], recipe=True)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that goes through JSON unchanged."""
        return marked(_ADAPTER.dump_python(self, mode="json"))

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Recipe:
        """Return the recipe that `to_dict` described; ValueError names each field that does not fit."""
        try:
            return _ADAPTER.validate_python(data)
        except pydantic.ValidationError as error:
            raise ValueError(in_one_line(error)) from None

    def replaced(self, settings: Sequence[str], modality: str | None = None) -> Recipe:
        """Return the recipe with the changes of "a.b=1" assignments, checked and typed.

        Args:
            settings: Assignments; the value is JSON, or text where it is not.
            modality: Modality of the preprocess, where the recipe has none yet.

        Raises:
            ValueError: An assignment has no '=', names no field, or its value does not fit.
        """
        data = self.to_dict()
        if data["preprocess"] is None and any(s.startswith("preprocess.") for s in settings):
            data["preprocess"] = {"modality": modality} if modality is None else open_fields(modality)
        return _of_today(assigned(data, settings, recipe=True))


def _of_today(data: dict[str, Any]) -> Recipe:
    """Return the recipe of fields that are not from a file: a name that was put into them has its meaning of today."""
    return Recipe.from_dict(marked(data))


def _with_sections(fields: Mapping[str, Any]) -> dict[str, Any]:
    for name in _SECTIONS & fields.keys():
        if fields[name] == {}:  # no value of any field: who gave it meant something else
            raise ValueError(f"`{name}` must be given by its fields. Received: {name}={{}}")
    return as_saved(with_current_names(fields))


_ADAPTER = pydantic.TypeAdapter(Recipe)
