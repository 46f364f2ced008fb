"""Check what an artefact says of itself against itself, before any of it is believed.

The description is the member `multicnn.json` of a `.keras` file: preprocessing, block, task, recipe, metrics and versions. Its
`checksums` are the CRC-32 of Keras's own members; a description of before has none.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import pydantic

from multicnn.backends import keras_archive, keras_steps
from multicnn.backends.keras_archive import CONFIG, WEIGHTS
from multicnn.blocks import Block, from_dict, unknown_kinds
from multicnn.blocks.cost import Leaf, measure
from multicnn.modalities import Preprocess
from multicnn.recipe.assignments import in_one_line
from multicnn.recipe.preprocess import preprocess_from_dict
from multicnn.recipe.renames import with_current_names
from multicnn.tasks import Task, choose_task, task_from_dict, task_to_dict
from multicnn.utils import limits
from multicnn.utils.archives import ArchiveError

MEMBER = "multicnn.json"  # what plain Keras does not know, beside its own members of the archive
FORMAT = 2
_MOST_BLOCKS = 100_000  # with the copies of `repeat`; ResNet-152 has 600
_FIELDS = {"preprocess": dict, "block": dict, "recipe": dict, "metrics": dict, "versions": dict}

Shapes = Mapping[str, list[tuple[int, ...]]]


@dataclass(frozen=True, eq=False)
class Artefact:
    """The content of an artefact that has passed all checks.

    Attributes:
        preprocess: The fitted preprocess.
        block: The network as a value.
        network: The network, built and with its weights.
        task: The fitted task.
        data: The whole description.
    """

    preprocess: Preprocess
    block: Block
    network: keras.Model
    task: Task
    data: dict


def read(path: Path) -> Artefact:
    """Return the content of an artefact.

    Raises:
        ArchiveError: It is no artefact, it is damaged, or what it says does not fit together.
        ValueError: As above, or a newer multicnn made it, or it has a Block, a task or a modality that nobody has defined.
        OSError: It cannot be read, or is no regular file.
    """
    with keras_archive.opened(path) as archive:
        if MEMBER not in archive.namelist():
            raise ArchiveError(f"it has no {MEMBER}: Keras saved it, not multicnn")
        data = keras_archive.description(archive, MEMBER)
        _check_fields(data)
        shapes = keras_archive.check(archive)
        _check_checksums(archive, data)
    if unknown := unknown_kinds(data["block"]):
        raise ValueError(
            f"it has a network with Blocks that are not defined: {', '.join(unknown)}. Import the module that defines "
            "them first, or name it or its file by blocks= (--blocks on the command line)"
        )
    keras_archive.check_block(data["block"])
    preprocess, block, task = _values(data)
    _check_network(block, preprocess, task, shapes)
    network = keras_archive.load(path, shapes)
    if tuple(network.output_shape[1:]) != task.output_shape(preprocess.input_shape):
        raise ArchiveError(f"its network gives an output of the shape {network.output_shape[1:]}, and not its task's")
    keras_archive.check_sizes(network, preprocess.input_shape)
    return Artefact(preprocess, block, network, task, data)


def checksums(path: Path) -> dict[str, int]:
    """Return the CRC-32 of the members that Keras has written."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.getinfo(name).CRC for name in (CONFIG, WEIGHTS)}


def _check_checksums(archive: zipfile.ZipFile, data: Mapping) -> None:
    """Compare the checksums of the members, which were compared with their contents when they were read, with those recorded."""
    recorded = data.get("checksums", {})
    if not isinstance(recorded, Mapping):
        raise ArchiveError("its checksums are none")
    for name, crc in recorded.items():
        if name not in (CONFIG, WEIGHTS) or archive.getinfo(name).CRC != crc:
            raise ArchiveError(f"its {name} is not the one that it was saved with")


def _check_fields(data: Mapping) -> None:
    version = data.get("format")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ArchiveError(f"its format is none: {version!r}")
    if version > FORMAT:
        raise ValueError(f"it was saved by a newer multicnn (format {version})")
    for name, kind in (_FIELDS | ({"task": dict} if version > 1 else {"labels": list})).items():
        if not isinstance(data.get(name), kind):
            received = f"is no {kind.__name__}" if name in data else "is missing"
            raise ArchiveError(f"its description is damaged: {name!r} {received}")
    for name in ("data", "model"):  # of which the predictor reads single fields; the others are for people
        if not isinstance(with_current_names(data["recipe"]).get(name, {}), dict):
            raise ArchiveError(f"its description is damaged: 'recipe.{name}' is no dict")
    labels = data["task"].get("labels", []) if version > 1 else data["labels"]
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ArchiveError("its labels are no list of texts")
    if len(set(labels)) < len(labels):
        raise ArchiveError(f"its {len(labels)} labels are not distinct")
    for name in ("preprocess", "block"):
        if any(isinstance(value, float) and not math.isfinite(value) for value in _leaves(data[name])):
            raise ArchiveError(f"its {name} has a number that is not finite")


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    else:
        yield value


def _values(data: dict) -> tuple[Preprocess, Block, Task]:
    """Return preprocess, block and task of a description."""
    if (blocks := _blocks(data["block"])) > _MOST_BLOCKS:
        raise ArchiveError(f"its network has {blocks:,} Blocks")
    try:
        preprocess = preprocess_from_dict(data["preprocess"])
        if not preprocess.fitted:
            raise ArchiveError("its preprocess is not fitted")
        task = task_from_dict(data["task"]) if data["format"] > 1 else _task_of_format_1(data)
        return preprocess, from_dict(data["block"]), task
    except pydantic.ValidationError as error:
        raise ArchiveError(in_one_line(error)) from None
    except ArchiveError:
        raise
    except (TypeError, ArithmeticError, AttributeError, KeyError) as error:
        raise ArchiveError(f"its description is damaged: {' '.join(str(error).split())}") from error


def _task_of_format_1(data: dict) -> Task:
    """Return the task of an artefact that has the labels alone; a separator in its recipe says that they are many."""
    source = data["recipe"].get("data", {})
    task = choose_task(None, source.get("label_separator") if isinstance(source, dict) else None)
    return task_from_dict(task_to_dict(task) | {"labels": data["labels"]})


def _blocks(value: object) -> int:
    """Return the number of Blocks in the serial form of one, each as often as it is built."""
    if not isinstance(value, (dict, list)):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    count = sum(map(_blocks, inner)) + (isinstance(value, dict) and "type" in value)
    copies = value.get("n") if isinstance(value, dict) and value.get("type") == "repeat" else 1
    return count * copies if isinstance(copies, int) and copies > 1 else count


def _check_network(block: Block, preprocess: Preprocess, task: Task, shapes: Shapes) -> None:
    """Compare the network that the block describes with the task, the sizes of the preprocess and the weights of the file."""
    for shape in (preprocess.stored_shape, preprocess.input_shape):
        limits.check("example_values", math.prod(shape), f"large: an example of the shape {shape}")
    try:
        with keras_steps.bounded():
            measured = measure(block, preprocess.input_shape)
    except limits.LimitError:
        raise
    except (ValueError, TypeError, ArithmeticError, AttributeError, LookupError) as error:
        raise ArchiveError(f"its network does not fit its input: {' '.join(str(error).split())}") from error
    outputs = task.output_shape(preprocess.input_shape)
    if measured.shape != outputs:
        raise ArchiveError(f"its network gives an output of the shape {measured.shape}, its task needs {outputs}")
    named: set[str] = set()
    for leaf in measured.leaves:
        if leaf.parameters + leaf.statistics:
            named |= set(leaf.layers)
            _check_leaf(leaf, shapes)
    if other := sorted(named ^ shapes.keys()):
        where = "has no weights" if other[0] in named else "is not in its network"
        raise ArchiveError(f"its block is not that of its weights: {other[0]!r} {where}")


def _check_leaf(leaf: Leaf, shapes: Shapes) -> None:
    numbers = sum(math.prod(shape) for name in leaf.layers for shape in shapes.get(name, []))
    if numbers != leaf.parameters + leaf.statistics:
        described = f"{leaf.path!r} has {leaf.parameters + leaf.statistics:,} numbers there, and {numbers:,} are saved"
        raise ArchiveError(f"its block is not that of its weights: {described}")
