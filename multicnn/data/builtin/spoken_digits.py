"""Spoken digits: the ten English digits in 66 synthetic voices; no person spoke them.

The clips, their licences and the list of voices are in the folder `spoken_digits` beside this file, which
`tools/make_spoken_digits.py` made with the free speech synthesizers of Debian.
"""

from __future__ import annotations

import csv
from pathlib import Path

from multicnn.data.manifest import Manifest, content_hash

FOLDER = Path(__file__).parent / "spoken_digits"


def load() -> Manifest:
    """Return 660 clips (Ogg Opus, 16 kHz, mono, 0.2 to 1.2 s), labels "zero" to "nine", grouped by voice.

    The voices are synthetic. Those of the test split occur in no other split, nor do those of the validation split.
    """
    with open(FOLDER / "metadata.csv", newline="", encoding="utf-8") as file:
        clips = list(csv.DictReader(file))
    paths = [FOLDER / clip["file_name"] for clip in clips]
    return Manifest.of(
        "audio",
        ids=[clip["file_name"] for clip in clips],
        sources=[str(path) for path in paths],
        labels=[clip["label"] for clip in clips],
        hashes=[content_hash(path.read_bytes()) for path in paths],
        splits=[clip["split"] for clip in clips],
        groups=[clip["group"] for clip in clips],
    )
