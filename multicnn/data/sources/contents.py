"""The contents of inputs in memory: their modality, their hashes, and the form in which a manifest has them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from multicnn.data.items import plain
from multicnn.data.manifest import content_hash
from multicnn.data.sources.columns import mark_surrogates
from multicnn.data.sources.files import read_all
from multicnn.modalities import content, lookup
from multicnn.modalities.finding import Finding
from multicnn.modalities.in_memory import modality_of_array, modality_of_items

_NO_RATE = (
    Finding(
        "sample rate",
        "the waveforms came without one and are taken to be at that of the preprocessing: where they are not, "
        "pass ((x, rate), y), or data.sample_rate",
        False,
    ),
)


@dataclass(frozen=True, eq=False)
class Contents:
    """The contents of inputs, as the columns of a manifest.

    Attributes:
        modality: The modality of all of them.
        sources: Texts, paths, or positions in `arrays`.
        hashes: The content hash of each.
        reasons: Why each cannot be used; "" for a good one.
        arrays: The examples that are in memory.
        rate: Sample rate in Hz of waveforms in `arrays`.
        remarks: How they were understood, where something else may be meant.
    """

    modality: str
    sources: list[str] | list[int]
    hashes: list[str]
    reasons: list[str]
    arrays: np.ndarray | None = None
    rate: int | None = None
    remarks: tuple[Finding, ...] = ()


def of_array(x: np.ndarray, modality: str | None, rate: int | None) -> Contents:
    """Return the contents of an array with an example along its first axis.

    Args:
        x: Images, waveforms, texts or bytes, as `modality_of_array` knows them.
        modality: The modality, where it was given.
        rate: Sample rate of waveforms in Hz, where it was given.

    Raises:
        ValueError: They cannot be examples of one modality; the message says what to pass.
    """
    if x.dtype.kind in "SO":
        return of_items(x.tolist(), modality, rate)
    modality = modality or modality_of_array(x, rate)
    if x.dtype.kind == "f" and not np.isfinite(x).all():  # bad examples, one by one
        return of_items(list(x), modality, rate)
    preprocess = lookup(modality)
    examples = preprocess.from_archive(x)
    if isinstance(examples, list):
        return _of_texts(modality, examples, [""] * len(examples))
    remarks = _understood(x, examples) + (_NO_RATE if preprocess.sampled and rate is None else ())
    hashes, rate = [content_hash(example) for example in examples], rate if preprocess.sampled else None
    return Contents(modality, list(range(len(x))), hashes, [""] * len(x), examples, rate, remarks)


def of_items(items: Sequence[object], modality: str | None, rate: int | None) -> Contents:
    """Return the contents of a list of inputs: paths, contents of files, texts, waveforms with their rate, images of Pillow.

    One that cannot be used stays, with a reason.

    Raises:
        ValueError: They have no one modality; the message says what to pass.
    """
    inputs, reasons = _plain(items)
    if all(reasons):
        raise ValueError(f"x must hold a usable example. Received: {len(items):,} examples, the first: {reasons[:1]}")
    inputs = _with_paths(inputs, modality)
    modality = modality or modality_of_items([item for item, bad in zip(inputs, reasons) if not bad], rate)
    if lookup(modality).inline:
        texts = [_text(item, reasons, i) for i, item in enumerate(inputs)]
        return _of_texts(modality, texts, reasons)
    if all(isinstance(item, os.PathLike) for item, bad in zip(inputs, reasons) if not bad):
        return _of_files(modality, inputs, reasons)
    return _of_examples(modality, inputs, reasons, rate)


def _plain(items: Sequence[object]) -> tuple[list[object], list[str]]:
    inputs, reasons = [], []
    for item in items:
        try:
            inputs.append(plain(item))
            reasons.append("")
        except ValueError as error:
            inputs.append(None)
            reasons.append(str(error))
    return inputs, reasons


def _with_paths(inputs: list[object], modality: str | None) -> list[object]:
    """Return strings as paths where they are the names of files: for they may be texts."""
    strings = [item for item in inputs if isinstance(item, str)]
    if not strings or (modality is not None and lookup(modality).inline):
        return inputs
    media = [name for name in strings if content.kind_by_name(name) not in ("", content.INLINE) and "\n" not in name]
    if modality is None and 2 * len(media) <= len(strings) and not all(map(_exists, strings)):
        return inputs
    return [Path(item) if isinstance(item, str) else item for item in inputs]


def _exists(name: str) -> bool:
    try:
        return os.path.isfile(name)
    except ValueError:  # NUL characters
        return False


def _of_texts(modality: str, texts: list[str], reasons: list[str]) -> Contents:
    reasons = [reason or ("" if text.strip() else "empty text") for text, reason in zip(texts, reasons)]
    mark_surrogates(texts, reasons)
    return Contents(modality, texts, [content_hash(text) for text in texts], reasons)


def _text(item: object, reasons: list[str], i: int) -> str:
    """Return the text of an input; where it has none, the reason is noted."""
    try:
        if isinstance(item, os.PathLike):
            item = content.read(item)
        if isinstance(item, bytes):
            item = item.decode("utf-8-sig")
    except UnicodeDecodeError:
        reasons[i] = "not UTF-8"
    except ValueError as error:
        reasons[i] = str(error)
    if isinstance(item, str):
        return item
    reasons[i] = reasons[i] or ("empty text" if item is None else f"not a text: {type(item).__name__}")
    return ""


def _of_files(modality: str, paths: list[object], reasons: list[str]) -> Contents:
    names = [os.path.abspath(str(path)) if path is not None else "" for path in paths]
    known = read_all(names)
    kinds = (content.mismatch(each.kind, modality) for each in known)
    found = [reason or each.reason or wrong for reason, each, wrong in zip(reasons, known, kinds)]
    return Contents(modality, names, [each.hash for each in known], found)


def _of_examples(modality: str, inputs: list[object], reasons: list[str], rate: int | None) -> Contents:
    """Return the contents of examples that are in memory, or files read into it."""
    preprocess, read = lookup(modality), list(inputs)
    for i, item in enumerate(inputs):
        if isinstance(item, os.PathLike):
            try:
                read[i] = content.read(item)
            except ValueError as error:
                reasons[i], read[i] = str(error), None
    examples = preprocess.from_memory(read)
    for i, example in enumerate(examples):
        if isinstance(example, ValueError):
            reasons[i], examples[i] = reasons[i] or str(example), b""
    numbers = [example for example in examples if isinstance(example, np.ndarray)]
    arrays = np.empty(len(examples), dtype=object)
    for i, example in enumerate(examples):
        arrays[i] = example
    if len(numbers) == len(examples) and len({(each.shape, each.dtype) for each in numbers}) == 1:
        arrays = np.stack(numbers)
    remarks = _NO_RATE if preprocess.sampled and rate is None and numbers else ()
    hashes = [_hash(example) for example in examples]
    return Contents(
        modality, list(range(len(examples))), hashes, reasons, arrays, rate if preprocess.sampled else None, remarks
    )


def _understood(x: np.ndarray, examples: np.ndarray) -> tuple[Finding, ...]:
    """Return how numbers of another type were understood, in a line."""
    if x.dtype == examples.dtype or examples.dtype.kind == "f" or not x.size:  # PCM and floats have one meaning
        return ()
    was, now = (f"{each.dtype} from {each.min():g} to {each.max():g}" for each in (x, examples))
    high = float(x.max())
    dim = examples.dtype.kind == "u" and 1 < high < np.iinfo(examples.dtype).max / 4
    remedy = f"; if {high:g} is their full scale, pass x / {high:g}" if dim else ""
    return (Finding("numbers", f"the examples are {was}, read as {now}{remedy}", False),)


def _hash(example: object) -> str:
    waveform_or_content = example[0] if isinstance(example, tuple) else example
    if isinstance(waveform_or_content, (bytes, str, np.ndarray)):
        return content_hash(waveform_or_content)
    return content_hash(np.asarray(waveform_or_content))
