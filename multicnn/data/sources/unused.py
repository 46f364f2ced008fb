"""Refuse options of reading that mean nothing to a source: who gave one believes that it decides something."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from multicnn.data.manifest import Manifest
from multicnn.recipe import DataSource

COLUMNS = ("text_column", "label_column", "split_column", "group_column")
_OPTIONS = ("pattern", "image_column", "audio_column", *COLUMNS)
_USUAL = DataSource()


class UnusedOption(ValueError):
    """An option was given that a source does not use.

    Args:
        source: The source.
        option: The name of its field.
        problem: Why it means nothing, and what to do instead.
    """

    def __init__(self, source: DataSource, option: str, problem: str):
        super().__init__(f"{option} must be left out: {problem}. Received: {option}={getattr(source, option)!r}")
        self.option = option


def check_options(source: DataSource, used: Collection[str], problem: str) -> None:
    """Raise UnusedOption where an option of reading is given, and is none of those that are used.

    Args:
        source: The source.
        used: The names of the fields that are used.
        problem: What the others mean nothing to, and what to do instead.
    """
    for option in _OPTIONS:
        if option not in used and getattr(source, option) != getattr(_USUAL, option):
            raise UnusedOption(source, option, problem)


def given_options(data: object, settings: Iterable[str]) -> set[str]:
    """Return the options that were given for data themselves: by settings "data.b=1", or all of a DataSource."""
    if isinstance(data, DataSource):
        return set(_OPTIONS)
    return {setting.partition("=")[0].strip().removeprefix("data.") for setting in settings}


def load_inherited(load: Callable[[DataSource], Manifest], source: DataSource, given: Collection[str]) -> Manifest:
    """Load a source that has the options of another one: what it does not use of them is left out.

    Args:
        load: Returns the manifest of a source.
        source: The source.
        given: The names of the fields that were given for this source itself.

    Raises:
        ValueError: As `load` does; of unused options for those that were given.
    """
    while True:
        try:
            return load(source)
        except UnusedOption as error:
            if error.option in given:
                raise
            source = replace(source, **{error.option: getattr(_USUAL, error.option)})


def load_both(
    first: Callable[[DataSource], Manifest], second: Callable[[DataSource, Manifest], Manifest], source: DataSource
) -> tuple[Manifest, Manifest]:
    """Load two sources that share their options: each of these has a meaning for one of them.

    Args:
        first: Returns the manifest of the first.
        second: Returns the manifest of the second, given that of the first.
        source: The options.

    Raises:
        UnusedOption: One means nothing to either.
    """
    one, unused = _tolerant(first, source)
    two, neither = _tolerant(lambda options: second(options, one), source)
    for option, error in unused.items():
        if option in neither:
            raise error
    return one, two


def _tolerant(load: Callable[[DataSource], Manifest], source: DataSource) -> tuple[Manifest, dict[str, UnusedOption]]:
    unused: dict[str, UnusedOption] = {}
    while True:
        try:
            return load(source), unused
        except UnusedOption as error:
            unused[error.option] = error
            source = replace(source, **{error.option: getattr(_USUAL, error.option)})
