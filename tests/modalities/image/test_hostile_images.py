"""Images whose headers, chunks or frames promise more than there is: a short reason, and no memory for it."""

import io
import resource
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import hostile

import multicnn
from multicnn.modalities.image import decode


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunk(name, head, unpacked):
    pressed = zlib.compressobj(9)
    packed = b"".join(pressed.compress(hostile.ZEROS) for _ in range(unpacked >> 20)) + pressed.flush()
    small = hostile.png(4, 4, bytes(20))
    return small[:33] + chunk(name, head + packed) + small[33:]


def tiff(**tags):
    """Return a TIFF of 4 x 4 pixels with some of its numbers changed."""
    names = {"width": 256, "height": 257, "bits": 258, "offset": 273, "samples": 277, "rows": 278, "bytes": 279}
    fields = {256: 4, 257: 4, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: 4, 279: 16}
    fields |= {names[name]: value for name, value in tags.items()}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(fields.items()))
    head = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(fields)) + entries + struct.pack("<I", 0)
    return head.ljust(200, b"\0") + bytes(range(16))


def gif_frame(width, height):
    """Return a GIF of 4 x 4 pixels whose frame is larger than its screen."""
    screen = struct.pack("<HHBBB", 4, 4, 0, 0, 0)
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02L\x01\x00;"


def pnm(width, height):
    return b"P5 %d %d 255\n" % (width, height)


HOSTILE = {
    "a profile of 300 MB": lambda: with_chunk(b"iCCP", b"x\0\0", 300 << 20),
    "a comment of 300 MB": lambda: with_chunk(b"zTXt", b"x\0\0", 300 << 20),
    "an international comment of 300 MB": lambda: with_chunk(b"iTXt", b"x\0\1\0\0\0", 300 << 20),
    "a PNG of nothing": lambda: hostile.png(9_999, 9_999),
    "a tall PNG": lambda: hostile.png(1, 99_999_999),
    "a wide PNG": lambda: hostile.png(99_999_999, 1),
    "a PNG of nearly all": lambda: hostile.png(2**31 - 1, 2**31 - 1),
    "a wide TIFF": lambda: tiff(width=2**31 - 1),
    "a TIFF of many samples": lambda: tiff(samples=65_535),
    "a TIFF of a long strip": lambda: tiff(bytes=2**31 - 1),
    "a TIFF of few rows": lambda: tiff(height=90_000, rows=1),
    "a TIFF of 60,000 x 1,600 pixels in 16 bytes": lambda: tiff(width=60_000, height=1_600, rows=1_600),
    "a frame larger than its screen": lambda: gif_frame(65_535, 65_535),
    "a PNM of nothing": lambda: pnm(9_999, 9_999),
    "a tall PNM": lambda: pnm(1, 99_999_999),
}
DECODE = """
import resource, sys, warnings
warnings.simplefilter("ignore")
from multicnn.modalities.image import decode
from multicnn.modalities.image.resize import resized
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    try:
        resized(decode.from_bytes(open(path, "rb").read()), (224, 224))
    except ValueError as error:
        assert 3 < len(str(error)) < 130 and "\\n" not in str(error), error
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", [name for name in HOSTILE if "300 MB" not in name])
def test_it_is_read_or_refused_with_a_short_reason(name):
    try:
        pixels = decode.from_bytes(HOSTILE[name]())
    except ValueError as error:
        assert 3 < len(str(error)) < 130 and "\n" not in str(error)
    else:
        assert pixels.dtype == np.uint8 and pixels.size < 2**21


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(resource, "getrusage"), reason="the peak of the memory is not known here")
def test_none_takes_the_memory_that_it_promises(tmp_path):
    for i, make in enumerate(HOSTILE.values()):
        (tmp_path / f"{i}.img").write_bytes(make())
    command = [sys.executable, "-c", DECODE, *map(str, tmp_path.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(multicnn.__file__).parents[1], timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 400_000  # kilobytes: the largest is of 96 megapixels


def test_what_is_within_the_limits_is_read_as_before():
    file = io.BytesIO()
    image = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    image.save(file, "PNG", pnginfo=None)
    np.testing.assert_array_equal(decode.from_bytes(file.getvalue()), np.asarray(image))
    assert decode.from_bytes(tiff()).shape == (4, 4, 1)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_large_image_is_calculated_in_strips_with_the_same_bits(channels, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (50, 7, channels), dtype=np.uint8)

    def made():
        return decode.in_channels(decode.from_array(pixels), 1)

    expected = made()
    for strip in (1, 100, 1000):
        monkeypatch.setattr(decode, "_STRIP", strip)
        np.testing.assert_array_equal(made(), expected)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_a_large_file_is_copied_in_strips_with_the_same_bits(mode, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (23, 7, 4), dtype=np.uint8)
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    image.convert("RGB").convert(mode).save(file, "TIFF") if mode == "CMYK" else image.convert(mode).save(file, "PNG")
    expected = decode.from_bytes(file.getvalue())
    for strip in (1, 50):
        monkeypatch.setattr(decode, "_STRIP", strip)
        np.testing.assert_array_equal(decode.from_bytes(file.getvalue()), expected)
