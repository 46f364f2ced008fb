"""Paddings, transposed convolutions and fixed filters, against NumPy written from the equation."""

import itertools
import json

import numpy as np
import pytest
from support.oracles import IMAGE, WAVEFORM, array, built, close, convolved, example

from multicnn.blocks import (
    average_pool,
    chain,
    conv,
    conv_transpose,
    depthwise_conv,
    fixed_filter,
    from_dict,
    max_pool,
    network,
    pad,
    separable_conv,
)
from multicnn.blocks.cost import measure

NUMPYS = {"edge": "edge", "reflect": "reflect", "symmetric": "symmetric", "circular": "wrap", "zeros": "constant"}


# Borders --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", NUMPYS)
@pytest.mark.parametrize(
    ("shape", "amount"),
    [(WAVEFORM, 2), (WAVEFORM, ((0, 3),)), (IMAGE, 1), (IMAGE, (3, (0, 2))), ((3, 4, 2), (8, 11)), ((1, 2), 3)],
    ids=str,
)
def test_pad_is_numpys(mode, shape, amount):
    x = example(shape)
    pairs = amount if isinstance(amount, tuple) else (amount,) * (len(shape) - 1)
    sides = [(p, p) if isinstance(p, int) else p for p in pairs]
    close(network(pad(amount, mode=mode), shape), x, np.pad(x, [(0, 0), *sides, (0, 0)], mode=NUMPYS[mode]))


@pytest.mark.parametrize("mode", NUMPYS)
@pytest.mark.parametrize("padding", ["same", 3, ((0, 2), 1)], ids=str)
@pytest.mark.parametrize(("shape", "strides"), [(WAVEFORM, 1), (IMAGE, 1), (IMAGE, 2)], ids=str)
def test_a_convolution_over_a_border(mode, padding, shape, strides):
    x, rank = example(shape), len(shape) - 1
    model = built(conv(6, 4, padding=padding, padding_mode=mode, strides=strides), shape)
    given = {"same": (1, 2), 3: 3}.get(padding) if not isinstance(padding, tuple) else None
    sides = [(1, 2)] * rank if given == (1, 2) else [(3, 3)] * rank if given == 3 else [(0, 2), (1, 1)][:rank]
    padded = np.pad(x, [(0, 0), *sides, (0, 0)], mode=NUMPYS[mode])
    close(model, x, convolved(padded, *model.get_weights(), (strides,) * rank, (1,) * rank, 1, "valid"))
    assert (
        measure(conv(6, 4, padding=padding, padding_mode=mode, strides=strides), shape).shape == model.output_shape[1:]
    )


def test_sizes_follow_the_equation():
    for size, kernel, stride, p, dilation in itertools.product((12, 28, 29), (1, 3, 5), (1, 2), (0, 1, 4), (1, 2)):
        if stride > 1 and dilation > 1:
            continue
        expected = (size + 2 * p - dilation * (kernel - 1) - 1) // stride + 1
        for block in (
            conv(2, kernel, strides=stride, padding=p, dilation_rate=dilation),
            depthwise_conv(kernel, strides=stride, padding=p, dilation_rate=dilation),
            max_pool(kernel, strides=stride, padding=p),
        ):
            if dilation == 1 or not isinstance(block, max_pool):
                assert measure(block, (size, 2)).shape[0] == expected, block


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        ({"kernel_size": 3, "padding": "valid"}, 26),
        ({"kernel_size": 3, "padding": 1}, 28),
        ({"kernel_size": 5, "strides": 2, "padding": 1}, 13),
    ],
    ids=str,
)
def test_the_textbook_sizes_of_28_pixels(arguments, size):
    block = conv(1, **arguments)
    assert measure(block, (28, 28, 1)).shape == (size, size, 1)
    assert network(block, (28, 28, 1)).output_shape == (None, size, size, 1)


def test_worked_examples_of_cross_correlation():
    def correlated(image, kernel):
        model = network(conv(1, len(kernel), padding="valid", use_bias=False), (4, 4, 1))
        model.set_weights([np.array(kernel, float)[..., None, None]])
        return model, np.array(image, float)[None, ..., None]

    model, image = correlated(
        [(2, 1, 2, 3), (3, 0, 0, 2), (0, 4, 1, 0), (2, 0, 0, 0)], [(1, 1, 0), (1, -1, 0), (0, 1, 1)]
    )
    assert array(model(image))[0, ..., 0].tolist() == [[11, 4], [-1, 3]]
    rows = [(1, 0, 1, 0), (1, -1, 1, 2), (0, -1, 1, -1), (0, 1, 1, 0)]
    model, image = correlated(rows, np.diag([1, -1, 1]))
    assert array(model(image))[0, ..., 0].tolist() == [[3, -2], [3, -2]]
    assert array(network(max_pool(2), (4, 4, 1))(image))[0, ..., 0].tolist() == [[1, 2], [1, 1]]
    assert array(network(average_pool(2), (4, 4, 1))(image))[0, ..., 0].tolist() == [[0.25, 1], [0, 0.25]]


# Transposed -----------------------------------------------------------------------------------------------------------


def transposed(x, kernel, bias, strides, dilation, cut):
    """Every step of the input adds its kernel to the output; then the cut, then the bias."""
    sizes = [(n - 1) * s + d * (k - 1) + 1 for n, s, d, k in zip(x.shape[1:-1], strides, dilation, kernel.shape)]
    out = np.zeros((len(x), *sizes, kernel.shape[-2]))
    for position in np.ndindex(*x.shape[1:-1]):
        for tap in np.ndindex(*kernel.shape[:-2]):
            place = tuple(p * s + t * d for p, s, t, d in zip(position, strides, tap, dilation))
            out[(slice(None), *place)] += x[(slice(None), *position)] @ kernel[tap].T
    for axis, (before, after) in enumerate(cut, start=1):
        out = np.pad(out, [(0, 0)] * axis + [(0, max(-after, 0))] + [(0, 0)] * (out.ndim - axis - 1))
        out = np.take(out, range(before, out.shape[axis] - max(after, 0)), axis=axis)
    return out + bias


TRANSPOSED = {
    "plain": ({}, (0, 0)),
    "strided": ({"strides": 2}, (0, 0)),
    "padded": ({"strides": 2, "padding": 1}, (1, 1)),
    "with output padding": ({"strides": 2, "padding": 1, "output_padding": 1}, (1, 0)),
    "with output padding alone": ({"strides": 3, "output_padding": 2}, (0, -2)),
    "dilated": ({"dilation_rate": 2}, (0, 0)),
    "kernel below the stride": ({"kernel_size": 2, "strides": 3}, (0, 0)),
}


@pytest.mark.parametrize("shape", [(5, 4), (4, 5, 4)], ids=str)
@pytest.mark.parametrize(("case", "cut"), TRANSPOSED.values(), ids=TRANSPOSED)
def test_conv_transpose(case, cut, shape):
    settings = {"kernel_size": 3, "padding": "valid", **case}
    block, x, rank = conv_transpose(6, **settings), example(shape), len(shape) - 1
    if isinstance(settings["padding"], str) and settings.get("output_padding"):
        block = conv_transpose(6, **settings | {"padding": 0})
    model = built(block, shape)
    strides, dilation = (settings.get(n, 1) for n in ("strides", "dilation_rate"))
    kernel, bias = model.get_weights()
    close(model, x, transposed(x, kernel, bias, (strides,) * rank, (dilation,) * rank, (cut,) * rank))
    p, more = settings["padding"], settings.get("output_padding", 0)
    p = 0 if p == "valid" else p
    expected = (5 - 1) * strides - 2 * p + dilation * (settings["kernel_size"] - 1) + more + 1
    assert model.output_shape[rank] == measure(block, shape).shape[rank - 1] == expected


@pytest.mark.parametrize(("kernel", "strides"), [(2, 2), (3, 2), (4, 2), (3, 1), (1, 3), (5, 3)])
def test_conv_transpose_same_gives_size_times_strides(kernel, strides):
    block = conv_transpose(2, kernel, strides=strides)
    assert (
        network(block, (7, 5, 3)).output_shape[1:] == measure(block, (7, 5, 3)).shape == (7 * strides, 5 * strides, 2)
    )


def test_conv_transpose_is_the_gradient_of_the_convolution():
    # <conv(x), y> = <x, transposed(y)>, for the same kernel.
    rng = np.random.default_rng(0)
    forwards = network(conv(5, 3, strides=2, padding=1, use_bias=False), (9, 9, 2))
    back = network(conv_transpose(2, 3, strides=2, padding=1, use_bias=False), (5, 5, 5))
    back.set_weights(forwards.get_weights())
    x, y = rng.normal(size=(1, 9, 9, 2)), rng.normal(size=(1, 5, 5, 5))
    assert np.sum(array(forwards(x)) * y) == pytest.approx(np.sum(x * array(back(y))), rel=1e-4)


# Composed and fixed ---------------------------------------------------------------------------------------------------


def test_separable_conv_is_depthwise_then_pointwise():
    block = separable_conv(6, 3, strides=2, norm="batch", activation="relu")
    assert block == chain(depthwise_conv(3, strides=2, use_bias=False), conv(6, 1, norm="batch", activation="relu"))
    assert measure(separable_conv(6, 3), (9, 9, 4)).parameters == 9 * 4 + 4 * 6 + 6


def test_a_factorised_kernel_of_rank_one_is_the_whole():
    x = example((9, 8, 1))
    column, row = np.array([1.0, -2.0, 0.5]), np.array([3.0, 1.0, 2.0])
    whole = network(conv(1, 3, use_bias=False), (9, 8, 1))
    whole.set_weights([np.outer(column, row)[..., None, None]])
    parts = network(chain(conv(1, (3, 1), use_bias=False), conv(1, (1, 3), use_bias=False)), (9, 8, 1))
    parts.set_weights([column.reshape(3, 1, 1, 1), row.reshape(1, 3, 1, 1)])
    close(parts, x, array(whole(x)))


# Gonzalez & Woods, Digital image processing: the Laplacian, and with the diagonals; -4 and -8 in the middle.
LAPLACIAN = {"edge4": [(-1, 0), (1, 0), (0, -1), (0, 1)]}
LAPLACIAN["edge8"] = [*LAPLACIAN["edge4"], (-1, -1), (-1, 1), (1, -1), (1, 1)]


def neighbour(x, down, right):
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="edge")
    return padded[:, 1 + down : 1 + down + x.shape[1], 1 + right : 1 + right + x.shape[2]]


def filtered(name, x):
    around = {offset: neighbour(x, *offset) for offset in itertools.product((-1, 0, 1), repeat=2)}
    if name in LAPLACIAN:
        return sum(around[o] for o in LAPLACIAN[name]) - len(LAPLACIAN[name]) * x
    if name.startswith("negative_"):
        return -filtered(name.removeprefix("negative_"), x)
    if name == "sharpen":
        return x - filtered("edge4", x)
    if name == "box_blur":
        return sum(around.values()) / 9
    if name == "gaussian_blur":
        return sum(value * 2.0 ** -(2 + abs(i) + abs(j)) for (i, j), value in around.items())
    if name == "sobel_x":
        return sum((2 - abs(i)) * (around[i, 1] - around[i, -1]) for i in (-1, 0, 1))
    if name == "sobel_y":
        return sum((2 - abs(j)) * (around[1, j] - around[-1, j]) for j in (-1, 0, 1))
    return x


FILTERS = ["identity", "edge4", "edge8", "negative_edge4", "negative_edge8", "sharpen", "box_blur", "gaussian_blur"]
FILTERS += ["sobel_x", "sobel_y"]


@pytest.mark.parametrize("name", FILTERS)
def test_fixed_filters_on_a_picture(name):
    x = example(IMAGE)
    model = network(fixed_filter(name), IMAGE)
    close(model, x, filtered(name, x))
    assert not model.trainable_weights


ON_A_SEQUENCE = {
    "identity": lambda a, b, c: b,
    "edge4": lambda a, b, c: a - 2 * b + c,
    "edge8": lambda a, b, c: a - 2 * b + c,
    "negative_edge4": lambda a, b, c: 2 * b - a - c,
    "negative_edge8": lambda a, b, c: 2 * b - a - c,
    "sharpen": lambda a, b, c: 3 * b - a - c,
    "box_blur": lambda a, b, c: (a + b + c) / 3,
    "gaussian_blur": lambda a, b, c: (a + 2 * b + c) / 4,
    "sobel_y": lambda a, b, c: c - a,
}


@pytest.mark.parametrize("name", ON_A_SEQUENCE)
def test_fixed_filters_on_a_sound(name):
    x = example(WAVEFORM)
    padded = np.pad(x, [(0, 0), (1, 1), (0, 0)], mode="edge")
    close(network(fixed_filter(name), WAVEFORM), x, ON_A_SEQUENCE[name](padded[:, :-2], x, padded[:, 2:]))


@pytest.mark.parametrize("name", ["edge4", "edge8"])
def test_a_saved_filter_keeps_its_kernel(name):
    # What was saved before the textbook's sign has no format, and its Laplacian is positive in the middle.
    saved = chain(conv(2, 3), fixed_filter("sharpen"), fixed_filter(name)).to_dict()
    assert from_dict(saved) == chain(conv(2, 3), fixed_filter("sharpen"), fixed_filter(name))
    for each in saved["blocks"][1:]:
        assert each.pop("format") == 2
    old = from_dict(json.loads(json.dumps(saved)))
    assert old == chain(conv(2, 3), fixed_filter("sharpen"), fixed_filter(f"negative_{name}"))
    assert from_dict(old.to_dict()) == old
    with pytest.raises(ValueError, match=r"newer multicnn.*Received: format=3"):
        from_dict(fixed_filter(name).to_dict() | {"format": 3})


OWN = {
    "laplacian": ((0, 1, 0), (1, -4, 1), (0, 1, 0)),
    "asymmetric": ((1, 2, 3), (-1, 0.5, 0)),
    "even": ((1, 2), (3, 4), (5, 6), (7, 8)),
    "one": ((2.5,),),
    "of a sequence": (1, -2, 0.5),
    "even, of a sequence": (1, 2, 3, 4),
}


@pytest.mark.parametrize("kernel", OWN.values(), ids=OWN)
def test_a_filter_of_own_numbers(kernel):
    w = np.array(kernel, float)
    shape = IMAGE if w.ndim == 2 else WAVEFORM
    block, x = fixed_filter(kernel=kernel), example(shape)
    assert (
        block
        == fixed_filter(kernel=json.loads(json.dumps(kernel)))
        == eval(repr(block))
        == from_dict(json.loads(json.dumps(block.to_dict())))
    )
    assert hash(block) == hash(fixed_filter(kernel=kernel)) and block != fixed_filter(kernel=(w + 1).tolist())
    padded = np.pad(x, [(0, 0), *(((n - 1) // 2, n - 1 - (n - 1) // 2) for n in w.shape), (0, 0)], mode="edge")
    taps = {at: tuple(slice(a, a + n) for a, n in zip(at, x.shape[1:-1])) for at in np.ndindex(*w.shape)}
    model = network(block, shape)
    close(model, x, sum(w[at] * padded[(slice(None), *part)] for at, part in taps.items()))
    measured = measure(block, shape)
    assert not model.weights and measured.parameters == 0 and measured.multiply_adds == w.size * np.prod(shape)
    assert measured.output.reach == w.shape


BAD = {
    "padding": (lambda: conv(1, 3, padding=-1), "`padding` must be .*Received: padding=-1"),
    "padding of a transposed": (lambda: conv_transpose(1, 3, padding="full"), "Received: padding='full'"),
    "padding_mode": (lambda: conv(1, 3, padding_mode="mirror"), r"\['zeros', 'edge'.*Received: padding_mode='mirror'"),
    "mode": (lambda: pad(1, mode="wrap"), "Received: mode='wrap'"),
    "amount": (lambda: pad("same"), "Received: amount='same'"),
    "filter": (lambda: fixed_filter("sobel"), r"sobel_x.*Received: name='sobel'"),
    "no filter": (lambda: fixed_filter(), "Received: name=None, kernel=None"),
    "two filters": (lambda: fixed_filter("edge4", kernel=(1, 2)), r"Received: name='edge4', kernel=\(1, 2\)"),
    "a ragged kernel": (
        lambda: fixed_filter(kernel=((1, 2), (3,))),
        r"rows of as many.*Received: kernel=\(\(1, 2\), \(3,\)\)",
    ),
    "a kernel of cubes": (lambda: fixed_filter(kernel=(((1,),),)), "Received: kernel="),
    "an empty kernel": (lambda: fixed_filter(kernel=()), "Received: kernel="),
    "a kernel of texts": (lambda: fixed_filter(kernel=("1", "2")), "Received: kernel="),
    "a kernel of no number": (lambda: fixed_filter(kernel=(1, True)), "Received: kernel="),
    "a kernel without end": (lambda: fixed_filter(kernel=(1, float("inf"))), "must be finite"),
    "a kernel of large numbers": (lambda: fixed_filter(kernel=(1, 10**400)), "Received: kernel="),
    "a sound's kernel": (lambda: network(fixed_filter(kernel=(1, 2)), IMAGE), "a kernel of 1 axes does not filter 2"),
    "sobel_x of a sound": (lambda: network(fixed_filter("sobel_x"), WAVEFORM), "needs two axes"),
    "nothing left": (lambda: measure(conv_transpose(1, 1, padding=3), (5, 1)), "leaves nothing of 5 steps"),
    "both": (lambda: network(conv_transpose(1, 3, strides=2, dilation_rate=2), WAVEFORM), "cannot both be above 1"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
