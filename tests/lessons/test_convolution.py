"""Notebook 2: the worked examples, the sizes, the flip, padding, equivariance and the way back."""

import numpy as np
import pytest
from scipy import signal

from multicnn import blocks
from multicnn.blocks.cost import measure
from multicnn.lessons import convolution, padding, photographs, window

IMAGE = np.array([[2, 1, 2, 3], [3, 0, 0, 2], [0, 4, 1, 0], [2, 0, 0, 0]])
KERNEL = np.array([[1, 1, 0], [1, -1, 0], [0, 1, 1]])
SECOND = np.array([[1, 0, 1, 0], [1, -1, 1, 2], [0, -1, 1, -1], [0, 1, 1, 0]])
DIAGONAL = np.array([[1, 0, 0], [0, -1, 0], [0, 0, 1]])


@pytest.mark.parametrize(
    ("image", "kernel", "expected"),
    [(IMAGE, KERNEL, [[11, 4], [-1, 3]]), (SECOND, DIAGONAL, [[3, -2], [3, -2]])],
)
def test_worked_examples(image, kernel, expected):
    assert window.step(image, kernel).output.tolist() == expected
    layer = blocks.conv(1, 3, padding="valid", use_bias=False)
    assert convolution.applied(layer, image, weights=[kernel]).tolist() == expected


def test_the_first_sum_is_written_out():
    steps = window.step(IMAGE, KERNEL)
    assert steps.sum_of(0, 0) == "2 + 1 + 3 + 4 + 1 = 11"
    assert steps.sum_of(1, 0) == "3 − 4 = -1"


def test_pools_of_the_second_example():
    assert convolution.applied(blocks.max_pool(2), SECOND).tolist() == [[1, 2], [1, 1]]
    assert convolution.applied(blocks.average_pool(2), SECOND).tolist() == [[0.25, 1], [0, 0.25]]


@pytest.mark.parametrize("seed", range(6))
def test_any_window_is_scipys(seed):
    random = np.random.default_rng(seed)
    image, kernel = random.normal(size=random.integers(5, 12, 2)), random.normal(size=random.integers(1, 5, 2))
    stride, amount = int(random.integers(1, 4)), int(random.integers(0, 3))
    padded = np.pad(image, amount)
    for flipped, oracle in ((False, signal.correlate2d), (True, signal.convolve2d)):
        steps = window.step(image, kernel, stride=stride, padding=amount, flipped=flipped)
        np.testing.assert_allclose(steps.output, oracle(padded, kernel, "valid")[::stride, ::stride], atol=1e-12)


@pytest.mark.parametrize(("kernel", "stride", "amount", "expected"), [(3, 1, 0, 26), (3, 1, 1, 28), (5, 2, 1, 13)])
def test_sizes_of_28_cells(kernel, stride, amount, expected):
    assert window.output_size(28, kernel, stride=stride, padding=amount) == expected
    assert measure(blocks.conv(1, kernel, strides=stride, padding=amount), (28, 28, 1)).shape == (expected, expected, 1)
    starts = range(-amount, 28 + amount - kernel + 1, stride)  # counted
    assert len(starts) == expected


@pytest.mark.parametrize(
    "call",
    [
        lambda: window.output_size(4, 5),
        lambda: window.output_size(4, 3, stride=0),
        lambda: window.output_size(4, 3, padding=-1),
        lambda: window.transposed_size(2, 3, padding=3),
        lambda: window.step(IMAGE, np.ones((5, 5))),
        lambda: window.step(IMAGE, np.ones(3)),
        lambda: window.step(IMAGE, KERNEL, padding=1, padding_mode="mirror"),
        lambda: padding.padded_image(np.zeros((4, 4, 3), np.uint8), 5),
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(ValueError, match="Received: "):
        call()


def test_the_flip_matters_for_what_is_not_its_own_half_turn():
    both = convolution.both_ways([0, 0, 1, 0, 0], [1, 2, 3])
    assert both.correlation.tolist() == [[3, 2, 1]]
    assert both.convolution.tolist() == [[1, 2, 3]]
    assert both.difference == 2
    assert convolution.both_ways([0, 3, 1, 0, 2], [1, 2, 1]).difference == 0  # the cause: asymmetry
    assert convolution.both_ways(IMAGE, KERNEL).difference > 0
    assert convolution.both_ways(SECOND, DIAGONAL).difference == 0


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("zeros", "00ABC00"),
        ("edge", "AAABCCC"),
        ("reflect", "CBABCBA"),
        ("symmetric", "BAABCCB"),
        ("circular", "BCABCAB"),
    ],
)
def test_padding_of_abc(mode, expected):
    assert padding.padded_text("ABC", 2)[mode] == expected
    values = np.arange(1.0, 4)
    ours, block = padding.padded(values, 2, mode), convolution.applied(blocks.pad(2, mode=mode), values)
    np.testing.assert_array_equal(ours, block)


def test_padding_of_a_photograph_keeps_the_photograph():
    pixels = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    shown = padding.padded_image(pixels, 3)
    assert list(shown.images) == list(padding.MODES)
    for image in shown.images.values():
        assert image.shape == (15, 18, 3)
        np.testing.assert_array_equal(image[3:-3, 3:-3], pixels)


def test_a_filter_adds_up_its_channels():
    pixels = np.random.default_rng(1).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    kernels = np.random.default_rng(2).normal(size=(3, 3, 3))
    network = blocks.network(blocks.conv(1, 3, padding="valid", use_bias=False), (8, 9, 3))
    network.set_weights([kernels[..., None]])
    expected = np.asarray(network(pixels[None].astype(np.float32) / 255))[0, ..., 0]
    shown = convolution.channels(pixels, kernels)
    np.testing.assert_allclose(shown.output, expected, atol=1e-5)
    assert np.abs(shown.each[..., 0] - expected).max() > 0.1  # one channel alone is something else


def test_a_blur_is_a_column_times_a_row_and_an_edge_filter_is_not():
    blur = convolution.factors(convolution.gaussian(7))
    assert blur.error < 1e-12
    assert blur.saved == 49 / 14
    assert convolution.factors([[0, -1, 0], [-1, 4, -1], [0, -1, 0]]).error > 0.1


def test_convolutions_are_equivariant_to_shifts_and_dense_layers_are_not():
    equal = convolution.equivariance(np.random.default_rng(0).random((16, 16)), shifts=range(5)).errors
    assert equal["convolution, circular"].max() < 1e-6
    assert equal["convolution, zeros"][1:].min() > 0.01  # the border is the cause
    assert equal["convolution, stride 2"][::2].max() < 1e-6
    assert equal["convolution, stride 2"][1::2].min() > 0.1
    assert equal["dense layer"][1:].min() > 0.1
    assert all(errors[0] < 1e-6 for errors in equal.values())


@pytest.mark.parametrize(("stride", "amount"), [(1, 0), (2, 0), (2, 1), (3, 0)])
def test_transposed_convolution_steps_back(stride, amount):
    random = np.random.default_rng(stride)
    values, kernel = random.normal(size=(4, 3)), random.normal(size=(3, 3))
    stamps = window.stamp(values, kernel, stride=stride, padding=amount)
    sizes = tuple(window.transposed_size(n, 3, stride=stride, padding=amount) for n in values.shape)
    layer = blocks.conv_transpose(1, 3, strides=stride, padding=amount, use_bias=False)
    assert stamps.output.shape == sizes == measure(layer, (4, 3, 1)).shape[:2]
    np.testing.assert_allclose(convolution.applied(layer, values, [kernel]), stamps.output, atol=1e-5)
    image = random.normal(size=sizes)  # the window's own transpose: <step(x), y> = <x, stamp(y)>
    stepped = window.step(image, kernel, stride=stride, padding=amount).output
    assert np.sum(stepped * values) == pytest.approx(np.sum(image * stamps.output))


def test_photographs(tmp_path):
    from PIL import Image

    assert photographs.photograph("flower").shape == (427, 640, 3)
    assert photographs.grey("china", width=64).shape == (43, 64)
    Image.fromarray(np.full((5, 7), 51, np.uint8)).save(tmp_path / "a.png")
    np.testing.assert_allclose(photographs.grey(str(tmp_path / "a.png")), 0.2, atol=1e-6)
    (tmp_path / "b.png").write_bytes(b"no image")
    for name in ("nothing", str(tmp_path / "b.png")):
        with pytest.raises(ValueError, match="Received: image="):
            photographs.photograph(name)
