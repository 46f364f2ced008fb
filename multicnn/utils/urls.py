"""Recognise URLs where the path of a file is wanted: nothing is downloaded that was not named as a remote data set."""

from __future__ import annotations

import os
import re

# Two letters at least: "C:/photos" is a path of Windows. Path("https://a") has one slash only, "data:" has none.
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]+:/{1,3}|data:[^\s,]*,)\S+", re.IGNORECASE)
REMEDY = "a URL: nothing is downloaded, so save it to a file first and pass that file"


def is_url(path: str | os.PathLike) -> bool:
    """Return whether a path is a URL and no file or folder of that name exists."""
    text = os.fspath(path)
    return isinstance(text, str) and _URL.fullmatch(text) is not None and not os.path.exists(text)
