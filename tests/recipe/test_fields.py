"""The list of all fields of a recipe."""

import dataclasses
import inspect
import subprocess
import sys

import pytest

from multicnn.modalities import lookup
from multicnn.modalities.augmentation import settings_of
from multicnn.recipe import Recipe, fields


def _of(kind, prefix):
    """Return the dotted names of the fields of a dataclass, with those of the dataclasses inside it."""
    for field in dataclasses.fields(kind):
        default = field.default
        if dataclasses.is_dataclass(default):
            yield from _of(type(default), f"{prefix}{field.name}.")
        elif field.name != "modality" or prefix == "data.":
            yield prefix + field.name


def test_each_field_is_listed_once_in_its_section_with_its_default_and_meaning():
    expected = list(_of(Recipe, ""))
    for modality in ("image", "audio", "text"):
        expected += _of(lookup(modality), "preprocess.")
    for modality in ("image", "audio", "text"):
        expected += [f"augment.{name}" for name in settings_of(lookup(modality)())]
    expected += ["preprocess.inputs", "augment.drop_inputs"]  # of several inputs; the others are those of each
    listed = fields.fields()
    assert sorted(field.name for field in listed) == sorted(expected)
    assert all(field.type and field.default and field.meaning for field in listed)


def test_types_and_defaults_are_those_of_the_code():
    by_name = {field.name: field for field in fields.fields()}
    assert by_name["optimizer.learning_rate"][1:3] == ("float | None", "None")
    assert by_name["epochs"][1:3] == ("int", "20")
    assert by_name["preprocess.features"].type.startswith('Literal["log_mel", ')
    assert by_name["augment.snr_db"][1:3] == ("tuple[float, float]", "(5.0, 30.0)")
    assert by_name["model.embedding.dims"].meaning in " ".join((inspect.getdoc(type(Recipe().model.embedding))).split())


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("lr", "optimizer.learning_rate"),
        ("epoch", "epochs"),
        ("batchsize", "batch_size"),
        ("optimizer.weight_decy", "optimizer.weight_decay"),
        ("n_mel", "preprocess.n_mels"),
        ("mirror", "augment.mirror"),
        ("qqqq", None),
    ],
)
def test_the_nearest_names(name, first):
    assert fields.nearest(name)[:1] == ([first] if first else [])


def test_the_command_lists_them_without_tensorflow():
    code = "import sys; sys.argv = ['multicnn', 'fields', 'preprocess.n_']\nfrom multicnn.cli import main\n"
    code += "try: main()\nfinally: assert not {'tensorflow', 'keras'} & sys.modules.keys()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "preprocess.n_mels: int = 40" in done.stdout, done.stderr
