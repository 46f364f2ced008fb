"""Marks of clips in a window of one length: silent, cut, padded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from multicnn.modalities.finding import Finding
from multicnn.modalities.marks import Mark, Marked, Source, constant
from multicnn.modalities.reasons import BAD, reason

SILENT = 1e-3  # largest sample, of full scale: -60 dB
REMARK = "silent, with no sample above -60 dB"
REPORT = (
    "are silent in the window of the network, with no sample above -60 dB: empty files, or channels that cancel each other? "
    "Leave them out, or save one of their channels, as by `ffmpeg -i in.wav -af 'pan=mono|c0=c0' out.wav`"
)


class Clips(Protocol):
    """The members of an `AudioPreprocess` that are used here."""

    def decode(self, source: Source) -> np.ndarray:
        """Return the waveform of a source."""

    def window(self, raw: np.ndarray) -> np.ndarray:
        """Return the waveform in the length of every example."""


def of_clip(raw: np.ndarray, window: np.ndarray) -> Mark:
    """Return the mark of a decoded clip whose window is stored; both float32, shape (samples,)."""
    mark = Mark.CUT if len(raw) > len(window) else Mark.PADDED if len(raw) < len(window) else Mark.NONE
    return mark | Mark.CONSTANT if is_silent(window) else mark


def is_silent(waveform: np.ndarray) -> bool:
    """Return True for a float32 waveform, shape (samples,), that nobody hears."""
    return max(waveform.max(), -waveform.min()) < SILENT


def of_sources(clips: Clips, sources: Sequence[Source]) -> Marked:
    """Return the window of each source, or the reason why there is none, and its mark."""
    windows: list[np.ndarray | str] = []
    marks = []
    for source in sources:
        try:
            raw = clips.decode(source)
            window = clips.window(raw)
            mark = of_clip(raw, window)
        except BAD as error:
            windows.append(reason(error))
            marks.append(Mark.NONE)
        else:
            windows.append(window)
            marks.append(mark)
    return windows, marks


def findings(marks: np.ndarray, rows: np.ndarray, seconds: float) -> list[Finding]:
    """Return how many clips are silent, and the share that the window cuts or pads."""
    words = {Mark.CUT: "are longer and cut", Mark.PADDED: "are shorter and padded with silence"}
    shares = {mark: float(np.mean((marks & mark) > 0)) for mark in words}
    parts = [f"{share:.1%} {words[mark]}" for mark, share in shares.items() if share]
    told = ", ".join(parts).replace("%", f"% of {len(rows):,} clips", 1) or f"so are all {len(rows):,} clips"
    message = f"every example is {seconds:g} s long: {told} (preprocess.seconds)"
    return [*constant(marks, rows, REPORT), Finding("window", message, False)]
