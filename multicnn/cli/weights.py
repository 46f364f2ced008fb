"""`multicnn weights`: list the pretrained weights that can be had by name, and download one."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from multicnn.cli.options import Json
from multicnn.cli.printing import print_json, print_line


def weights(
    name: Annotated[
        str | None, typer.Argument(help="The weights to download into the cache; without one, all are listed.")
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(metavar="DIR|URL", help="Where the files are instead; also by MULTICNN_WEIGHTS_MIRROR."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List pretrained weights that --from takes by name: size, source, licence and checksum; or download one."""
    from multicnn.training import weights_by_name
    from multicnn.training.weights_by_name import NAMED

    if mirror is not None:
        os.environ[weights_by_name.MIRROR] = mirror
    if name is not None:
        if name not in NAMED:
            raise ValueError(f"`name` must be one of {', '.join(NAMED)}. Received: name={name!r}")
        print_line(str(weights_by_name.path_of(name)))
        return
    rows = [
        {
            "name": each,
            "model": known.model,
            "megabytes": known.megabytes,
            "licence": known.licence,
            "checksum": known.checksum,
            "url": known.url,
            "cached": weights_by_name.is_cached(each),
        }
        for each, known in NAMED.items()
    ]
    if as_json:
        print_json(rows)
        return
    width = max(map(len, NAMED))  # lines, not a table: addresses and checksums are to be copied whole
    for row in rows:
        size = f"{row['megabytes']:>4g} MB" + (", cached" if row["cached"] else "")
        checksum = row["checksum"] or "checksum recorded at the first download"
        print_line(f"{row['name']:{width}} {size}, {row['licence']}, {checksum}, {row['url']}")
