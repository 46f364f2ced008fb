"""Read Parquet files, whose few bytes may unpack to any number."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from multicnn.utils import limits, regular_files

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

_ROWS = 1024  # read at a time: what a file unpacks to is known when it is there
_CELL = 32  # bytes that a value takes at least, once it is an object


def read_columns(path: str | os.PathLike) -> tuple[list[str], list[list[object]]]:
    """Return the names and the values of the columns of a Parquet file, which may have a name twice.

    Raises:
        ValueError: It is none, damaged, or unpacks to more than a table may have; the message is a short reason.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        with regular_files.opened(path) as file:
            return _columns(parquet.ParquetFile(file))
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(str(error).splitlines()[0]) from None


def _columns(file: ParquetFile) -> tuple[list[str], list[list[object]]]:
    head, names = file.metadata, list(file.schema_arrow.names)
    declared = sum(head.row_group(i).total_byte_size for i in range(head.num_row_groups))
    least = max(declared, _CELL * head.num_rows * len(names))
    limits.check("table_bytes", least, f"large: {head.num_rows:,} rows of {len(names)} columns, {declared:,} bytes")
    columns: list[list[object]] = [[] for _ in names]
    unpacked = 0
    for batch in file.iter_batches(_ROWS):
        unpacked += batch.nbytes
        limits.check("table_bytes", unpacked, f"large: {unpacked:,} bytes or more")
        for values, column in zip(columns, batch.columns):
            values += column.to_pylist()
    return names, columns
