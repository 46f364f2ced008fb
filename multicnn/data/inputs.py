"""The inputs of `predict`: one or many, in any form in which a Python user has them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from multicnn.data.items import array_of, is_cell, is_file, is_numbers, is_waveform, plain
from multicnn.data.listing import with_files_of_folders
from multicnn.data.rows import Row, rows_of
from multicnn.data.sources.frame import as_frame, is_frame
from multicnn.data.sources.huggingface import HuggingFaceDataset, input_column, inputs_of_column
from multicnn.data.sources.tf_data import TensorDataset, inputs_in
from multicnn.modalities import Preprocess, content
from multicnn.modalities.finding import first_few
from multicnn.recipe import DataSource
from multicnn.utils.urls import REMEDY, is_url

_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
_COLUMNS = ("file_name", "path", "image", "audio")  # of a frame of files or examples


def inputs_of(given: object, preprocess: Preprocess, trained_on: DataSource | None = None) -> Iterable[object]:
    """Return the inputs that `predict` was given, one by one.

    Args:
        given: One input, or a list, an array or tensor with an input along its first axis, a column or a frame, or any
            iterable of inputs. A pair of an array and a number is a waveform with its rate; any other tuple is a list.
        preprocess: The preprocess of the predictor.
        trained_on: The source of the training, for the column of texts, and the rate of waveforms that come without one.

    Raises:
        ValueError: It is no input and holds none, or may be one or many; the message says what to pass.
    """
    if preprocess.input_names:
        return rows_of(given, preprocess.input_names, trained_on or DataSource())
    if isinstance(given, (str, os.PathLike)) and not preprocess.inline:
        if is_url(given):
            raise ValueError(f"`inputs` must be on this machine ({REMEDY}). Received: inputs={str(given)!r}")
    try:
        many = _separated(given, preprocess, trained_on.text_column if trained_on else "text")
    except ValueError as error:
        raise ValueError(
            f"`inputs` cannot be understood: {error}. Received: inputs of {type(given).__name__}"
        ) from None
    if preprocess.sampled and trained_on is not None and trained_on.sample_rate:
        many = _with_rate(many, trained_on.sample_rate)
    return with_files_of_folders(many, strings_are_texts=preprocess.inline)


def source_of(item: object, preprocess: Preprocess) -> object:
    """Return one input as `preprocess.decode` takes it.

    Raises:
        ValueError: It cannot be read; the message is a short reason.
    """
    if isinstance(item, Row):
        return item.cells
    item = plain(item)
    if not (preprocess.inline and isinstance(item, os.PathLike)):
        return item
    if os.path.splitext(item)[1].lower() in _TABLES:
        raise ValueError("a table, not a text: pass its texts, on the command line one a line by standard input (-)")
    return content.read(item)


def name_of(item: object, position: int) -> str:
    """Return what a prediction calls its input: its path or text, the name of an upload, or its position."""
    if isinstance(item, (str, os.PathLike)):
        return str(item)
    named = (getattr(item, attribute, None) for attribute in ("filename", "name"))
    return next((name for name in named if isinstance(name, str) and name), f"[{position}]")


def _separated(given: object, preprocess: Preprocess, text_column: str) -> Iterable[object]:
    if isinstance(given, (str, bytes, bytearray, memoryview, os.PathLike)) or is_file(given) or is_waveform(given):
        return [given]
    if isinstance(given, Mapping):
        if is_cell(given):
            return [given]
        raise ValueError(f"a mapping with the keys {', '.join(map(str, given))}: pass the values that are inputs")
    if type(given).__module__.startswith("PIL."):
        return [given]
    if isinstance(given, HuggingFaceDataset):
        return inputs_of_column(given, input_column(given, text_column if preprocess.inline else ""))
    if isinstance(given, TensorDataset):
        return _of_elements(inputs_in(given), preprocess)
    if is_frame(given):
        return _column(as_frame(given), [text_column, "text"] if preprocess.inline else _COLUMNS)
    if isinstance(given, (list, tuple)):
        array = _array(given) if is_numbers(given) and not preprocess.inline else None
        if array is None or (array.ndim == 1 and not preprocess.sampled):
            return given
        return _of_array(array, preprocess)
    if hasattr(given, "__array__"):
        return _of_array(array_of(given), preprocess)
    if isinstance(given, Iterable):
        return given
    raise ValueError("pass paths, contents of files, arrays or texts, one or many of them")


def _with_rate(many: Iterable[object], rate: int) -> Iterator[object]:
    for each in many:
        yield (each, rate) if hasattr(each, "__array__") or is_numbers(each) else each


def _array(given: Sequence[object]) -> np.ndarray | None:
    """Return the array that lists of numbers form; None where their lengths differ, so that each is an input."""
    try:
        return np.array(given)
    except ValueError:
        return None


def _of_elements(elements: Iterable[object], preprocess: Preprocess) -> Iterator[object]:
    """Yield the inputs of examples or batches."""
    for element in elements:
        yield from _of_array(np.asarray(element), preprocess)


def _column(frame: object, names: Iterable[str]) -> list[object]:
    columns: Sequence[str] = list(getattr(frame, "columns", ()))
    known = [name for name in names if name in columns] or (columns if len(columns) == 1 else [])
    if not known:
        raise ValueError(
            f"a frame with the columns {first_few(columns)}: pass the column of the inputs, as frame[name]"
        )
    return list(frame[known[0]])  # type: ignore[index]


def _of_array(array: np.ndarray, preprocess: Preprocess) -> Iterable[object]:
    if array.dtype.kind in "USO":
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim > 1:
            raise ValueError(f"an array of shape {array.shape}: pass one of shape (n,)")
        return [array.item()] if array.ndim == 0 else array.tolist()
    if preprocess.inline:
        raise ValueError(f"an array of {array.dtype}: pass strings")
    return preprocess.separated(array)
