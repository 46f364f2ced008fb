"""Check a `.keras` archive before Keras opens it: its members, the classes that it names, and its weights.

Keras builds what `config.json` describes: whatever class or function it names is imported and called. Its safe mode refuses some
of them by name; here everything is refused that is not a layer or an operation of Keras, a layer of this package, or an object
that a module which the user imported has registered.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import threading
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import h5py
import keras
import numpy as np

from multicnn.backends import keras_private, keras_steps
from multicnn.utils import archives, limits
from multicnn.utils.archives import ArchiveError
from multicnn.utils.files import parse_json

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
_MEMBERS = frozenset({CONFIG, WEIGHTS, "metadata.json", "multicnn.json"})
_ADDING = threading.RLock()

# Layers that run code, read files or hold whatever another library made.
_LAYERS_REFUSED = frozenset(
    {
        *("Lambda", "TFSMLayer", "TorchModuleWrapper", "FlaxLayer", "JaxLayer"),
        *("TextVectorization", "StringLookup", "IntegerLookup"),
    }
)
_MODELS = {
    ("keras.src.models.functional", "Functional"),
    ("keras.src.models.sequential", "Sequential"),
    *((module, name) for module in ("keras", "keras.models") for name in ("Functional", "Sequential", "Model")),
}
_POLICIES = {"DTypePolicy", "FloatDTypePolicy"}
_NAMESPACES = {
    "keras.layers": (keras.layers, keras.Layer),
    "keras.initializers": (keras.initializers, keras.initializers.Initializer),
    "keras.regularizers": (keras.regularizers, keras.regularizers.Regularizer),
    "keras.constraints": (keras.constraints, keras.constraints.Constraint),
}
_OPERATIONS = "keras.src.ops."
_VALUES = {"__keras_tensor__", "__tensor__", "__numpy__", "__slice__", "__ellipsis__", "__bytes__"}
_BFLOAT16 = np.dtype("V2")  # as which Keras saves it
_DTYPE = re.compile(r"(bool|string|bfloat16|u?int(8|16|32|64)|float(16|32|64)|complex(64|128))")
_REPEATS = ("n", "num", "indices_or_sections")  # of Diff, Unstack, Split


@contextlib.contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the archive of a Keras model, its members checked by name, method and size.

    Raises:
        ArchiveError: It is none, or a member is damaged (in the block too), unknown or missing.
        ValueError: It is over the limits.
        OSError: It cannot be read, or is no regular file.
    """
    with archives.opened(path) as archive:
        names = set(archive.namelist())
        if unknown := sorted(names - _MEMBERS):
            raise ArchiveError(f"it has a member {unknown[0]!r} that no model of Keras has")
        if missing := sorted({CONFIG, WEIGHTS} - names):
            raise ArchiveError(f"it lacks {missing[0]}")
        yield archive


def description(archive: zipfile.ZipFile, name: str) -> dict:
    """Return the object of a member of JSON; ArchiveError where it is damaged, ValueError where it is over the limit."""
    size = archive.getinfo(name).file_size
    limits.check("json_bytes", size, f"large: {name} of {size:,} bytes")
    data = archive.read(name)
    try:
        return parse_json(data)
    except ValueError as error:
        raise ArchiveError(f"its {name} is damaged: {error}") from error


def check(archive: zipfile.ZipFile) -> dict[str, list[tuple[int, ...]]]:
    """Check config and weights of an opened archive.

    Returns:
        The shapes of the weights of each layer that has some, by its name.

    Raises:
        ArchiveError: The config names what must not be built, or the weights are damaged, not finite, or not in the file itself.
    """
    config = description(archive, CONFIG)
    check_config(config | {"compile_config": None})  # which is not built
    return _weights(archive.read(WEIGHTS))


def check_config(config: object) -> None:
    """Raise ArchiveError where the config of a model names a class or function that must not be built."""
    for value in _mappings(config):
        if "class_name" in value:
            _check_object(value)


def check_block(block: object) -> None:
    """Raise ArchiveError where the serial form of a Block would have Keras build what must not be built."""
    check_config(block)
    for value in _mappings(block):
        if value.get("type") == "lift":
            name = str(value.get("layer")).rpartition(">")[2]
            if name in _LAYERS_REFUSED or str(value.get("layer")) in _LAYERS_REFUSED:
                raise ArchiveError(f"its network lifts {name!r}, which may run code or read files")


def load(path: Path, shapes: Mapping[str, list[tuple[int, ...]]]) -> keras.Model:
    """Return the model of an archive that `check` has passed.

    Args:
        path: The archive.
        shapes: What `check` returned: no more numbers than those are allocated.

    Raises:
        ArchiveError: Keras cannot build it, or it is not the model of its weights.
        LimitError: It takes too many steps one by one.
    """
    numbers = sum(int(np.prod(shape)) for each in shapes.values() for shape in each)
    try:
        with keras_steps.bounded(), _at_most(numbers), warnings.catch_warnings():
            # Its layers would keep the weights that were drawn for them.
            warnings.filterwarnings("error", "Skipping nested container")
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except limits.LimitError:
        raise
    except Exception as error:  # of a config that was tampered with, anything
        raise ArchiveError(f"Keras cannot build its network: {_first_line(error)}") from error


def check_sizes(network: keras.Model, shape: tuple[int, ...]) -> None:
    """Check what each layer of a network would allocate for one example of a shape, before any of it is allocated.

    Raises:
        ArchiveError: The network cannot be applied to it.
        LimitError: An output inside the network is over the limit, or it takes too many steps one by one.
    """
    try:
        with keras_steps.bounded():
            largest = max(keras_private.sizes_inside(network, shape), default=0)
    except limits.LimitError:
        raise
    except Exception as error:  # of a config that was tampered with, anything
        raise ArchiveError(f"its network does not fit its input: {_first_line(error)}") from error
    limits.check("layer_values", largest, f"large: its network makes {largest:,} numbers of one example")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _mappings(value: object) -> Iterator[Mapping]:
    pending: list[object] = [value]
    while pending:
        inner = pending.pop()
        if isinstance(inner, Mapping):
            yield inner
            pending += inner.values()
        elif isinstance(inner, (list, tuple)):
            pending += inner


def _check_object(value: Mapping) -> None:
    name, module, config = value.get("class_name"), value.get("module"), value.get("config")
    registered = value.get("registered_name", name)
    if not all(isinstance(each, str | None) for each in (name, module, registered)) or name is None:
        raise ArchiveError(f"its network has an object whose name is none: {name!r}")
    if name in _VALUES:
        dtype = config.get("dtype") if isinstance(config, Mapping) else None
        if dtype is not None and not (isinstance(dtype, str) and _DTYPE.fullmatch(dtype)):
            raise ArchiveError(f"its network has a value of the type {dtype!r}")
    elif not _is_allowed(name, module, registered, config):
        raise ArchiveError(
            f"its network has {'.'.join(filter(None, (module, name)))!r}, which is no layer or operation of Keras, and which no "
            "imported module has registered"
        )


def _is_allowed(name: str, module: str | None, registered: str | None, config: object) -> bool:
    """Return True for what a network may be made of, found as Keras would find it."""
    if name == "function":
        function = config if isinstance(config, str) else ""
        if keras.saving.get_registered_object(function) is not None:
            return True
        return (
            module == "keras.activations"
            and callable(getattr(keras.activations, function, None))
            and (function not in ("get", "serialize", "deserialize"))
        )
    known = keras.saving.get_registered_object(registered)
    if known is not None:  # Keras takes it whatever the module is
        return isinstance(known, type) and issubclass(known, _bases())
    if module in _NAMESPACES:
        namespace, base = _NAMESPACES[module]
        found = getattr(namespace, name, None)
        return isinstance(found, type) and issubclass(found, base) and name not in _LAYERS_REFUSED
    if module is not None and module.startswith(_OPERATIONS):
        found = getattr(sys.modules.get(module), name, None)
        _check_repeats(name, config)
        return isinstance(found, type) and issubclass(found, keras.Operation) and found.__module__ == module
    return (module, name) in _MODELS or (module in ("keras", "keras.dtype_policies") and name in _POLICIES)


def _check_repeats(name: str, config: object) -> None:
    """Raise LimitError where an operation would be repeated, or give outputs, more often than the limit on steps."""
    values = config if isinstance(config, Mapping) else {}
    for option in _REPEATS:
        if isinstance(times := values.get(option), int):
            limits.check("layer_steps", times, f"long: its network has {name} of {times:,} times")


def _bases() -> tuple[type, ...]:
    return (keras.Operation, *(base for _, base in _NAMESPACES.values()))


# Weights


def _weights(data: bytes) -> dict[str, list[tuple[int, ...]]]:
    """Return the shapes of the weights in an HDF5 file by layer, all of them inside it and finite."""
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            return _shapes(file, len(data))
    except (ArchiveError, limits.LimitError):
        raise
    except Exception as error:  # a damaged file raises anything
        raise ArchiveError(f"its weights are damaged: {_first_line(error)}") from error


def _shapes(file: h5py.File, size: int) -> dict[str, list[tuple[int, ...]]]:
    shapes: dict[str, list[tuple[int, ...]]] = {}
    total = 0
    for name, dataset in _datasets(file):
        numeric = dataset.dtype.kind in "fiub" or dataset.dtype == _BFLOAT16
        if dataset.external or dataset.is_virtual or not numeric or dataset.shape is None:
            raise ArchiveError(f"its weights {dataset.name} are not numbers in the file itself")
        total += dataset.nbytes
        limits.check_unpacked(total, size, "its weights")
        values = dataset[()]
        if dataset.dtype.kind == "f" and not np.isfinite(values).all():
            raise ArchiveError(f"its weights of {name} are not finite numbers")
        shapes.setdefault(name, []).append(tuple(dataset.shape))
    return shapes


def _datasets(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield each dataset of a file and the name of its layer; only what is linked in the file itself, and once.

    The weights of a layer inside another, as in `TimeDistributed`, are those of the outer one.
    """
    pending: list[tuple[str, h5py.Group]] = [("", file)]
    visited: set[int] = set()
    while pending:
        layer, group = pending.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in visited:
            raise ArchiveError("its weights have a group inside itself")
        visited.add(address)
        layer = layer or _layer_name(group)
        for key in group:
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                raise ArchiveError(f"its weights have a link at {group.name}/{key}")
            inner = group[key]
            if isinstance(inner, h5py.Dataset):
                yield layer, inner
            else:
                pending.append((layer, inner))


def _layer_name(group: h5py.Group) -> str:
    """Return the name of the layer that a group of a file is of, which stands in its group of variables; "" where it is of none."""
    inside = isinstance(group.get("vars", getlink=True), h5py.HardLink) and group.name != "/"
    name = (group["vars"] if inside else group).attrs.get("name")
    return name if isinstance(name, str) else ""


@contextlib.contextmanager
def _at_most(numbers: int) -> Iterator[None]:
    """Let the layers that are built in the block allocate no more numbers than these."""
    made, thread, original = 0, threading.get_ident(), keras.Layer.add_weight

    def add_weight(layer: keras.Layer, *arguments: Iterable[int], **options: Iterable[int]) -> keras.Variable:
        nonlocal made
        shape = options.get("shape", arguments[0] if arguments else None)
        if threading.get_ident() == thread:
            made += int(np.prod([int(side) for side in shape or ()], dtype=object))
            if made > numbers:
                raise ValueError(f"its layers have more weights than the {numbers:,} numbers of the file")
        return original(layer, *arguments, **options)

    with _ADDING:
        keras.Layer.add_weight = add_weight
        try:
            yield
        finally:
            keras.Layer.add_weight = original
