r"""Make multicnn/data/builtin/spoken_digits: ten digits spoken by synthetic voices.

    apt-get install --no-install-recommends espeak-ng flite festival \
        festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts
    python tools/make_spoken_digits.py multicnn/data/builtin/spoken_digits

Every program and voice is in Debian's main section. The folder, which is emptied first, gets one `<digit>_<voice>.ogg`
per clip (Opus, 16 kHz, mono), `metadata.csv` (file_name, label, split, group) and `README.md`. Two runs on one machine
give the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr

PACKAGES = ("espeak-ng", "flite", "festival", "festvox-kallpc16k", "festvox-kdlpc16k", "festvox-us-slt-hts")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SAMPLE_RATE = 16000  # Hz
PEAK = 0.6  # of full scale: the room lossy coding needs
COMPRESSION = 0.92  # soundfile's scale from 0 to 1: about 20 kbit/s


class Voice(NamedTuple):
    """A voice of a synthesizer, and the split that its clips belong to."""

    name: str
    split: str
    program: str
    voice: str
    pitch: int = 50  # espeak-ng: 0 to 99
    speed: int = 175  # espeak-ng: words a minute


# kal16 and kal_diphone come from recordings of one speaker, slt and slt_hts of another: neither pair is split.
RECORDED = (
    Voice("awb", "train", "flite", "awb"),
    Voice("kal16", "train", "flite", "kal16"),
    Voice("slt", "test", "flite", "slt"),
    Voice("kal", "train", "festival", "kal_diphone"),
    Voice("slthts", "test", "festival", "cmu_us_slt_arctic_hts"),
    Voice("rms", "test", "flite", "rms"),
    Voice("ked", "test", "festival", "ked_diphone"),
)
# accent+variant, pitch, speed. Near copies of one another (Diogo, Hugo and anika; belinda and linda) share a split.
# The accent is "en", never "en-gb": espeak-ng 1.51 ignores a variant after "en-gb".
FORMANT = {
    "train": """
        en-us+adam 45 150                 en+Alex 50 165                    en-us+Alicia 40 140
        en-us-nyc+Andy 50 155             en-gb-x-rp+Annie 50 150           en-029+antonio 60 140
        en-gb-scotland+aunty 40 130       en-us+benjamin 35 135             en-gb-x-gbclan+boris 50 150
        en+croak 50 125                   en-us+david 55 145                en-gb-x-gbcwmd+Denis 45 150
        en-029+Diogo 50 165               en-us+Hugo 65 145                 en+anika 35 155
        en-us+ed 50 140                   en-gb-x-rp+edward 45 160          en-us+f1 50 150
        en-gb-scotland+f2 55 145          en-029+f5 45 155                  en-us-nyc+Gene 45 140
        en+grandma 50 120                 en-us+grandpa 45 120              en+iven 50 145
        en-us-nyc+iven4 60 170            en-gb-x-gbclan+Jacky 50 150       en-us+john 70 155
        en-us+m1 40 140                   en-gb-scotland+m3 60 150          en-029+m4 30 135
        en-us+m7 50 165                   en+m8 60 140                      en-us-nyc+Nguyen 55 150
        en-us+Marco 45 150                en-gb-x-rp+Mario 55 155           en+max 65 160
        en-us+Mike 35 130                 en-us+pedro 50 140                en-gb-scotland+Storm 45 145
        en-us+victor 60 150               en-us+whisper 50 135""",
    "val": """
        en+m2 45 150                      en-us+f4 45 145                   en-029+pablo 50 150
        en-gb-x-rp+steph 50 140           en-us+travis 55 145               en-gb-scotland+sandro 50 155
        en-us+m6 65 165                   en-us-nyc+klatt3 50 140""",
    "test": """
        en-us+f3 55 150                   en+m5 45 140                      en-gb-x-gbclan+paul 50 150
        en-us+quincy 50 145               en-gb-scotland+robert 55 155      en-gb-x-rp+klatt5 40 145
        en-gb-x-gbcwmd+announcer 60 135   en-us+edward2 70 125              en-us+linda 55 160
        en+belinda 45 145""",
}


def voices() -> list[Voice]:
    """Return every voice, those built from recordings first."""
    out = list(RECORDED)
    for split, table in FORMANT.items():
        words = table.split()
        for variant, pitch, speed in zip(words[::3], words[1::3], words[2::3], strict=True):
            name = variant.split("+")[1].lower()
            out.append(Voice(name, split, "espeak-ng", variant, int(pitch), int(speed)))
    return out


def speak(voice: Voice, text: str, path: Path) -> None:
    """Synthesize the text to a WAV file, at the sample rate of the synthesizer."""
    if voice.program == "espeak-ng":
        command = [
            "espeak-ng",
            "-v",
            voice.voice,
            "-p",
            str(voice.pitch),
            "-s",
            str(voice.speed),
            "-w",
            str(path),
            text,
        ]
    elif voice.program == "flite":
        command = ["flite", "-voice", voice.voice, "-t", text, "-o", str(path)]
    else:
        command = ["text2wave", "-eval", f"(voice_{voice.voice})", "-o", str(path)]
    subprocess.run(command, input=text.encode(), check=True, capture_output=True)


def trim(wave: np.ndarray, floor_db: float = -45.0, margin: int = 320) -> np.ndarray:
    """Trim 10 ms frames below `floor_db` of the loudest at both ends; keep `margin` samples, faded."""
    hop = SAMPLE_RATE // 100
    frames = wave[: len(wave) // hop * hop].reshape(-1, hop)
    power = np.square(frames).mean(axis=1)
    loud = np.flatnonzero(power > power.max() * 10 ** (floor_db / 10))
    clip = wave[max(0, loud[0] * hop - margin) : (loud[-1] + 1) * hop + margin].copy()
    fade = np.linspace(0, 1, margin // 2)
    clip[: len(fade)] *= fade
    clip[-len(fade) :] *= fade[::-1]
    return clip


def page_checksum(page: bytes) -> int:
    """Return the CRC-32 of an Ogg page (RFC 3533: polynomial 0x04c11db7, nothing reflected or inverted)."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        value &= 0xFFFFFFFF
    return value


def with_serial(data: bytes, serial: int) -> bytes:
    """Replace the serial number of an Ogg stream, random in libsndfile: equal clips become equal files."""
    out, start = b"", 0
    while start < len(data):
        segments = data[start + 26]
        end = start + 27 + segments + sum(data[start + 27 : start + 27 + segments])
        page = (
            data[start : start + 14]
            + serial.to_bytes(4, "little")
            + data[start + 18 : start + 22]
            + bytes(4)
            + data[start + 26 : end]
        )
        out += page[:22] + page_checksum(page).to_bytes(4, "little") + page[26:]
        start = end
    return out


def clip(voice: Voice, digit: str, serial: int) -> bytes:
    """Return one clip as the bytes of an Ogg Opus file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        speak(voice, digit, path)
        wave, rate = soundfile.read(path)
    wave = trim(soxr.resample(wave, rate, SAMPLE_RATE))
    buffer = io.BytesIO()
    soundfile.write(
        buffer,
        wave * PEAK / np.abs(wave).max(),
        SAMPLE_RATE,
        format="OGG",
        subtype="OPUS",
        compression_level=COMPRESSION,
    )
    return with_serial(buffer.getvalue(), serial)


def versions() -> dict[str, str]:
    """Return the Debian package versions; exit with the apt line if one is missing."""
    installed = {}
    for package in PACKAGES:
        query = subprocess.run(
            ["dpkg-query", "-W", "-f=${Version}", package], check=False, capture_output=True, text=True
        )
        if query.returncode or not query.stdout:
            sys.exit(f"{package} is missing: apt-get install --no-install-recommends {' '.join(PACKAGES)}")
        installed[package] = query.stdout
    return installed


README = """# Spoken digits (synthetic)

{clips} clips of the ten English digits in {voices} **synthetic** voices: programs spoke them, no person did.
`tools/make_spoken_digits.py` made them with the free speech synthesizers of Debian's main section, trimmed them,
resampled them to 16 kHz mono and coded them as Ogg Opus. `metadata.csv` gives the digit, the split and the voice
(group) of each file. The voices of test occur in neither train nor val, nor those of val in train.

## Synthesizers and their licences

* espeak-ng: formant synthesis, GPL-3.0-or-later; the voices are its accents with its voice variants, at chosen pitch
  and speed.
* flite: voices awb, kal16, rms and slt, Carnegie Mellon University, BSD-like.
* festival: voices kal_diphone and ked_diphone (University of Edinburgh and Carnegie Mellon University, MIT-like),
  cmu_us_slt_arctic_hts (Carnegie Mellon University and the HTS working group, MIT-like and BSD-3-Clause).

The clips are the output of those programs. The full notices are in `/usr/share/doc/<package>/copyright` of the Debian
packages:

{packages}

The voices of flite and festival were built, by their makers, from recordings of speakers: kal16 and kal from one, slt
and slthts from another. Neither pair is divided between splits.

## Voices

| voice | split | synthesizer | its voice | pitch | words a minute |
| --- | --- | --- | --- | --- | --- |
{table}
"""


def row(voice: Voice) -> str:
    """Return the row of a voice in the README's table."""
    settings = f"{voice.pitch} | {voice.speed}" if voice.program == "espeak-ng" else "- | -"
    return f"| {voice.name} | {voice.split} | {voice.program} | {voice.voice} | {settings} |"


def main() -> None:
    """Write the clips, metadata.csv and README.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    packages = versions()
    speakers = voices()
    assert len({voice.name for voice in speakers}) == len(speakers), "two voices share a name"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    table = []
    for v, voice in enumerate(speakers):
        for d, digit in enumerate(DIGITS):
            name = f"{digit}_{voice.name}.ogg"
            (folder / name).write_bytes(clip(voice, digit, serial=1 + v * len(DIGITS) + d))
            table.append((name, digit, voice.split, voice.name))
        print(f"{v + 1}/{len(speakers)} {voice.name}", flush=True)
    with open(folder / "metadata.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file_name", "label", "split", "group"))
        writer.writerows(sorted(table))
    text = README.format(
        clips=len(table),
        voices=len(speakers),
        packages="\n".join(f"* {name} {version}" for name, version in packages.items()),
        table="\n".join(row(voice) for voice in speakers),
    )
    (folder / "README.md").write_text(text)


if __name__ == "__main__":
    main()
