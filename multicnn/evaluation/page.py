"""Write HTML pages that need no other file, no script and no network, from the templates beside this file."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import TYPE_CHECKING

from multicnn.evaluation.media import data_uri, embed
from multicnn.tasks.intervals import interval_in_words

if TYPE_CHECKING:
    import jinja2


def write(path: str | Path, template: str, **context: object) -> Path:
    """Write a page; everything that a template inserts is escaped.

    Args:
        path: The HTML file to write; its folder is created.
        template: The name of the template, without `.html.jinja`.
        context: The template's variables; `title` and `lead`, a sentence below it, are those of every page.

    Returns:
        `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _environment().get_template(f"{template}.html.jinja").render(context)
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("multicnn.evaluation"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"number": number, "fact": fact, "embed": embed, "data_uri": data_uri}
    environment.filters["interval_in_words"] = interval_in_words
    return environment


def number(value: object) -> str:
    """Format a cell: a count in full, any other number to four decimals, a text as it is."""
    try:
        parsed = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(value)
    if not math.isfinite(parsed):
        return "–"
    return f"{parsed:,.0f}" if parsed.is_integer() and "." not in str(value) else f"{parsed:.4f}"


def fact(value: float | str) -> str:
    """Format a number that stands alone: a count in full, any other to four digits; a text as it is."""
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
