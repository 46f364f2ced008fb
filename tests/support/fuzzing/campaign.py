"""Run many numbered cases in this process: a hang ends it, and what fails is reported by its number."""

from __future__ import annotations

import faulthandler
import functools
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from support.fuzzing import artefacts, calls, files

DEADLINE = 30.0  # seconds for a case; the slowest takes one on a quiet machine


class Failure(NamedTuple):
    """A case that failed, or all together if the number is None, and the end of its traceback."""

    number: int | None
    traceback: str


class Campaign(NamedTuple):
    """Numbered cases.

    Attributes:
        count: The number of them that are tried, or None where there is no end of them.
        check: Called with a number and a folder for files; raises an exception where the case fails.
        check_all: Called with the folder afterwards.
    """

    count: int | None
    check: Callable[[int, Path], None]
    check_all: Callable[[Path], None] | None = None


CAMPAIGNS = {
    **{
        name: Campaign(None, functools.partial(files.check, name), functools.partial(files.check_folder, name))
        for name in files.MODALITIES
    },
    "artefacts": Campaign(None, artefacts.check),
    "calls": Campaign(len(calls.calls()), calls.check),
}


def run(name: str, numbers: Iterable[int], folder: Path, screen: int) -> list[Failure]:
    """Check each number and return what fails; SystemExit is a failure too.

    Where a case takes longer than the deadline, or crashes, the process ends with a traceback that names it.

    Args:
        name: Name of the campaign.
        numbers: The cases.
        folder: An empty folder.
        screen: File descriptor for the traceback of a hang.
    """
    campaign = CAMPAIGNS[name]
    failures = []
    for number in numbers:
        faulthandler.dump_traceback_later(DEADLINE, exit=True, file=screen)
        try:
            _named(f"{name} {number}", campaign.check)(number, folder)
        except (Exception, SystemExit):
            failures.append(Failure(number, traceback.format_exc(limit=-4)))
        finally:
            faulthandler.cancel_dump_traceback_later()
    if campaign.check_all is not None:
        try:
            campaign.check_all(folder)
        except Exception:
            failures.append(Failure(None, traceback.format_exc(limit=-4)))
    return failures


def report(name: str, failures: list[Failure]) -> str:
    """Return what failed, and how to make it again."""
    shown = [f"{each.traceback}^ python -m support.fuzzing {name} {each.number}" for each in failures[:5]]
    numbers = " ".join(str(failure.number) for failure in failures)
    return "\n\n".join([*shown, f"{len(failures)} cases of {name} fail: {numbers}"])


def _named(name: str, check: Callable[[int, Path], None]) -> Callable[[int, Path], None]:
    """Return a function with this name in tracebacks, also those of C: a hang and a crash show it, and nothing else."""

    def case(number: int, folder: Path) -> None:
        check(number, folder)

    case.__code__ = case.__code__.replace(co_name=name)
    return case
