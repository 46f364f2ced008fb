"""The rooms: imports go downward only, and the vocabulary works without TensorFlow."""

import ast
import importlib.util
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

import multicnn

PACKAGE = Path(multicnn.__file__).parent

# The rooms, from the top down; a room imports from those below it only.
ROOMS = (
    "cli",
    "lessons",
    "sklearn",
    "api",
    "training",
    "predictor",
    "evaluation",
    "explanations",
    "data",
    "models",
    "recipe",
    "tasks",
    "modalities",
    "blocks",
    "backends",
    "layers",
    "utils",
    "version",
)
LEVEL = {room: level for level, room in enumerate(ROOMS)}
KERAS_ONLY = ("blocks", "layers", "models")
KERAS_ONLY_MODULES = ("multicnn.tasks.losses", "multicnn.training.optimizers")
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(module):
    """Return the room of a dotted name: layers for `multicnn.layers.time_mask`."""
    return module.split(".")[1] if "." in module else None


def module_name(path):
    names = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def imports(path):
    """Yield every module that a file imports, at its top or inside a function."""
    package = module_name(path).split(".") if path.name == "__init__.py" else module_name(path).split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = (
                [*package[: len(package) - node.level + 1], *filter(None, [node.module])]
                if node.level
                else [node.module]
            )
            yield ".".join(base)
            yield from (".".join([*base, alias.name]) for alias in node.names)


def pure(module):
    return room_of(module) in KERAS_ONLY or module.startswith(KERAS_ONLY_MODULES)


def allowed(room, other):
    """Return True if a room may import another: itself, or one below it."""
    return room == other or LEVEL[room] < LEVEL[other]


def test_every_room_has_its_level():
    rooms = {room_of(module_name(path)) for path in FILES} - {None}
    assert rooms == set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_go_downward_only(path):
    room = room_of(module_name(path))
    if room not in LEVEL:  # the package's __init__ may know everything
        return
    others = {room_of(name) for name in imports(path) if name.split(".")[0] == "multicnn"} & set(LEVEL)
    assert [other for other in sorted(others) if not allowed(room, other)] == []


@pytest.mark.parametrize("path", [p for p in FILES if pure(module_name(p))], ids=module_name)
def test_the_vocabulary_is_pure_keras(path):
    roots = {name.split(".")[0] for name in imports(path)}
    assert roots - set(sys.stdlib_module_names) <= {"keras", "multicnn"}


@pytest.mark.parametrize(
    ("room", "other", "expected"),
    [
        ("cli", "api", True),
        ("blocks", "layers", True),
        ("layers", "blocks", False),
        ("data", "predictor", False),
        ("data", "data", True),
    ],
)
def test_only_lower_rooms_are_allowed(room, other, expected):
    assert allowed(room, other) == expected


NAMES_OF_PYTHON = {"_exit", "_asdict", "_replace"}  # documented, of `os` and of named tuples


def private_names(tree):
    """Yield the names that code defines, and those that it uses of any object, as (kind, line, name)."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                yield "defined", node.lineno, name
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                yield "defined", node.lineno, name
            case ast.Attribute(attr=name):
                yield "used", node.lineno, name
            case ast.Call(func=ast.Name(id="getattr" | "hasattr" | "setattr"), args=[_, ast.Constant(value=name), *_]):
                yield "used", node.lineno, name


def private_parts_of_libraries(tree, own):
    """Return the lines and names of private attributes in code that are not among this package's own."""
    used = {(line, name) for kind, line, name in private_names(tree) if kind == "used" and re.match("_(?!_)", name)}
    return sorted((line, name) for line, name in used if name not in own)


@pytest.fixture(scope="module")
def own_names():
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in FILES]
    return {name for tree in trees for kind, _, name in private_names(tree) if kind == "defined"} | NAMES_OF_PYTHON


@pytest.mark.parametrize("path", [p for p in FILES if p.name != "keras_private.py"], ids=module_name)
def test_no_other_module_touches_private_parts_of_a_library(path, own_names):
    assert private_parts_of_libraries(ast.parse(path.read_text(encoding="utf-8")), own_names) == []
    foreign = ("keras.src", "tensorflow.python", "jax._src")
    assert [name for name in imports(path) if name.startswith(foreign)] == []


def test_what_is_private_of_a_library(own_names):
    code = "os._exit(layer._keras_mask)\ngetattr(optimizer, '_inbound_nodes')\nself.__class__\nself._own = other._own"
    assert private_parts_of_libraries(ast.parse(code), own_names | {"_own"}) == [
        (1, "_keras_mask"),
        (2, "_inbound_nodes"),
    ]


EVERY_PUBLIC_NAME = """
import importlib, inspect, pkgutil
import multicnn

first = {name: getattr(multicnn, name) for name in multicnn.__all__}
for module in pkgutil.walk_packages(multicnn.__path__, "multicnn."):
    if not module.name.endswith(("__main__", "backends.jax")):
        importlib.import_module(module.name)
for name, value in first.items():
    assert getattr(multicnn, name) is value, f"{name} has become another object"
    assert not inspect.ismodule(value), f"{name} is a module"
print("done")
"""


def test_no_room_hides_a_public_name():
    """A package `explain` beside a function `explain` would give the function at first and the package after its import."""
    done = subprocess.run([sys.executable, "-c", EVERY_PUBLIC_NAME], capture_output=True, text=True)
    assert done.stdout.strip().endswith("done"), done.stderr[-3000:]


WITHOUT_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = None
import keras, numpy as np
from multicnn import blocks, layers, models
from multicnn.blocks import cost
from multicnn.tasks import losses
from multicnn.training import optimizers

assert keras.backend.backend() == "jax"
keras.utils.set_random_seed(0)
rng, labels = np.random.default_rng(0), np.array([0, 1, 2, 0])
text = blocks.chain(blocks.embed(20, 4), models.create("textcnn", 3, filters=4))
image = blocks.chain(
    blocks.stage("entry", blocks.conv(4, 3, strides=(1, 2), norm="batch", activation="relu")),
    blocks.add(blocks.depthwise_conv((1, 3), norm=blocks.norm("sub_spectral", bands=2)), blocks.chain()),
    blocks.depthwise_conv(3, strides=(1, 2)), blocks.max_pool(2), blocks.global_average_pool(), blocks.dense(3))
for net, x in [(text, rng.integers(1, 20, (4, 9))), (image, rng.normal(size=(4, 6, 8, 1)))]:
    model = blocks.network(net, x.shape[1:])
    measured = cost.measure(net, x.shape[1:])
    assert measured.shape == (3,) and measured.parameters == sum(np.prod(w.shape) for w in model.trainable_weights)
    model.compile(optimizers.Rprop(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = [np.array(w) for w in model.get_weights()]
    assert np.isfinite(model.train_on_batch(x, labels))
    assert any((one != other).any() for one, other in zip(before, model.get_weights()))
    model.save(sys.argv[1])
    np.testing.assert_array_equal(keras.models.load_model(sys.argv[1])(x), model(x))

for name, model in models.MODELS.items():
    units = model.classes + 4 * (model.logits_per == "box")
    assert cost.measure(models.create(name, model.classes), model.input_shape).shape[-1] == units
ids = rng.integers(1, 20, (2, 3))
free = blocks.network(blocks.chain(blocks.embed(20, 4), blocks.conv(4, 3, strides=2), blocks.max_pool(2), blocks.norm(),
                                   blocks.conv(4, 3), blocks.global_max_pool()), (None,))
np.testing.assert_allclose(free(ids), free(np.pad(ids, [(0, 0), (0, 40)])), atol=1e-5)
assert not any(name == "tensorflow" or name.startswith("tensorflow.") for name, m in sys.modules.items() if m)
print("done")
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
def test_the_vocabulary_builds_and_trains_without_tensorflow(tmp_path):
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(PACKAGE.parent)}
    environment["XLA_FLAGS"] = "--xla_backend_optimization_level=0"  # most of the time goes into compiling
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW, str(tmp_path / "model.keras")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip().endswith("done")


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="oneDNN runs on x86 only")
@pytest.mark.parametrize("setting", [None, "0"])
def test_tensorflow_uses_onednn_unless_the_user_turns_it_off(setting):
    # TensorFlow's own tests check it this way.
    code = "import multicnn\nfrom tensorflow.python.framework import test_util\nprint(test_util.IsMklEnabled())"
    environment = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    environment |= {"TF_ENABLE_ONEDNN_OPTS": setting} if setting else {}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == [str(setting != "0")], done.stderr
