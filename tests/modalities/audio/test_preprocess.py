"""Recordings: features against librosa, formats and rates, no skew, bad inputs."""

import io
import struct
import tarfile
import threading

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from pydantic import TypeAdapter

from multicnn.modalities.audio import statistics
from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.audio.waveform_preprocess import WaveformPreprocess

RNG = np.random.default_rng(0)
FITTED = AudioPreprocess(seconds=0.5, mean=-41.7, std=13.3)


def clips():
    """Speech-like, loud, quiet, silent and clicking waveforms of 1 s at 16 kHz."""
    time = np.arange(16000) / 16000
    glide = np.sin(2 * np.pi * (200 * time + 1500 * time**2)) * np.hanning(16000)
    noise = np.random.default_rng(0).standard_normal(16000)
    padded = np.r_[0.5 * glide[4000:9000], np.zeros(11000)]
    clicks = np.where(np.arange(16000) % 3001 == 0, 1.0, 0.0)
    rows = [glide, 0.3 * noise, 1e-4 * noise, glide + 1e-3 * noise, padded, clicks, np.zeros(16000)]
    return [row.astype(np.float32) for row in rows]


def encoded(waveform, rate=16000, kind="WAV", subtype=None):
    file = io.BytesIO()
    soundfile.write(file, waveform, rate, format=kind, subtype=subtype)
    return file.getvalue()


def librosa_features(waveform, preprocess):
    import librosa

    settings = {
        "y": waveform,
        "sr": preprocess.sample_rate,
        "n_fft": preprocess.n_fft,
        "hop_length": preprocess.hop_length,
        "win_length": preprocess.win_length,
        "n_mels": preprocess.n_mels,
        "fmin": preprocess.fmin,
        "fmax": preprocess.fmax,
        "htk": preprocess.htk,
        "center": preprocess.center,
        "pad_mode": "constant",
    }
    if preprocess.features == "mfcc":
        return librosa.feature.mfcc(n_mfcc=preprocess.n_mfcc, **settings).T
    return librosa.power_to_db(librosa.feature.melspectrogram(**settings), ref=1.0, top_db=None).T


def assert_as_librosa(waveforms, **settings):
    preprocess = AudioPreprocess(rank=1, **settings)
    for waveform in waveforms:
        window = preprocess.windows(waveform)[0][1]
        ours, theirs = preprocess.example(waveform), librosa_features(window, preprocess)
        assert ours.shape == theirs.shape == preprocess.stored_shape
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-3)


@pytest.mark.parametrize("features", ["log_mel", "mfcc"])
@pytest.mark.parametrize("htk", [False, True])
@pytest.mark.parametrize("center", [False, True])
def test_as_librosa_on_synthetic_clips(features, htk, center):
    assert_as_librosa(clips(), features=features, htk=htk, center=center, seconds=1.0)


@pytest.mark.parametrize(
    "settings",
    [
        {"win_length": 400},
        {"win_length": 401, "n_fft": 513, "hop_length": 77},
        {"n_mels": 64, "fmin": 60.0, "fmax": 7600.0},
        {"sample_rate": 44100, "seconds": 0.3, "n_fft": 2048, "hop_length": 512, "n_mels": 128},
        {"features": "mfcc", "n_mfcc": 13},
        {"seconds": 0.01},
    ],
)
def test_as_librosa_with_other_settings(settings):
    assert_as_librosa(clips()[:4], **{"seconds": 1.0, **settings})


@pytest.mark.parametrize("top_db", [30.0, 80.0])
def test_top_db_as_librosa_power_to_db_with_its_reference(top_db):
    import librosa

    preprocess = AudioPreprocess(rank=1, seconds=1.0, top_db=top_db)
    for waveform in clips():
        power = librosa.db_to_power(librosa_features(waveform, preprocess))
        expected = librosa.power_to_db(power, ref=np.max, top_db=top_db)
        np.testing.assert_allclose(preprocess.example(waveform), expected, rtol=0, atol=1e-3)
    np.testing.assert_allclose(preprocess.example(clips()[1]), preprocess.example(0.01 * clips()[1]), atol=1e-3)


@pytest.mark.parametrize("stretch_db", [15.0, 40.0])
def test_stretch_db_spreads_the_sound_over_the_whole_length(stretch_db):
    plain, stretched = (AudioPreprocess(rank=1, seconds=1.0, stretch_db=db) for db in (None, stretch_db))
    for waveform in [*clips(), np.r_[np.zeros(3000, np.float32), clips()[0][5000:9000]]]:
        features = plain.example(waveform)
        near = np.flatnonzero(features.max(axis=1) > features.max() - stretch_db)
        places = np.linspace(near[0], near[-1], len(features))
        expected = np.stack([np.interp(places, np.arange(len(features)), band) for band in features.T], axis=1)
        np.testing.assert_allclose(stretched.example(waveform), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("trim_db", [20.0, 45.0])
@pytest.mark.parametrize("settings", [{}, {"n_fft": 401, "hop_length": 150}])
def test_trim_db_as_librosa_effects_trim(trim_db, settings):
    import librosa

    preprocess = AudioPreprocess(trim_db=trim_db, **settings)
    quiet_ends = np.r_[np.zeros(700), 0.01 * clips()[0], clips()[1], 1e-3 * clips()[1], np.zeros(90)]
    for waveform in [*clips(), quiet_ends.astype(np.float32), np.ones(1, np.float32)]:
        frame = {"frame_length": preprocess.n_fft, "hop_length": preprocess.hop_length}
        expected, _ = librosa.effects.trim(waveform, top_db=trim_db, **frame)
        np.testing.assert_array_equal(preprocess.decode(waveform), expected)


@pytest.fixture(scope="module", params=[8000, 16000])
def real_clips(shared_data, request):
    """A rate, and twenty real recordings at that rate: ten spoken digits and ten environmental sounds."""
    data = []
    for name, suffix in (("fsdd.tar.gz", ".wav"), ("esc10.tar", ".ogg")):
        with tarfile.open(shared_data / name) as archive:
            members = [member for member in archive.getmembers() if member.name.endswith(suffix)]
            data += [archive.extractfile(member).read() for member in members[:: len(members) // 10][:10]]
    assert len(data) == 20
    return request.param, [AudioPreprocess(sample_rate=request.param).decode(one) for one in data]


@pytest.mark.parametrize("features", ["log_mel", "mfcc"])
@pytest.mark.parametrize("htk", [False, True])
@pytest.mark.parametrize("center", [False, True])
def test_as_librosa_on_real_clips(real_clips, features, htk, center):
    sample_rate, waveforms = real_clips
    assert_as_librosa(waveforms, sample_rate=sample_rate, features=features, htk=htk, center=center, seconds=1.0)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "AIFF", "AU", "CAF"])
def test_lossless_formats_give_the_samples_back(kind):
    waveform = (RNG.integers(-(2**15), 2**15, 5000) / 2**15).astype(np.float32)
    decoded = AudioPreprocess().decode(encoded(waveform, kind=kind))
    assert decoded.dtype == np.float32
    np.testing.assert_array_equal(decoded, waveform)


@pytest.mark.parametrize(("kind", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")])
def test_lossy_formats_are_near(kind, subtype):
    time = np.arange(48000) / 48000
    waveform = 0.5 * np.sin(2 * np.pi * 440 * time)
    decoded = AudioPreprocess(sample_rate=48000).decode(encoded(waveform, 48000, kind, subtype))
    assert len(decoded) == 48000 and abs(np.corrcoef(decoded, waveform)[0, 1]) > 0.99


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_sample_format_and_channel_count_is_the_mean_of_its_channels(subtype, channels):
    waveform = RNG.uniform(-0.5, 0.5, (3000, channels))
    data = encoded(waveform, subtype=subtype)
    expected, _ = soundfile.read(io.BytesIO(data), dtype="float64", always_2d=True)
    np.testing.assert_allclose(AudioPreprocess().decode(data), expected.mean(1), atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_any_rate_is_resampled(rate):
    tone = np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)
    decoded = AudioPreprocess().decode(encoded(tone * 0.5, rate, subtype="FLOAT"))
    assert abs(len(decoded) - 16000) <= 1
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    np.testing.assert_allclose(decoded[500:15500], expected[500:15500], atol=1e-3)


def test_path_bytes_pair_and_array_agree(tmp_path):
    waveform = clips()[0]
    path = tmp_path / "misnamed.mp3"
    path.write_bytes(encoded(waveform, subtype="FLOAT"))
    double = waveform.astype(np.float64)
    for source in (path, str(path), path.read_bytes(), (double, 16000), double, np.stack([double, double], 1)):
        np.testing.assert_array_equal(AudioPreprocess().decode(source), waveform)
    integers = np.array([-32768, 0, 16384], np.int16)
    assert AudioPreprocess().decode((integers, 16000)).tolist() == [-1, 0, 0.5]


WAV, FLAC, OGG = (encoded(clips()[1], kind=kind) for kind in ("WAV", "FLAC", "OGG"))
MP3 = encoded(np.tile(clips()[1], 3), kind="MP3")


def declaring(data, offset, layout, value):
    body = struct.pack(layout, value)
    return data[:offset] + body + data[offset + len(body) :]


def with_sample(value):
    return encoded(np.r_[clips()[0], value].astype(np.float32), subtype="FLOAT")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"", "empty file"),
        (WAV[:-2], "truncated WAV"),
        (WAV[: len(WAV) // 2], "truncated WAV"),
        (WAV[:40], "truncated WAV"),
        (FLAC[:-2], "truncated"),
        (FLAC[: len(FLAC) // 2], "truncated"),
        (OGG[:-2], "truncated Ogg"),
        (OGG[: len(OGG) // 2], "truncated Ogg"),
        (MP3[: len(MP3) // 2], "truncated MP3"),
        (encoded(clips()[0], kind="AIFF")[:-2], "truncated AIFF"),
        (encoded(np.zeros(0)), "no samples"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00" + bytes(100), "WAV"),
        (b"\x89PNG\r\n\x1a\n", "not audio: starts like PNG"),
        (b"hello, world", "not audio: starts like text"),
        (bytes(range(128, 200)), "not audio: starts like the bytes 80 81 82 83"),
        (with_sample(np.nan), "NaN samples"),
        (with_sample(np.inf), "infinite samples"),
        (declaring(WAV, 24, "<I", 1), "absurd sample rate: 1 Hz"),
        (declaring(FLAC, 22, ">I", 2**32 - 1), "truncated|too long"),
        (declaring(FLAC, 21, ">B", 0xFF), "wrong length in its header"),
        (np.array([0.0, np.nan]), "NaN samples"),
        (np.array([1e300]), "infinite samples"),
        (np.zeros(0), "no samples"),
        (np.zeros((2, 2, 2)), "shape"),
        (np.array(["a"]), "samples must be"),
        ((np.zeros(100), 0), "absurd sample rate: 0 Hz"),
        ("no/such/file.wav", "cannot be read: No such file or directory"),
        (None, "neither a path nor bytes: NoneType"),
    ],
)
def test_a_bad_input_has_a_short_reason(source, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        AudioPreprocess().decode(source)
    assert len(str(caught.value)) < 120 and "\n" not in str(caught.value) and "BytesIO" not in str(caught.value)


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_streamed_without_its_size_is_read_to_its_end(size):
    assert len(AudioPreprocess().decode(declaring(WAV, 40, "<I", size))) == 16000


def test_long_and_short_clips_are_cut_and_padded_at_the_end():
    preprocess = AudioPreprocess(features="waveform", seconds=0.5)
    waveform = clips()[1]
    np.testing.assert_array_equal(preprocess.example(waveform)[:, 0], waveform[:8000])
    short = preprocess.example(waveform[:3000])
    np.testing.assert_array_equal(short[:, 0], np.r_[waveform[:3000], np.zeros(5000)])
    assert short.dtype == np.float32 and preprocess.stored_shape == (8000, 1)


@pytest.mark.parametrize(
    ("samples", "starts"),
    [(1, [0]), (8000, [0]), (8001, [0, 1]), (16000, [0, 8000]), (20000, [0, 8000, 12000])],
)
def test_windows_cover_the_recording(samples, starts):
    waveform = np.arange(1, samples + 1, dtype=np.float32)
    windows = FITTED.windows(waveform)
    assert [start for start, _ in windows] == [start / 16000 for start in starts]
    for start, window in zip(starts, (window for _, window in windows), strict=True):
        kept = waveform[start : start + 8000]
        np.testing.assert_array_equal(window, np.pad(kept, (0, 8000 - len(kept))))
    np.testing.assert_array_equal(FITTED.example(windows[0][1]), FITTED.example(waveform))


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({}, (51, 40, 1)),
        ({"rank": 1}, (51, 40)),
        ({"center": False}, (47, 40, 1)),
        ({"features": "mfcc", "n_mfcc": 13}, (51, 13, 1)),
        ({"features": "waveform", "rank": 1}, (8000, 1)),
    ],
)
def test_shapes(settings, shape):
    preprocess = AudioPreprocess(seconds=0.5, **settings)
    assert preprocess.example(clips()[0]).shape == preprocess.stored_shape == preprocess.input_shape == shape


@pytest.mark.parametrize("features", ["log_mel", "mfcc", "waveform"])
def test_example_is_bitwise_equal_whatever_the_caller(features):
    preprocess = AudioPreprocess(seconds=0.5, features=features)
    raws = clips()
    alone = [preprocess.example(raw) for raw in raws]

    def mapped(index):
        return tf.numpy_function(lambda i: preprocess.example(raws[i]), [index], tf.float32)

    in_map = list(tf.data.Dataset.range(len(raws)).map(mapped, num_parallel_calls=4).as_numpy_iterator())
    in_threads = {}
    threads = [
        threading.Thread(target=lambda i=i: in_threads.update({i: preprocess.example(raws[i])}))
        for i in range(len(raws))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(in_map, alone)
    np.testing.assert_array_equal([in_threads[i] for i in range(len(raws))], alone)


def test_finish_is_bitwise_equal_eager_in_map_and_at_any_batch_size():
    batch = RNG.normal(-40, 20, (37, *FITTED.stored_shape)).astype(np.float32)
    whole = FITTED.finish(batch).numpy()
    np.testing.assert_allclose(whole, (batch - np.float32(-41.7)) / np.float32(13.3), atol=2e-6)
    np.testing.assert_array_equal(tf.function(FITTED.finish)(batch), whole)
    for size in (1, 5, 37):
        data = tf.data.Dataset.from_tensor_slices(batch).batch(size).map(FITTED.finish)
        np.testing.assert_array_equal(np.concatenate(list(data.as_numpy_iterator())), whole)


@pytest.mark.parametrize(
    ("durations", "seconds"),
    [
        ([1.1] * 90 + [12.0] * 10, 3.3),  # a tenth of long clips: not 10 s for all
        ([0.4] * 50 + [0.7] * 50, 0.7),
        ([1.0] * 80 + [2.5] * 20, 2.5),
        ([1.0] * 19 + [100.0], 1.0),  # one that is absurd does not count
        ([30.0] * 10, 10.0),
        ([2.0], 2.0),
    ],
)
def test_the_usual_length_is_not_that_of_a_few_long_clips(durations, seconds):
    assert statistics.usual_seconds(durations, 10.0) == seconds


def test_fit_takes_the_95th_percentile_of_the_durations():
    raws = [RNG.standard_normal(length).astype(np.float32) for length in [1600] * 95 + [3300] * 5 + [16000]]
    assert AudioPreprocess().fit(iter(raws)).seconds == 0.3
    assert AudioPreprocess().fit([np.ones(16000 * 30, np.float32)]).seconds == 10.0
    assert AudioPreprocess().fit([np.ones(10, np.float32)]).seconds == 0.1
    assert AudioPreprocess(center=False, n_fft=2048).fit([np.ones(10, np.float32)]).seconds == 0.2
    assert AudioPreprocess(seconds=0.7).fit(raws).seconds == 0.7


@pytest.mark.parametrize("features", ["log_mel", "mfcc", "waveform"])
def test_fit_centres_and_scales(features):
    raws = clips()
    fitted = AudioPreprocess(features=features).fit(raws)
    finished = fitted.finish(np.stack([fitted.example(raw) for raw in raws])).numpy()
    assert fitted.fitted and abs(finished.mean()) < 1e-4 and abs(finished.std() - 1) < 1e-4


def test_fit_reads_no_more_than_a_thousand_and_needs_one():
    seen = []
    AudioPreprocess(features="waveform").fit(seen.append(0) or np.ones(100, np.float32) for _ in range(1500))
    assert len(seen) == 1000
    with pytest.raises(ValueError, match="at least one training clip"):
        AudioPreprocess().fit([])


def test_json_round_trip_and_the_same_bits():
    adapter = TypeAdapter(AudioPreprocess)
    fitted = AudioPreprocess(fmax=4000).fit(clips())
    again = adapter.validate_json(adapter.dump_json(fitted))
    assert again == fitted and hash(again) == hash(fitted)
    batch = fitted.example(clips()[0])[None]
    np.testing.assert_array_equal(again.finish(again.example(clips()[0])[None]), fitted.finish(batch))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sample_rate": 0}, "Received: sample_rate=0"),
        ({"hop_length": -1}, "Received: hop_length=-1"),
        ({"seconds": float("inf")}, "Received: seconds=inf"),
        ({"trim_db": -3}, "Received: trim_db=-3"),
        ({"top_db": 0}, "Received: top_db=0"),
        ({"features": "waveform", "stretch_db": 30}, "Received: stretch_db=30"),
        ({"features": "waveform", "top_db": 80}, "Received: top_db=80"),
        ({"win_length": 513}, "Received: win_length=513"),
        ({"features": "mfcc", "n_mfcc": 41}, "Received: n_mfcc=41"),
        ({"fmax": 9000.0}, "Received: fmin=0.0, fmax=9000.0"),
        ({"center": False, "seconds": 0.03}, "Received: seconds=0.03"),
        ({"loudness": 1}, "loudness"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        AudioPreprocess(**arguments)


def test_not_fitted_says_so():
    with pytest.raises(ValueError, match="call fit first"):
        AudioPreprocess().example(clips()[0])
    with pytest.raises(ValueError, match="call fit first"):
        AudioPreprocess().finish(np.zeros((1, 51, 40, 1), np.float32))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"rank": 1, "center": False},
        {"features": "mfcc"},
        {"features": "waveform"},
        {"top_db": 60, "stretch_db": 30},
    ],
)
def test_features_made_in_batches_are_those_of_one_example_bit_for_bit(settings):
    preprocess = AudioPreprocess(seconds=0.5, mean=-41.7, std=13.3, **settings)
    stored = WaveformPreprocess(preprocess)
    raws = [*clips(), clips()[0][:3000]]
    batch = np.stack([stored.example(raw) for raw in raws])
    assert batch.shape[1:] == stored.stored_shape == (8000,) and batch.dtype == stored.stored_dtype
    expected = preprocess.finish(np.stack([preprocess.example(raw) for raw in raws])).numpy()
    np.testing.assert_array_equal(stored.finish(batch), expected)
    for size in (1, 3, 8):
        data = tf.data.Dataset.from_tensor_slices(batch).batch(size).map(stored.finish, num_parallel_calls=2)
        assert data.element_spec.shape[1:] == preprocess.input_shape
        np.testing.assert_array_equal(np.concatenate(list(data.as_numpy_iterator())), expected)
