"""JPEGs, of whatever make, size and state, beside Pillow alone."""

import io

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from multicnn.modalities.image import decode

RANDOM = np.random.default_rng(0)
PHOTOGRAPHS = load_sample_images().images
MAKES = {
    "baseline": {},
    "progressive": {"progressive": True},
    "every colour": {"subsampling": 0, "quality": 95},
    "half of the colours": {"subsampling": 1, "optimize": True},
    "coarse": {"quality": 10},
    "restarts": {"restart_marker_blocks": 3},
}


def jpeg(make="baseline", size=(300, 400), mode="RGB"):
    photograph = PHOTOGRAPHS[RANDOM.integers(len(PHOTOGRAPHS))]
    top, left = (int(RANDOM.integers(n - m + 1)) for n, m in zip(photograph.shape, size))
    file = io.BytesIO()
    part = Image.fromarray(photograph[top : top + size[0], left : left + size[1]]).convert(mode)
    part.save(file, "JPEG", **MAKES[make])
    return file.getvalue()


def by_pillow(data, size=None):
    with Image.open(io.BytesIO(data)) as picture:
        if size is not None:
            picture.draft(None, size[::-1])
        pixels = np.array(picture if picture.mode in ("L", "RGB") else picture.convert("RGB"))
    return pixels.reshape(*pixels.shape[:2], -1)


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_is_what_pillow_makes_of_it_at_every_resolution(make, mode):
    for side in (400, 151, 100, 38, 5):
        data = jpeg(make, tuple(RANDOM.integers(side, 427, 2)), mode)
        np.testing.assert_array_equal(decode.from_bytes(data), by_pillow(data))
        size = tuple(RANDOM.integers(1, side, 2).tolist())
        np.testing.assert_array_equal(decode.from_bytes(data, size), by_pillow(data, size), err_msg=f"{size}")


def test_of_several_pictures_in_a_jpeg_the_first_is_taken_at_a_lower_resolution_too():
    file, others = io.BytesIO(), [Image.fromarray(photograph) for photograph in PHOTOGRAPHS]
    others[0].save(file, "MPO", save_all=True, append_images=others[1:])
    data = file.getvalue()
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.format, picture.n_frames) == ("MPO", 2)
    np.testing.assert_array_equal(decode.from_bytes(data), by_pillow(data))
    assert decode.from_bytes(data, (100, 100)).shape == (107, 160, 3)


def test_a_damaged_jpeg_is_what_pillow_makes_of_it_or_is_refused_as_it_refuses_it():
    answers = {True: 0, False: 0}
    for trial in range(400):
        data = bytearray(jpeg(list(MAKES)[trial % len(MAKES)], (40, 50), "L" if trial % 5 == 4 else "RGB"))
        match trial % 4:
            case 0:
                data = data[: RANDOM.integers(2, len(data))]
            case 1:
                data[RANDOM.integers(2, len(data))] ^= 1 << RANDOM.integers(8)
            case 2:
                begin = RANDOM.integers(2, len(data))
                del data[begin : begin + RANDOM.integers(1, 30)]
            case 3:
                data += RANDOM.bytes(20)
        try:
            expected = by_pillow(bytes(data))
        except Exception:
            expected = None
        answers[expected is not None] += 1
        try:
            ours = decode.from_bytes(bytes(data))
        except ValueError:
            assert expected is None, trial
        else:
            np.testing.assert_array_equal(ours, expected, err_msg=str(trial))
    assert min(answers.values()) > 50
