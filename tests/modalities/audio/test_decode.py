"""The two readers of WAV say the same."""

import io

import numpy as np
import pytest
import soundfile

from multicnn.modalities.audio import decode

RNG = np.random.default_rng(0)


def wav(channels, samples=200, rate=16000):
    file = io.BytesIO()
    soundfile.write(
        file, RNG.integers(-(2**15), 2**15, (samples, channels)).astype(np.int16), rate, "PCM_16", format="WAV"
    )
    return file.getvalue()


def as_libsndfile(data):
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        return file.read(dtype="float32", always_2d=True).mean(axis=1), file.samplerate


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_plain_wav_is_what_libsndfile_gives_whatever_the_header_says(channels):
    """Of each byte of the header other values: where the fast reader answers at all, libsndfile says the same."""
    data = wav(channels)
    assert decode.plain_wav(data) is not None
    answered = 0
    for place in range(48):
        for value in (*range(0, 256, 17), 1, 2, 3, 4, 8):
            changed = data[:place] + bytes([value]) + data[place + 1 :]
            if (ours := decode.plain_wav(changed)) is not None:
                answered += 1
                theirs = as_libsndfile(changed)
                np.testing.assert_array_equal(ours[0], theirs[0])
                assert (ours[0].dtype, ours[1]) == (np.float32, theirs[1])
    assert answered > 100


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "FLOAT"])
def test_other_wav_is_left_to_libsndfile(subtype):
    file = io.BytesIO()
    soundfile.write(file, RNG.uniform(-1, 1, 100), 16000, subtype, format="WAV")
    assert decode.plain_wav(file.getvalue()) is None


def test_a_plain_wav_with_something_after_its_samples():
    data = wav(2) + b"LIST\x04\x00\x00\x00abcd"
    samples, rate = decode.plain_wav(data)
    np.testing.assert_array_equal(samples, as_libsndfile(data)[0])
    assert (len(samples), rate) == (200, 16000)
