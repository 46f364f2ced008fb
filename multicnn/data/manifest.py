"""The manifest: a table with one row per example, which every source of data resolves to first."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from multicnn.data.indexed import Indexed
from multicnn.data.offers import Offer, StoredTargets
from multicnn.modalities import lookup, registry
from multicnn.modalities.finding import Finding
from multicnn.tasks import Classification, Task, choose_task, task_from_dict, task_to_dict
from multicnn.utils import regular_files

SPLITS = ("train", "val", "test")
COLUMNS = ("id", "source", "label", "split", "group", "hash", "target", "status", "reason")


def content_hash(data: bytes | str | np.ndarray) -> str:
    """Return the BLAKE2b of a content (32 hexadecimal digits): bytes, a text as UTF-8, or the elements of an array."""
    content: bytes | memoryview
    if isinstance(data, str):
        content = data.encode("utf-8", "surrogatepass")
    elif isinstance(data, np.ndarray):
        content = np.ascontiguousarray(data).data
    else:
        content = data
    return hashlib.blake2b(content, digest_size=16).hexdigest()


@dataclass(frozen=True, eq=False)
class Manifest:
    """The examples of a data set, one row each; an immutable value.

    Attributes:
        modality: "image", "audio", "text", or the name of another registered modality.
        task: The task, which reads `label` as a target. Fitted, except in the manifest of a source that is not resolved yet.
        table: One row per example with the columns `id` (unique, stable when the data set moves to another folder),
            `source` (the path of a file, the text itself, or the int position in `arrays`), `label`, `split` ("train",
            "val", "test", or "" for not yet decided), `group` ("" for none), `hash` (see `content_hash`), `target` (that of what
            decides the target beside the label, such as the file of a mask, else ""), `status` ("good" or "bad") and `reason`
            (why a row is bad, or an input of a good one missing; else "").
        arrays: Examples in memory, one per position: an array, or an object array of arrays, of waveforms with their rates,
            or of file contents (bytes) where their shapes differ. Or what reads them by index. None where `source` is a
            path or a text.
        sample_rate: Sample rate in Hz of the waveforms in `arrays`; None where unknown or not audio.
        remarks: What was understood of the source and might be meant otherwise; not saved.
        chosen: The settings that were chosen for these data, where no recipe was given, in a line; not saved.
        offers: The cells of each kind of target that the source has (`Task.reads`), of which `label` has those of one; {} where
            it has labels only; not saved.
        stored: The stored targets of a placed task; not saved.
    """

    modality: str
    task: Task
    table: pd.DataFrame
    arrays: np.ndarray | Indexed | None = None
    sample_rate: int | None = None
    remarks: tuple[Finding, ...] = ()
    chosen: str = ""
    offers: Mapping[str, Offer] = dataclasses.field(default_factory=dict)
    stored: StoredTargets | None = None

    def __post_init__(self) -> None:
        registry.check(self.modality)
        if "target" not in self.table.columns:  # as of most tasks, and in older files
            object.__setattr__(self, "table", self.table.assign(target=""))
        missing = [name for name in COLUMNS if name not in self.table.columns]
        if missing:
            raise ValueError(f"table must have the columns {', '.join(COLUMNS)}. Received: missing={missing}")
        strange = set(self.table["split"].unique()) - {*SPLITS, ""}
        if strange:
            raise ValueError(f"split must be one of {', '.join(SPLITS)} or ''. Received: split={sorted(strange)}")
        table = self.table.loc[:, list(COLUMNS)].reset_index(drop=True)
        object.__setattr__(self, "table", table)

    @classmethod
    def of(
        cls,
        modality: str,
        *,
        ids: Sequence[str],
        sources: Sequence[str] | Sequence[int],
        labels: Sequence[str],
        hashes: Sequence[str],
        splits: Sequence[str] | None = None,
        groups: Sequence[str] | None = None,
        reasons: Sequence[str] | None = None,
        arrays: np.ndarray | Indexed | None = None,
        sample_rate: int | None = None,
    ) -> Manifest:
        """Make a manifest from columns: a row with a reason is bad, and the classes are those of the good rows."""
        n = len(ids)
        reasons = [""] * n if reasons is None else list(reasons)
        columns = {
            "id": list(ids),
            "source": list(sources),
            "label": list(labels),
            "split": [""] * n if splits is None else list(splits),
            "group": [""] * n if groups is None else list(groups),
            "hash": list(hashes),
            "status": ["bad" if reason else "good" for reason in reasons],
            "reason": reasons,
        }
        classes = sorted({label for label, reason in zip(labels, reasons, strict=True) if not reason})
        return cls(modality, Classification(tuple(classes)), pd.DataFrame(columns), arrays, sample_rate)

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def _sources(self) -> np.ndarray:
        # One cell of a DataFrame costs microseconds, one cell of an object array nanoseconds.
        return self.table["source"].to_numpy(dtype=object)

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each logit: the classes, where the task has classes."""
        return self.task.labels

    @cached_property
    def strata(self) -> list[tuple[str, ...]]:
        """Return the classes of each row, which splits balance: one, any number, or none, as the task decides."""
        return [self.task.strata(label) for label in self.table["label"].tolist()]

    def raw_source(self, i: int) -> str | bytes | np.ndarray | tuple[np.ndarray, int]:
        """Return what `preprocess.decode` takes for row `i`: a path, a text, or an example in memory."""
        source = self._sources[i]
        if isinstance(source, str):  # a Path takes as long to make as a small file to read
            return source
        if self.arrays is None:
            raise ValueError(f"row {i} is in memory and a loaded manifest has no arrays: resolve its source again.")
        example = self.arrays[source]
        if self.sample_rate is not None and isinstance(example, np.ndarray):
            return example, self.sample_rate
        return example

    @property
    def inline(self) -> bool:
        """True where the strings of the column `source` are the examples themselves, False where they are paths."""
        return lookup(self.modality).inline

    def is_file(self, i: int) -> bool:
        """Return True where the example of row `i` is read from the file at its `source`."""
        return isinstance(self._sources[i], str) and not self.inline

    def rows(self, split: str | None = None) -> np.ndarray:
        """Return the indices (int64) of the good rows, all of them or those of one split, in order."""
        if split is not None and split not in {*SPLITS, ""}:
            raise ValueError(f"split must be one of {', '.join(SPLITS)} or ''. Received: split={split!r}")
        keep = self.table["status"] == "good"
        if split is not None:
            keep &= self.table["split"] == split
        return np.flatnonzero(keep.to_numpy())

    def targets(self, rows: np.ndarray | Sequence[int]) -> np.ndarray:
        """Return the targets of rows as the task makes them, int32 or float32 (rows, ...); of a placed task as they are stored.

        Raises:
            ValueError: A row has a label that is not one of the classes.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if self.task.placed:
            if self.stored is None:
                raise ValueError(f"targets of the task {self.task.name!r} must be loaded first. Received: stored=None")
            return self.stored.gather(rows)
        cells = self.table["label"].to_numpy(dtype=object)[rows].tolist()
        try:
            return self.task.targets(cells)
        except ValueError:
            for row, cell in zip(rows.tolist(), cells):
                try:
                    self.task.targets([cell])
                except ValueError as error:
                    raise ValueError(str(error).replace("Received: ", f"Received: row={row}, ")) from None
            raise

    def truth(self, rows: np.ndarray) -> np.ndarray:
        """Return what metrics compare the logits of rows with: targets, or nothing where the task's `records` have them."""
        return np.zeros((len(rows), 0), np.float32) if self.task.placed else self.targets(rows)

    def rows_by_class(self, split: str) -> dict[str, np.ndarray]:
        """Return the positions (int64) of the good rows of a split that have each class; none for a task without classes."""
        rows: dict[str, list[int]] = {name: [] for name in self.task.classes}
        for row in self.rows(split).tolist():
            for name in self.strata[row]:
                rows[name].append(row)
        return {name: np.array(members, dtype=np.int64) for name, members in rows.items()}

    def with_bad(self, reasons: Mapping[int, str]) -> Manifest:
        """Return this manifest with the rows at these indices marked as bad, for these reasons."""
        table = self.table.copy()
        rows = list(reasons)
        table.loc[rows, "status"] = "bad"
        table.loc[rows, "reason"] = list(reasons.values())
        return replace(self, table=table)

    def with_splits(self, splits: Sequence[str] | np.ndarray) -> Manifest:
        """Return this manifest with these splits, one per row."""
        return replace(self, table=self.table.assign(split=list(splits)))

    def with_notes(self, notes: Mapping[int, str]) -> Manifest:
        """Return this manifest with the reasons why something of these good rows cannot be used."""
        table = self.table.copy()
        table.loc[list(notes), "reason"] = list(notes.values())
        return replace(self, table=table)

    def listed_rows(self) -> pd.DataFrame:
        """Return the bad rows, and the good ones of which something cannot be used, as `bad_rows`."""
        return self.table.loc[self.table["reason"] != "", ["id", "source", "reason"]].reset_index(drop=True)

    def bad_rows(self) -> pd.DataFrame:
        """Return the bad rows, with the columns `id`, `source` and `reason`."""
        bad = self.table["status"] == "bad"
        return self.table.loc[bad, ["id", "source", "reason"]].reset_index(drop=True)

    def fingerprint(self) -> str:
        """Return the SHA-256 (hexadecimal) of the ids, hashes, labels, splits and targets of all rows, in order."""
        digest = hashlib.sha256()
        for name in ("id", "hash", "label", "split", *(["target"] if self.table["target"].any() else [])):
            digest.update(json.dumps(self.table[name].tolist()).encode())
        return digest.hexdigest()

    def with_remarks(self, remarks: Iterable[Finding]) -> Manifest:
        """Return this manifest with these remarks behind its own."""
        return replace(self, remarks=(*self.remarks, *remarks))

    def save(self, path: str | Path) -> None:
        """Write one Parquet file: the table, the modality, the sample rate and the task, without `arrays`."""
        import pyarrow
        from pyarrow import parquet

        table = pyarrow.Table.from_pandas(self.table, preserve_index=False)
        head = json.dumps({"modality": self.modality, "sample_rate": self.sample_rate, "task": task_to_dict(self.task)})
        parquet.write_table(table.replace_schema_metadata({**table.schema.metadata, b"multicnn": head.encode()}), path)

    @classmethod
    def load(cls, path: str | Path) -> Manifest:
        """Read what `save` wrote. Examples that were in memory are not saved.

        Raises:
            ValueError: The file is another one, or damaged.
        """
        import pyarrow
        from pyarrow import parquet

        try:
            with regular_files.opened(path) as file:
                table = parquet.read_table(file)
            return cls._from_table(table.to_pandas(), json.loads((table.schema.metadata or {})[b"multicnn"]))
        except (pyarrow.ArrowException, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            reason = textwrap.shorten(str(error), 200, placeholder=" ...")
            raise ValueError(
                f"path must be a manifest written by Manifest.save ({reason}). Received: path={str(path)!r}"
            ) from error

    @classmethod
    def _from_table(cls, table: pd.DataFrame, head: dict) -> Manifest:
        modality = head.get("modality") or head["sense"]  # its name in older files
        if "task" in head:
            task = task_from_dict(head["task"])
        else:  # older files have the classes and a separator, or none
            task = dataclasses.replace(choose_task(None, head.get("separator")), labels=tuple(head["labels"]))
        return cls(modality, task, table, None, head["sample_rate"])
