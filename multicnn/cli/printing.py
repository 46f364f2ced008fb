"""The boundary to the terminal: whatever a file, a label or a text holds, nothing but visible characters is printed."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# Control characters (the escape among them), the signs that turn the direction of writing, line separators, and halves of
# surrogate pairs, which stand for bytes of file names that are no UTF-8.
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: object) -> str:
    r"""Return a text with each character that a terminal would act on written as Python writes it, such as "\x1b"."""
    return _HIDDEN.sub(lambda match: ascii(match[0])[1:-1], str(text))


def print_line(*texts: object, error: bool = False) -> None:
    """Print one line on standard output, or standard error."""
    print(*map(printable, texts), file=sys.stderr if error else sys.stdout)


def print_json(value: object) -> None:
    """Print plain data as a line of JSON; a number that is not finite, which JSON lacks, is null."""
    text = json.dumps(_finite(value), ensure_ascii=False)
    print(_HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def printable_errors() -> Iterator[None]:
    """Make the messages of the errors in the block printable that Typer prints itself: they repeat what was typed."""
    try:
        yield
    except Exception as error:
        message = getattr(error, "message", None)
        if isinstance(message, str) and hasattr(error, "format_message"):  # of Click, or of Typer's copy of it
            setattr(error, "message", printable(message))  # noqa: B010 - no attribute of every exception
        raise
