"""Arrays and lists with their labels, as Python users have them."""

import numpy as np
import pytest

from multicnn.data.load import load_manifest
from multicnn.data.sources import resolve
from multicnn.data.sources.memory import in_order_of, path_of
from multicnn.recipe import DataSource

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 4, 5), dtype=np.uint8)
Y = np.array([0, 1, 2, 0, 1, 2])
TEXTS = ["one", "two", "drei", "четыре", "five", "six"]
TIME = np.arange(400) / 8000
CLIPS = np.stack([(0.5 * np.sin(2 * np.pi * f * TIME)).astype(np.float32) for f in range(200, 800, 100)])


def manifest_of(data, **fields):
    return resolve(DataSource(path="memory:", **fields), data=data)


def columns(manifest):
    return manifest.table[["id", "label", "split", "hash", "status"]].values.tolist()


@pytest.mark.parametrize(
    "arrays, data",
    [
        ({"x": PIXELS, "y": Y}, (PIXELS, Y)),
        ({"x": PIXELS, "y": Y}, ([*PIXELS], Y.tolist())),
        ({"x": PIXELS, "y": Y}, [(pixels, int(label)) for pixels, label in zip(PIXELS, Y)]),
        ({"x": PIXELS, "y": Y}, (PIXELS / 255, Y.astype(float))),
        ({"x": PIXELS, "y": Y}, (PIXELS.astype(np.float32), Y[:, None])),
        ({"x": PIXELS, "y": Y}, (PIXELS[:, None], Y)),
        ({"x": np.array(TEXTS), "y": Y}, (TEXTS, Y)),
        ({"x": np.array(TEXTS), "y": Y}, (np.array(TEXTS, dtype=object), Y)),
        ({"x": np.array(TEXTS), "y": Y}, ([text.encode() for text in TEXTS], Y)),
        ({"x": CLIPS, "y": Y, "sample_rate": 8000}, ((CLIPS, 8000), Y)),
        ({"x": CLIPS, "y": Y, "sample_rate": 8000}, (CLIPS, Y)),
        ({"x": CLIPS, "y": Y, "sample_rate": 8000}, ([(clip, 8000) for clip in CLIPS], Y)),
        ({"x": CLIPS, "y": Y, "sample_rate": 8000}, ([(clip[:, None], 8000) for clip in CLIPS], Y)),
        ({"x_train": PIXELS, "y_train": Y, "x_test": PIXELS, "y_test": Y}, {"train": (PIXELS, Y), "test": (PIXELS, Y)}),
    ],
)
def test_the_same_examples_as_in_an_archive(tmp_path, source, arrays, data):
    np.savez(tmp_path / "a.npz", **arrays)
    expected, made = resolve(source(tmp_path / "a.npz")), manifest_of(data)
    assert columns(made) == columns(expected) and made.modality == expected.modality
    assert made.labels == expected.labels


def test_a_waveform_keeps_its_rate():
    for data, given in ((((CLIPS, 8000), Y), 16000), ((CLIPS, Y), 8000), (([(clip, 8000) for clip in CLIPS], Y), None)):
        waveform, rate = manifest_of(data, sample_rate=given).raw_source(2)
        assert rate == 8000
        np.testing.assert_array_equal(waveform, CLIPS[2])


@pytest.mark.parametrize(
    "y, labels",
    [
        ([True, False] * 3, {"True", "False"}),
        ([b"pos", b"neg"] * 3, {"pos", "neg"}),
        (np.array([b"pos", b"neg"] * 3), {"pos", "neg"}),
        ([" a ", "b"] * 3, {"a", "b"}),
        ([0.0, 1.0] * 3, {"0", "1"}),
    ],
)
def test_labels(y, labels):
    assert set(manifest_of((TEXTS, y)).table["label"]) == labels


def test_pcm_is_understood_without_a_remark():
    assert manifest_of((((CLIPS * 32767).astype(np.int16), 8000), Y)).remarks == ()


def test_missing_labels_are_bad_rows():
    made = manifest_of((TEXTS, ["a", None, float("nan"), "b", "a", "b"]))
    assert made.bad_rows()["id"].tolist() == ["x[1]", "x[2]"]


def test_lists_of_labels():
    made = resolve(
        DataSource(label_separator="|"), "multilabel", (TEXTS, [["a", "b"], [], ["a"], {"b"}, ("a",), ["b"]])
    )
    assert made.labels == ("a", "b") and made.targets([0, 1, 3]).tolist() == [[1, 1], [0, 0], [0, 1]]


def test_files_and_their_contents(photos):
    paths = sorted(photos.rglob("*.png"))
    labels = [path.parent.name for path in paths]
    files = load_manifest(DataSource(path=str(photos)))
    for x in (
        paths,
        list(map(str, paths)),
        [path.read_bytes() for path in paths],
        [open(path, "rb") for path in paths],
    ):
        made = load_manifest(DataSource(), data=(x, labels))
        assert made.modality == "image"
        assert made.table[["hash", "split", "label"]].equals(files.table[["hash", "split", "label"]])


def test_images_of_pillow():
    from PIL import Image

    made = manifest_of(([Image.fromarray(pixels) for pixels in PIXELS], Y))
    assert made.table["hash"].tolist() == manifest_of((PIXELS, Y)).table["hash"].tolist()


@pytest.mark.parametrize("x, rate", [(PIXELS / 255, None), (CLIPS, 8000)])
def test_numbers_that_are_not_finite_are_bad_rows(x, rate):
    x = x.copy()
    x[2, 1] = np.nan
    made = manifest_of((x if rate is None else (x, rate), Y))
    assert made.bad_rows()["reason"].tolist() == ["pixels that are not finite" if rate is None else "NaN samples"]
    good = manifest_of((np.delete(x, 2, 0) if rate is None else (np.delete(x, 2, 0), rate), np.delete(Y, 2)))
    assert made.table["hash"].drop(2).tolist() == good.table["hash"].tolist()


def test_a_bad_input_is_a_bad_row():
    made = manifest_of(([*PIXELS, None, "missing.png", np.zeros((2, 2), complex)], [*Y, 0, 1, 2]))
    assert made.bad_rows()["reason"].tolist() == [
        "not an image: NoneType",
        "cannot be read: No such file or directory",
        "pixels must be numbers. Received: dtype=complex128",
    ]


@pytest.mark.parametrize(
    "x, note",
    [
        (PIXELS / PIXELS.max(), "are float64 from 0 to 1, read as uint8 from 0 to 255"),
        (
            PIXELS // 16 / 1.0,
            "are float64 from 0 to 15, read as uint8 from 0 to 15; if 15 is their full scale, pass x / 15",
        ),
        (CLIPS, "came without one and are taken"),
    ],
)
def test_what_was_understood_is_reported(x, note):
    assert note in manifest_of((x, Y)).remarks[0].message


@pytest.mark.parametrize(
    "data, message",
    [
        ((RNG.random((6, 64)), Y), r"may be pixels, token ids or features: pass images as x.reshape\(-1, 8, 8\)"),
        ((RNG.integers(0, 500, (6, 30)), Y), "may be pixels, token ids or features"),
        ((RNG.standard_normal((6, 30)) * 3, Y), "may be pixels, token ids or features"),
        ((RNG.standard_normal((6, 2, 8000)), Y), "may be waveforms of 2 channels or narrow images: pass"),
        ((PIXELS * 7.5, Y), "whole numbers from 0 to 255, or floats from 0 to 1 or from 0 to 255"),
        (((CLIPS * 30000).round(), Y), "may be pixels, token ids or features"),
        ((((CLIPS * 30000).round(), 8000), Y), "are PCM, not floats of full scale 1: pass them as int16"),
        ((PIXELS, Y[:3]), "y must hold one label per example. Received: 6 examples, 3 labels"),
        ((PIXELS, np.eye(6)), r"of one-hot rows pass y.argmax\(axis=1\)"),
        ((PIXELS, Y / 7), "y must hold labels: text or whole numbers"),
        ([PIXELS, Y], "data must be .x, y. with a label for each input"),
        (PIXELS, "data must be .x, y. with a label for each input"),
        ((CLIPS[0], 8000), "data must be .x, y. with a label for each input"),
        (([], []), "data must hold examples"),
        ((PIXELS[:0], Y[:0]), "data must hold examples"),
        ((np.ma.masked_greater(PIXELS, 200), Y), r"masked values: fill them, as by x.filled\(0\)"),
        ((TEXTS, 3), "y must hold one label per example. Received: y of int"),
        ((5, Y), "x must be an array with an example along its first axis"),
        (([object()] * 6, Y), "x must hold images, waveforms with their rate, texts, or paths"),
    ],
)
def test_errors(data, message):
    with pytest.raises(ValueError, match=message):
        manifest_of(data)


def test_the_order_of_a_run():
    saved, now = manifest_of((PIXELS, Y)), manifest_of((PIXELS[::-1], Y[::-1]))
    assert columns(in_order_of(now, saved)) == columns(saved) != columns(now)
    for row in range(len(PIXELS)):
        np.testing.assert_array_equal(in_order_of(now, saved).raw_source(row), PIXELS[row])
    for other in ((PIXELS, Y[::-1]), (PIXELS[1:], Y[1:]), (255 - PIXELS, Y)):
        assert in_order_of(manifest_of(other), saved).fingerprint() != saved.fingerprint()
    assert path_of(saved) == path_of(now) != path_of(manifest_of((255 - PIXELS, Y)))


def test_data_in_memory_are_asked_for_again():
    with pytest.raises(ValueError, match="path stands for data in memory: pass them again, as `data`"):
        resolve(DataSource(path=path_of(manifest_of((PIXELS, Y)))))
