"""The look of the report page: its style, sections, tables and numbers."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from string import Template
from typing import Any

COLUMNS = {
    "n": "examples",
    "f1": "F1",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "support": "examples",
    "id": "example",
    "label": "true class",
    "label_probability": "probability of the true class",
}
STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#222, #e6e6e6); --quiet: light-dark(#595959, #b0b0b0);
  --line: light-dark(#ddd, #444); --paper: light-dark(#fff, #1b1b1b); }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; font-weight: 600; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; font-weight: 600; margin: 2.75rem 0 .75rem; }
.lead { font-size: 1.1rem; margin: 0; } .note, figcaption, caption { color: var(--quiet); font-size: .875rem; }
caption { text-align: left; padding-bottom: .5rem; }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 0 0 1.25rem; } dd { margin: 0; font-weight: 600; }
dt { color: var(--quiet); font-size: .875rem; }
figure { margin: 0; } .figure { max-width: 100%; height: auto; background: #fff; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9375rem; }
th, td { padding: .35rem 1.25rem .35rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--quiet); font-weight: 500; } tbody th { font-weight: 500; min-width: 7rem; overflow-wrap: anywhere; }
.number { font-variant-numeric: tabular-nums; } .thumb { image-rendering: pixelated; display: block; max-width: 7rem; }
.text { display: block; max-width: 32rem; } audio { height: 2rem; max-width: 16rem; }
pre { overflow-x: auto; font-size: .8125rem; }
"""
PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title: multicnn report</title>
<style>$style</style>
</head>
<body>
<main>
<h1>$title</h1>
$body
</main>
</body>
</html>
""")


class Html(str):
    """Text that is HTML already, and is not escaped again."""


def page(title: str, parts: Sequence[str]) -> str:
    """A whole HTML document; `parts` are ready HTML, empty ones left out."""
    return PAGE.substitute(title=html.escape(title), style=STYLE, body="\n".join(filter(None, parts)))


def section(title: str, body: str) -> str:
    """A part of the page; `body` is ready HTML."""
    return f"<section><h2>{html.escape(title)}</h2>{body}</section>"


def table(
    caption: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], previews: Mapping[str, str] | None = None
) -> str:
    """A table whose first column names the row; `previews`, ready HTML by id, fill the column of that name."""
    head = "".join(f'<th scope="col">{html.escape(COLUMNS.get(name, name))}</th>' for name in columns)
    lines = []
    for row in rows:
        cells = [f'<th scope="row">{html.escape(str(row[columns[0]]))}</th>']
        for name in columns[1:]:
            if name == "preview":
                cells.append(f"<td>{(previews or {}).get(row['id'], '')}</td>")
            elif name in ("label", "predicted", "reason", "source"):
                cells.append(f"<td>{html.escape(str(row[name]))}</td>")  # a class called 7 is a name, not a number
            else:
                cells.append(f'<td class="number">{cell(row.get(name, ""))}</td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(caption)}"><table>'
        f"<caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
        "</table></div>"
    )


def cell(value: Any) -> str:
    """A count whole, any other number to four decimals, a text escaped, HTML as it is."""
    if isinstance(value, Html):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return html.escape(str(value))
    if not math.isfinite(number):
        return "–"
    return f"{number:,.0f}" if number.is_integer() and "." not in str(value) else f"{number:.4f}"
