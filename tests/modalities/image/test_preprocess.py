"""Pictures: every format against Pillow, resizing against TensorFlow, no skew, bad inputs."""

import dataclasses
import io
import struct
import tarfile
import threading
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps
from pydantic import TypeAdapter

from multicnn.modalities.image.preprocess import ImagePreprocess

FITTED = ImagePreprocess(size=(20, 24), channels=3, mean=(0.49, 0.48, 0.41), std=(0.247, 0.243, 0.261))


def picture(height=30, width=40, channels=3, seed=0):
    """Smooth colours, so that lossy formats stay near."""
    rng = np.random.default_rng(seed)
    shape = (4, 5, channels) if channels > 1 else (4, 5)
    small = Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8))
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


def encoded(image, kind, **options):
    file = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(file, kind, **options)
    return file.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_formats_give_the_pixels_back(kind, channels):
    pixels = picture(channels=channels)
    decoded = ImagePreprocess().decode(encoded(pixels, kind))
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, pixels.reshape(30, 40, channels))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "quality": 40}),
        ("JPEG", {"subsampling": 0}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_lossy_formats_decode_as_in_pillow(kind, options, channels):
    data = encoded(picture(channels=channels), kind, **options)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(ImagePreprocess(channels=3).decode(data), expected)


def test_jpeg_decodes_as_in_tensorflow():
    data = encoded(picture(), "JPEG")
    expected = tf.io.decode_jpeg(data, dct_method="INTEGER_ACCURATE").numpy()
    np.testing.assert_array_equal(ImagePreprocess().decode(data), expected)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_keep_the_high_byte(kind):
    values = np.arange(0, 65536, 655, dtype=np.uint16)[:100].reshape(10, 10)
    decoded = ImagePreprocess().decode(encoded(Image.fromarray(values), kind))
    np.testing.assert_array_equal(decoded[..., 0], values // 256)


def test_sixteen_bit_rgb_png_keeps_the_high_byte():
    values = np.random.default_rng(0).integers(0, 65536, (5, 4, 3)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 4, 5, 16, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(ImagePreprocess().decode(data), values // 256)


def test_palette_bilevel_and_cmyk():
    pixels = picture()
    palette = Image.fromarray(pixels).quantize(64)
    np.testing.assert_array_equal(ImagePreprocess().decode(encoded(palette, "PNG")), np.asarray(palette.convert("RGB")))
    bilevel = Image.fromarray(pixels).convert("1")
    decoded = ImagePreprocess().decode(encoded(bilevel, "PNG"))
    assert decoded.shape == (30, 40, 1)
    np.testing.assert_array_equal(decoded[..., 0], np.asarray(bilevel) * 255)
    data = encoded(Image.fromarray(pixels).convert("CMYK"), "JPEG")
    np.testing.assert_array_equal(
        ImagePreprocess().decode(data), np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    )


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_alpha_is_laid_over_white(kind):
    rgba = np.dstack([picture(), picture(channels=1, seed=1)])
    rgba[:, :5, 3] = 0
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    alpha = rgba[..., 3:] / 255
    expected = rgba[..., :3] * alpha + 255 * (1 - alpha)
    for source in (encoded(rgba, kind, **options), rgba):
        decoded = ImagePreprocess().decode(source)
        assert np.abs(decoded - expected).max() <= 0.5 + 1e-9
    assert (decoded[:, :5] == 255).all()


def test_transparent_palette_and_grey_alpha_are_laid_over_white():
    palette = Image.new("P", (4, 3), 1)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.putpixel((0, 0), 0)
    decoded = ImagePreprocess().decode(encoded(palette, "GIF", transparency=0))
    assert decoded[0, 0].tolist() == [255, 255, 255] and decoded[1, 1].tolist() == [0, 255, 0]
    grey = Image.merge("LA", [Image.new("L", (4, 3), 100), Image.new("L", (4, 3), 0)])
    assert ImagePreprocess().decode(encoded(grey, "PNG")).tolist() == np.full((3, 4, 1), 255).tolist()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_applied(kind, orientation):
    data = encoded(picture(), kind, exif=turned(orientation), **({"lossless": True} if kind == "WEBP" else {}))
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    assert expected.shape == ((30, 40, 3) if orientation < 5 else (40, 30, 3))
    np.testing.assert_array_equal(ImagePreprocess().decode(data), expected)


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((600, 800), (224, 224), (300, 400)),
        ((600, 800), (75, 100), (75, 100)),
        ((601, 803), (100, 100), (151, 201)),
        ((600, 800), (301, 10), (600, 800)),
        ((40, 4000), (30, 30), (40, 4000)),
        ((600, 800), (1, 1), (75, 100)),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_large_jpeg_is_decoded_at_the_scale_that_is_enough(shape, size, expected, turned):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    waves = 127 + 90 * np.sin(rows / 60)[..., None] * np.cos(columns / 45 + 0.1)[..., None] * np.ones(3)
    picture, exif = Image.fromarray(waves.astype(np.uint8)), Image.Exif()
    if turned:  # lies on its side in the file, and stands upright by its EXIF
        picture, exif[0x0112] = picture.transpose(Image.Transpose.ROTATE_90), 6
    data = encoded(picture, "JPEG", quality=95, exif=exif)
    preprocess = ImagePreprocess(size=size, reduced_decoding=True)
    decoded, whole = preprocess.decode(data), ImagePreprocess(size=size).decode(data)
    assert decoded.shape[:2] == expected and whole.shape[:2] == shape
    ready = dataclasses.replace(preprocess, channels=3)
    difference = ready.example(decoded).astype(int) - ready.example(whole)
    assert np.abs(difference).mean() < 1.5 and np.abs(difference).max() <= 8


def test_damaged_exif_does_not_spoil_a_good_picture():
    data = encoded(picture(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    np.testing.assert_array_equal(ImagePreprocess().decode(data), np.asarray(Image.open(io.BytesIO(data))))


def test_grey_and_rgb_go_to_the_channels_asked_for():
    colour, grey = picture(), picture(channels=1)
    luma = np.asarray(Image.fromarray(colour).convert("L"))
    np.testing.assert_array_equal(ImagePreprocess(channels=1).decode(colour)[..., 0], luma)
    np.testing.assert_array_equal(ImagePreprocess(channels=3).decode(grey), np.dstack([grey] * 3))
    late = ImagePreprocess(size=(30, 40), channels=1).example(ImagePreprocess().decode(colour))
    np.testing.assert_array_equal(late[..., 0], luma)


def test_path_bytes_and_array_agree(tmp_path):
    pixels = picture()
    path = tmp_path / "misnamed.jpg"
    path.write_bytes(encoded(pixels, "PNG"))
    for source in (path, str(path), path.read_bytes(), pixels):
        np.testing.assert_array_equal(ImagePreprocess().decode(source), pixels)


def huge_png(width, height):
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"\0")
    chunks = b"".join(struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, body))
    return b"\x89PNG\r\n\x1a\n" + chunks


JPEG, PNG = encoded(picture(), "JPEG"), encoded(picture(), "PNG")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"", "empty file"),
        (JPEG[: len(JPEG) // 2], "truncated JPEG"),
        (JPEG[:-2], "truncated JPEG"),
        (PNG[: len(PNG) // 2], "truncated PNG"),
        (encoded(picture(), "WEBP")[:-10], "truncated WebP"),
        (encoded(picture(), "GIF")[:-100], "truncated GIF"),
        (encoded(picture(), "BMP")[:400], "truncated BMP"),
        (PNG[:50] + bytes(40) + PNG[90:], "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"RIFF\0\0\0\0WAVEfmt ", "not an image: starts like WAV"),
        (b"hello, world", "not an image: starts like text"),
        (b"PK\x03\x04aaaa", "not an image: starts like a zip archive"),
        (bytes(range(128, 160)), "not an image: starts like the bytes 80 81 82 83"),
        (huge_png(20_000, 6_000), "too large: 20000 x 6000 pixels"),
        (huge_png(2**31 - 1, 2**31 - 1), "too large"),
        (encoded(Image.fromarray(np.ones((3, 3), np.float32)), "TIFF"), "32-bit pixels"),
        (np.full((3, 3), -0.5), "pixels must be whole numbers from 0 to 255, or floats from 0 to 1 or from 0 to 255"),
        (np.full((3, 3), 1.5), "pixels must be whole numbers from 0 to 255, or floats from 0 to 1 or from 0 to 255"),
        (np.zeros((3, 3, 2), np.uint8), "shape"),
        (np.zeros((0, 3, 3), np.uint8), "no pixels"),
        ("no/such/file.png", "cannot be read: No such file or directory"),
        (None, "neither a path nor bytes: NoneType"),
    ],
)
def test_a_bad_input_has_a_short_reason(source, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        ImagePreprocess().decode(source)
    assert len(str(caught.value)) < 120 and "\n" not in str(caught.value) and "BytesIO" not in str(caught.value)


def test_every_cut_of_a_file_is_a_value_error_or_the_whole_picture():
    for kind in ("JPEG", "PNG", "GIF", "BMP", "WEBP"):
        data = encoded(picture(12, 10), kind)
        whole = ImagePreprocess().decode(data)
        for cut in range(0, len(data), 7):
            try:
                np.testing.assert_array_equal(ImagePreprocess().decode(data[:cut]), whole)
            except ValueError:
                continue


@pytest.mark.parametrize("size", [(20, 24), (64, 50), (30, 24), (30, 40), (7, 90)])
@pytest.mark.parametrize("channels", [1, 3])
def test_example_is_the_antialiased_bilinear_of_tensorflow(size, channels):
    pixels = picture(channels=channels).reshape(30, 40, channels)
    expected = tf.image.resize(pixels.astype(np.float32), size, method="bilinear", antialias=True)
    example = ImagePreprocess(size=size, channels=channels).example(pixels)
    # Where a picture shrinks Pillow makes it, which rounds its rows before its columns.
    shrinks = np.less(size, (30, 40)).any()
    np.testing.assert_allclose(example, np.clip(np.round(expected), 0, 255), atol=1 if shrinks else 0)
    assert example.dtype == FITTED.stored_dtype and example.shape == (*size, channels)


@pytest.mark.parametrize("size", [(20, 24), (64, 50), (30, 24), (7, 90), (40, 30)])
@pytest.mark.parametrize("channels", [1, 3])
def test_examples_of_files_are_those_of_their_pixels(size, channels):
    preprocess = ImagePreprocess(size=size, channels=channels)
    files = [encoded(picture(channels=c), kind) for c in (1, 3) for kind in ("PNG", "JPEG", "TIFF", "GIF")]
    files += [encoded(picture(60 + 5 * turn, 90), "JPEG", exif=turned(turn)) for turn in range(1, 9)]
    files.append(encoded(picture(), "PNG", transparency=tuple(picture()[0, 0].tolist())))
    files.append(encoded(np.dstack([picture(), picture(channels=1)]), "PNG"))
    for data, example in zip(files, preprocess.examples_of(files), strict=True):
        np.testing.assert_array_equal(example, preprocess.example(preprocess.decode(data)))


def test_example_is_bitwise_equal_whatever_the_caller():
    raws = [picture(20 + i, 50 - i, seed=i) for i in range(8)]
    alone = [FITTED.example(raw) for raw in raws]

    def mapped(index):
        return tf.numpy_function(lambda i: FITTED.example(raws[i]), [index], tf.uint8)

    in_map = list(tf.data.Dataset.range(8).map(mapped, num_parallel_calls=4).as_numpy_iterator())
    in_threads = [None] * 8
    threads = [
        threading.Thread(target=lambda i=i: in_threads.__setitem__(i, FITTED.example(raws[i]))) for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(in_map, alone)
    np.testing.assert_array_equal(in_threads, alone)


def test_finish_is_bitwise_equal_eager_in_map_and_at_any_batch_size():
    batch = np.random.default_rng(0).integers(0, 256, (37, 20, 24, 3), dtype=np.uint8)
    whole = FITTED.finish(batch).numpy()
    expected = (batch.astype(np.float32) / np.float32(255) - np.float32(FITTED.mean)) / np.float32(FITTED.std)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(whole, expected, atol=2e-6)
    np.testing.assert_array_equal(tf.function(FITTED.finish)(batch), whole)
    for size in (1, 5, 37):
        data = tf.data.Dataset.from_tensor_slices(batch).batch(size).map(FITTED.finish)
        np.testing.assert_array_equal(np.concatenate(list(data.as_numpy_iterator())), whole)


def test_fit_takes_the_commonest_size_or_the_median():
    most = [picture(30, 40)] * 3 + [picture(10, 12)] * 2
    assert ImagePreprocess().fit(most).size == (30, 40)
    mixed = [picture(side, 2 * side) for side in (10, 20, 30, 40, 50)]
    assert ImagePreprocess().fit(mixed).size == (30, 60)
    assert ImagePreprocess().fit([picture(300, 200)]).size == (224, 200)
    assert ImagePreprocess(size=(5, 6)).fit(most).size == (5, 6)


def test_fit_is_grey_only_where_every_picture_is():
    grey, colour = picture(channels=1)[..., None], picture()
    assert ImagePreprocess().fit([grey, np.repeat(grey, 3, -1)]).channels == 1
    assert ImagePreprocess().fit([grey, colour]).channels == 3


def test_fit_centres_and_scales():
    raws = [picture(seed=seed) for seed in range(20)]
    fitted = ImagePreprocess().fit(iter(raws))
    assert fitted.fitted and not ImagePreprocess().fitted
    finished = fitted.finish(np.stack([fitted.example(raw) for raw in raws])).numpy()
    np.testing.assert_allclose(finished.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(finished.std((0, 1, 2)), 1, atol=1e-4)
    constant = ImagePreprocess().fit([np.full((4, 4, 1), 7, np.uint8)])
    assert constant.std == (1e-3,)


def test_fit_reads_no_more_than_a_thousand_and_needs_one():
    seen = []
    ImagePreprocess(size=(2, 2)).fit(seen.append(0) or picture(2, 2) for _ in range(1500))
    assert len(seen) == 1000
    with pytest.raises(ValueError, match="at least one training image"):
        ImagePreprocess().fit([])


def test_json_round_trip_and_the_same_bits():
    adapter = TypeAdapter(ImagePreprocess)
    fitted = ImagePreprocess().fit([picture()])
    again = adapter.validate_json(adapter.dump_json(fitted))
    assert again == fitted and hash(again) == hash(fitted)
    raw = picture(seed=3)[None]
    np.testing.assert_array_equal(again.finish(raw), fitted.finish(raw))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": (0, 3)}, "Received: size.0=0"),
        ({"channels": 2}, "channels"),
        ({"channels": 3, "mean": (0.5,)}, "Received: mean="),
        ({"std": (0.0,)}, "Received: std.0=0.0"),
        ({"colour": 1}, "colour"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        ImagePreprocess(**arguments)


def test_not_fitted_says_so():
    with pytest.raises(ValueError, match="call fit first"):
        ImagePreprocess().example(picture())
    with pytest.raises(ValueError, match="call fit first"):
        ImagePreprocess().finish(picture()[None])


def test_real_photographs(shared_data):
    with tarfile.open(shared_data / "cifar10-jpeg.tar.gz") as archive:
        files = (archive.extractfile(member) for member in archive if member.isfile())
        datas = [file.read() for file, _ in zip(files, range(50), strict=False)]
    raws = [ImagePreprocess().decode(data) for data in datas]
    for raw, data in zip(raws, datas, strict=True):
        np.testing.assert_array_equal(raw, tf.io.decode_jpeg(data, dct_method="INTEGER_ACCURATE"))
    fitted = ImagePreprocess().fit(raws)
    assert fitted.input_shape == (32, 32, 3)
