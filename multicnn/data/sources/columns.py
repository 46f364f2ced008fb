"""The columns of a table as strings, with the cells that cannot be used."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from multicnn.data.sources.cells import text_of
from multicnn.data.sources.split_names import split_named
from multicnn.modalities.finding import Finding, first_few

if TYPE_CHECKING:
    from multicnn.recipe import DataSource

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Table:
    """A table as columns of strings.

    Attributes:
        name: Name of the file.
        columns: The cells of each column, "" for no value.
        reasons: The reason why it could not be read, or "", for every row.
        bad_cells: The reason why a cell cannot be used, by its column and row.
        lists: The rows, by their column, whose cell was a list.
        repeated: The names that several columns have.
        nested: The JSON of a cell that is an object, or a list of lists or objects, by its column and row; its text is "".
        remarks: What was understood and might be meant otherwise.
    """

    name: str
    columns: dict[str, list[str]]
    reasons: list[str]
    bad_cells: dict[str, dict[int, str]] = field(default_factory=dict)
    lists: dict[str, set[int]] = field(default_factory=dict)
    repeated: frozenset[str] = frozenset()
    remarks: tuple[Finding, ...] = ()
    nested: dict[str, dict[int, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.reasons)

    def known(self, name: str) -> str | None:
        """Return the name of a column as the file spells it, in other case perhaps, or None where there is no such."""
        if name in self.columns:
            return name
        alike = [each for each in self.columns if each.strip().casefold() == name.strip().casefold()]
        return alike[0] if len(alike) == 1 else None

    def column(self, argument: str, name: str) -> list[str]:
        """Return a column; `argument` is the setting that chose it, for the error message.

        Raises:
            ValueError: There is no such column, or more than one.
        """
        spelled = self.known(name)
        if spelled is None:
            if any("\ufffd" in each for each in self.columns):  # what is put for bytes that are not UTF-8
                problem = (
                    f"the header of {self.name} is not UTF-8: save the table as UTF-8 (in spreadsheets: CSV UTF-8)"
                )
                raise ValueError(f"{argument} must be a column; {problem}. Received: {argument}={name!r}")
            columns = first_few(self.columns)
            raise ValueError(f"{argument} must be a column of {self.name} ({columns}). Received: {argument}={name!r}")
        if spelled in self.repeated:
            problem = f"{self.name} has more than one of that name"
            raise ValueError(f"{argument} must be one column; {problem}. Received: {argument}={name!r}")
        return self.columns[spelled]

    def optional(self, name: str) -> list[str] | None:
        """Return a column, or None where there is none of this name."""
        return None if self.known(name) is None else self.column("column", name)

    def reasons_for(self, single: Iterable[str | None], multiple: Iterable[str | None] = ()) -> list[str]:
        """Return the reason why a row cannot be used, or "", where these columns are.

        Args:
            single: Columns whose cells must hold one value.
            multiple: Columns whose cells may also hold lists.
        """
        reasons, single = list(self.reasons), [self.known(name) for name in single if name]
        for name in [*single, *(self.known(name) for name in multiple if name)]:
            bad = dict.fromkeys(self.lists.get(name or "", ()), "a list, not one value") if name in single else {}
            for row, reason in (bad | self.bad_cells.get(name or "", {})).items():
                reasons[row] = reasons[row] or reason
        return reasons

    def splits(self, source: DataSource, conventional: bool = False) -> list[str] | None:
        """Return the chosen split column, else one called `split` that holds nothing but names of splits, else None.

        With `conventional` a column called `split` is taken as if it were chosen: a misspelt split is then a bad row.
        """
        name = source.split_column or "split"
        if source.split_column or (conventional and self.known(name)):
            return self.column("split_column", name)
        column = self.optional(name)
        return column if column is not None and all(split_named(word) is not None for word in set(column)) else None

    def doubtful_splits(self, source: DataSource) -> Iterator[Finding]:
        """Yield a remark where a column called `split` is not taken, although most of its cells name splits."""
        column = [] if source.split_column else self.optional("split") or []
        others = Counter(word for word in column if split_named(word) is None)
        if others and others.total() < len(column) / 2:
            message = f"the column split is not taken, since it also holds {others.most_common(1)[0][0][:60]!r}"
            yield Finding("splits", f"{message}; with data.split_column=split such rows are bad", True)


def of_values(
    name: str, columns: Mapping[str, Sequence[object]], reasons: list[str], repeated: frozenset[str] = frozenset()
) -> Table:
    """Make a table of columns of values; what cannot be text is a bad cell.

    Args:
        name: Name of the file.
        columns: The values of each column.
        reasons: The reason why it could not be read, or "", for every row.
        repeated: The names that several columns have.
    """
    cells: dict[str, list[str]] = {}
    bad: dict[str, dict[int, str]] = {}
    lists: dict[str, set[int]] = {}
    nested: dict[str, dict[int, str]] = {}
    for column, values in columns.items():
        cells[column] = []
        for row, value in enumerate(values):
            try:
                cells[column].append(text_of(value))
            except ValueError as error:
                cells[column].append("")
                bad.setdefault(column, {})[row] = str(error)
                if isinstance(value, (dict, list)):
                    nested.setdefault(column, {})[row] = json.dumps(value, ensure_ascii=False, default=str)
            if isinstance(value, (list, tuple)):
                lists.setdefault(column, set()).add(row)
        mark_surrogates(cells[column], reasons)
    return Table(name, cells, reasons, bad, lists, repeated, nested=nested)


def joined(tables: Sequence[Table]) -> Table:
    """Return the rows of tables one behind another, with "" in the columns that one has not."""
    names = list(dict.fromkeys(name for table in tables for name in table.columns))
    starts = [sum(map(len, tables[:i])) for i in range(len(tables))]
    bad: dict[str, dict[int, str]] = {name: {} for name in names}
    lists: dict[str, set[int]] = {name: set() for name in names}
    nested: dict[str, dict[int, str]] = {name: {} for name in names}
    for start, table in zip(starts, tables, strict=True):
        for name, cells in table.bad_cells.items():
            bad[name] |= {start + row: reason for row, reason in cells.items()}
        for name, rows in table.lists.items():
            lists[name] |= {start + row for row in rows}
        for name, own in table.nested.items():
            nested[name] |= {start + row: text for row, text in own.items()}
    return Table(
        tables[0].name,
        {name: [cell for table in tables for cell in table.columns.get(name, [""] * len(table))] for name in names},
        [reason for table in tables for reason in table.reasons],
        bad,
        lists,
        frozenset(name for table in tables for name in table.repeated),
        tuple(remark for table in tables for remark in table.remarks),
        nested,
    )


def mark_surrogates(cells: list[str], reasons: list[str]) -> None:
    """Put U+FFFD for the halves of surrogate pairs, which UTF-8 cannot encode, and note it in the reasons."""
    for i, cell in enumerate(cells):
        if not cell.isascii() and _SURROGATE.search(cell):
            cells[i], reasons[i] = _SURROGATE.sub("\ufffd", cell), "not Unicode text: half of a surrogate pair"


def repeated_names(names: Iterable[str]) -> frozenset[str]:
    """Return the names that come more than once."""
    return frozenset(name for name, count in Counter(names).items() if count > 1)
