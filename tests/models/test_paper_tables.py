"""The papers are the oracle: parameter counts and the tables' output sizes, without building anything."""

import pytest

from multicnn.blocks import conv, from_dict
from multicnn.blocks.cost import measure, smallest_input
from multicnn.models import ANY, MODELS, create

EXACT = {
    "lenet5": 61_706,  # the common variant with full connections
    "lenet5_1998": 60_000,  # LeCun et al. 1998, section II.B
    "alexnet": 60_965_224,
    "alexnet_one_tower": 61_100_840,  # this and the VGGs and ResNets: torchvision
    "vgg11": 132_863_336,
    "vgg13": 133_047_848,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "squeezenet": 1_235_496,  # Iandola et al. 2016, release 1.1
    "unet": 31_030_658,
    "resnet20": 269_722,
    "resnet32": 464_154,
    "resnet44": 658_586,
    "resnet56": 853_018,
}


@pytest.mark.parametrize(("name", "count"), EXACT.items())
def test_exact_counts(name, count):
    model = MODELS[name]
    assert measure(create(name, model.classes), model.input_shape).parameters == count


# model, hyperparameters, published count, its unit of rounding
ROUNDED = [
    ("resnet20", {}, 0.27e6, 1e4),  # He et al. 2015, table 6
    ("resnet32", {}, 0.46e6, 1e4),
    ("resnet44", {}, 0.66e6, 1e4),
    ("resnet56", {}, 0.85e6, 1e4),
    ("resnet110", {}, 1.7e6, 1e5),
    ("res15", {}, 238e3, 1e3),  # Tang & Lin 2018
    ("bc_resnet", {"tau": 1}, 9.2e3, 1e2),  # Kim et al. 2021, table 3
    ("bc_resnet", {"tau": 1.5}, 17.2e3, 1e2),
    ("bc_resnet", {"tau": 2}, 27.3e3, 1e2),
    ("bc_resnet", {"tau": 3}, 54.2e3, 1e2),
    ("bc_resnet", {"tau": 6}, 188e3, 1e3),
    ("bc_resnet", {"tau": 8}, 321e3, 1e3),
    ("m5", {}, 0.56e6, 1e4),  # Dai et al. 2017
    ("airbench", {}, 1.97e6, 1e4),  # Jordan 2024
]


@pytest.mark.parametrize(("name", "settings", "published", "unit"), ROUNDED)
def test_published_counts(name, settings, published, unit):
    model = MODELS[name]
    count = measure(create(name, model.classes, **settings), model.input_shape).parameters
    assert round(count / unit) == round(published / unit)


def test_each_layer_of_lenet5_has_its_published_count():
    # LeCun et al. 1998, section II.B; the sixteen maps of C3 see 60 of 96 maps of S2.
    counts = dict.fromkeys(("C1", "S2", "C3", "S4", "C5", "F6", "rbf"), 0)
    for leaf in measure(create("lenet5_1998", 10), (28, 28, 1)).leaves:
        counts[leaf.path.split(".")[0]] += leaf.parameters
    assert list(counts.values()) == [156, 12, 1_516, 32, 48_120, 10_164, 0]


def test_zfnet_has_the_count_of_its_figure():
    convolutions = [(7, 3, 96), (5, 96, 256), (3, 256, 384), (3, 384, 384), (3, 384, 256)]
    dense = [(6 * 6 * 256, 4096), (4096, 4096), (4096, 1000)]
    expected = sum(k * k * i * o + o for k, i, o in convolutions) + sum(i * o + o for i, o in dense)
    assert measure(create("zfnet", 1000), (224, 224, 3)).parameters == expected


@pytest.mark.parametrize("stride", [32, 16, 8])
def test_fcn_has_its_published_count(stride):
    # Long et al. 2015, table 1: 134M on VGG-16, without the upsampling, which they fix.
    leaves = measure(create("fcn", 21, stride=stride), (224, 224, 3)).leaves
    count = sum(leaf.parameters for leaf in leaves if type(leaf.block).__name__ != "conv_transpose")
    assert round(count / 1e6) == 134


def test_inception_small_has_the_count_of_its_table():
    w, n = 16, 7
    figure5 = [(1, 1, 2), (1, 1, 2), (9, 1, 1), (1, 1, 2), (9, 1, 1), (9, 1, 1), (1, 1, 2)]
    figure10 = [(1, 1, 4), (9, 2, 1), (1, 1, 4), (9, 2, 1), (9, 2, 2)]
    figure6 = [(1, 1, 8), (1, 1, 8), (n, 1, 1), (n, 1, 1), (1, 1, 8), *[(n, 1, 1)] * 4, (1, 1, 8)]
    figure7 = [(1, 1, 8), (1, 1, 8), (3, 1, 1), (3, 1, 1), (1, 1, 8), (9, 1, 1), (3, 1, 1), (3, 1, 1), (1, 1, 8)]
    # (kernel positions, filters, input channels), both in widths; a scale and a shift for each filter.
    rows = [(9, 2, 1), *figure5, *figure10, *figure6, *figure10, *figure7]
    expected = (27 * w + 2 * w) + sum(k * i * w * o * w + 2 * o * w for k, o, i in rows) + (6 * w * 10 + 10)
    assert measure(create("inception_small", 10), (32, 32, 3)).parameters == expected


def test_vgg_small_has_the_count_of_its_table():
    convolutions = [(3, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128), (128, 128)]
    # 3x3 kernels without biases, scale and shift of the norms, then the classes.
    expected = sum(9 * i * o + 2 * o for i, o in convolutions) + 128 * 10 + 10
    assert measure(create("vgg_small", 10), (32, 32, 3)).parameters == expected


def test_textcnn_has_the_count_of_kims_figure():
    assert (
        measure(create("textcnn", 6), (60, 300)).parameters == sum(w * 300 * 100 + 100 for w in (3, 4, 5)) + 300 * 6 + 6
    )


@pytest.mark.parametrize(("k", "parameters", "operations"), [(1.0, 66e3, 3.0e6), (1.5, 145e3, 6.6e6)])
@pytest.mark.parametrize("shape", [(98, 40, 1), (98, 40)])
def test_tc_resnet8_has_its_published_cost(k, parameters, operations, shape):
    # Choi et al. 2019, table 2, which counts the moving statistics, and a multiply-add as two operations.
    measured = measure(create("tc_resnet8", 12, k=k), shape)
    assert round((measured.parameters + measured.statistics) / 1e3) == round(parameters / 1e3)
    assert round(2 * measured.multiply_adds / 1e5) == round(operations / 1e5)


def test_each_layer_of_cnn_trad_fpool3_has_its_published_cost():
    # Sainath & Parada 2015, table 1: 244.2k weights and 9.7M multiplications, biases aside.
    weighted = [p for p in measure(create("cnn_trad_fpool3", 4), (32, 40, 1)).leaves if p.parameters]
    biases = [64, 64, 32, 128, 4]
    weights = [leaf.parameters - n for leaf, n in zip(weighted, biases, strict=True)]
    assert weights == [10_240, 163_840, 65_536, 4_096, 512]
    assert round(sum(weights), -2) == 244_200
    assert [round(leaf.multiply_adds, -2) for leaf in weighted] == [4_393_000, 5_242_900, 65_500, 4_100, 500]
    assert round(sum(leaf.multiply_adds for leaf in weighted), -5) == 9_700_000


# Kalchbrenner et al. 2014, section 5: word vectors, widths, maps, k; wide convolutions of each row, folded between.
@pytest.mark.parametrize(
    ("dims", "widths", "maps", "k_top"), [(48, (7, 5), (6, 14), 4), (48, (10, 7), (6, 12), 5), (32, (8,), (5,), 4)]
)
def test_dcnn_has_the_count_of_its_text(dims, widths, maps, k_top):
    measured = measure(create("dcnn", 3, widths=widths, maps=maps, k_top=k_top), (20, dims))
    rows, below, expected = dims, 1, 0
    for width, count in zip(widths, maps):
        expected += rows * width * below * count + rows * count
        rows, below = rows // 2, count
    assert measured.parameters == expected + rows * below * k_top * 3 + 3
    assert measured.stages[f"conv{len(maps)}"].shape == (None, k_top, rows * below)


@pytest.mark.parametrize(("name", "filters", "units"), [("char_cnn_small", 256, 1024), ("char_cnn_large", 1024, 2048)])
def test_char_cnn_has_the_count_of_its_tables(name, filters, units):
    measured = measure(create(name, 4), (1014, 70))
    convolutions = [(7, 70), (7, filters), *[(3, filters)] * 4]
    expected = sum(k * below * filters + filters for k, below in convolutions)
    expected += sum(below * above + above for below, above in [(34 * filters, units), (units, units), (units, 4)])
    assert measured.parameters == expected


@pytest.mark.parametrize(("depth", "blocks"), [(9, (1, 1, 1, 1)), (17, (2, 2, 2, 2)), (29, (5, 5, 2, 2))])
@pytest.mark.parametrize("shortcuts", [False, True])
def test_vdcnn_has_the_count_of_its_table(depth, blocks, shortcuts):
    # Conneau et al. 2017, figure 1 and table 2; a scale and a shift for each map.
    measured = measure(create(f"vdcnn{depth}", 4, shortcuts=shortcuts), (1024, 16))
    expected, below = 3 * 16 * 64 + 2 * 64, 64
    for n, maps in zip(blocks, (64, 128, 256, 512)):
        expected += 3 * below * maps + (2 * n - 1) * 3 * maps * maps + 2 * n * 2 * maps
        expected += (below * maps + 2 * maps) * (shortcuts and maps > below)
        below = maps
    expected += sum(i * o + o for i, o in [(8 * 512, 2048), (2048, 2048), (2048, 4)])
    assert measured.parameters == expected
    convolutions = [p for p in measured.leaves if type(p.block).__name__ == "conv" and "shortcut" not in p.path]
    assert len(convolutions) == depth


def test_the_baselines_have_the_counts_of_their_layers():
    assert measure(create("linear", 10), (28, 28, 1)).parameters == 784 * 10 + 10
    assert measure(create("linear", 10, pooled=True), (28, 28, 3)).parameters == 3 * 10 + 10
    measured = measure(create("mlp", 10, units=(300, 100)), (28, 28, 1))
    assert measured.parameters == 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10


# model, stage, its output size in the paper's table
SIZES = [
    ("lenet5", "C1", (28, 28, 6)),
    ("lenet5", "S2", (14, 14, 6)),
    ("lenet5", "C3", (10, 10, 16)),
    ("lenet5", "S4", (5, 5, 16)),
    ("lenet5", "C5", (120,)),
    ("lenet5", "F6", (84,)),
    ("lenet5_1998", "C1", (28, 28, 6)),
    ("lenet5_1998", "S2", (14, 14, 6)),
    ("lenet5_1998", "C3", (10, 10, 16)),
    ("lenet5_1998", "S4", (5, 5, 16)),
    ("lenet5_1998", "C5", (120,)),
    ("lenet5_1998", "F6", (84,)),
    ("alexnet", "conv1", (27, 27, 96)),
    ("alexnet", "conv2", (13, 13, 256)),
    ("alexnet", "conv4", (13, 13, 384)),
    ("alexnet", "conv5", (6, 6, 256)),
    ("alexnet", "fc6", (4096,)),
    ("alexnet_one_tower", "conv1", (27, 27, 64)),
    ("alexnet_one_tower", "conv2", (13, 13, 192)),
    ("alexnet_one_tower", "conv5", (6, 6, 256)),
    ("zfnet", "conv1", (55, 55, 96)),
    ("zfnet", "conv2", (13, 13, 256)),
    ("zfnet", "conv5", (6, 6, 256)),
    *(
        (f"vgg{depth}", f"conv{i}", size)
        for depth in (11, 13, 16, 19)
        for i, size in (
            (1, (112, 112, 64)),
            (2, (56, 56, 128)),
            (3, (28, 28, 256)),
            (4, (14, 14, 512)),
            (5, (7, 7, 512)),
        )
    ),
    *(
        (f"resnet{depth}", f"conv{i}_x", (size, size, times * channels))
        for depth, times in ((18, 1), (34, 1), (50, 4), (101, 4), (152, 4))
        for i, size, channels in ((2, 56, 64), (3, 28, 128), (4, 14, 256), (5, 7, 512))
    ),
    ("resnet50", "conv1", (112, 112, 64)),
    ("squeezenet", "conv1", (56, 56, 64)),
    ("squeezenet", "fire3", (28, 28, 128)),
    ("squeezenet", "fire5", (14, 14, 256)),
    ("squeezenet", "fire7", (14, 14, 384)),
    ("squeezenet", "fire9", (14, 14, 512)),
    ("squeezenet", "conv10", (14, 14, 1000)),
    ("inception_small", "mixed1", (32, 32, 64)),
    ("inception_small", "reduced1", (16, 16, 128)),
    ("inception_small", "mixed2", (16, 16, 64)),
    ("inception_small", "reduced2", (8, 8, 128)),
    ("inception_small", "mixed3", (8, 8, 96)),
    *(
        (f"resnet{depth}", f"conv{i}_x", size)
        for depth in (20, 32, 44, 56, 110)
        for i, size in ((2, (32, 32, 16)), (3, (16, 16, 32)), (4, (8, 8, 64)))
    ),
    ("airbench", "whiten", (31, 31, 24)),
    ("airbench", "block1", (15, 15, 64)),
    ("airbench", "block3", (3, 3, 256)),
    ("vgg_small", "conv1", (16, 16, 32)),
    ("vgg_small", "conv3", (4, 4, 128)),
    ("res8", "conv", (25, 13, 45)),
    ("res15", "conv13", (101, 40, 45)),
    ("bc_resnet", "conv", (101, 20, 16)),
    ("bc_resnet", "block2", (101, 10, 12)),
    ("bc_resnet", "block3", (101, 5, 16)),
    ("bc_resnet", "block4", (101, 5, 20)),
    ("m5", "conv1", (2000, 128)),
    ("m5", "conv2", (500, 128)),
    ("m5", "conv3", (125, 256)),
    ("m5", "conv4", (31, 512)),
    ("tc_resnet8", "conv", (98, 16)),
    ("tc_resnet8", "block1", (49, 24)),
    ("tc_resnet8", "block2", (25, 32)),
    ("tc_resnet8", "block3", (13, 48)),
    ("cnn_trad_fpool3", "conv1", (13, 11, 64)),
    ("cnn_trad_fpool3", "conv2", (4, 8, 64)),
    ("cnn_trad_fpool3", "lin", (32,)),
    ("cnn_trad_fpool3", "dnn", (128,)),
    ("dcnn", "conv1", (20, 24 * 6)),  # half of the 40 words: layer 1 of 2
    ("dcnn", "conv2", (4, 12 * 14)),
    *(
        (f"char_cnn_{size}", stage, (steps, filters))
        for size, filters in (("small", 256), ("large", 1024))
        for stage, steps in (("conv1", 336), ("conv2", 110), ("conv5", 104), ("conv6", 34))
    ),
    ("char_cnn_small", "fc8", (1024,)),
    ("char_cnn_large", "fc8", (2048,)),
    *(
        (f"vdcnn{depth}", f"conv{i}_x", (1024 // 2 ** (i - 2), 64 * 2 ** (i - 2)))
        for depth in (9, 17, 29)
        for i in (2, 3, 4, 5)
    ),
]


@pytest.mark.parametrize(("name", "stage", "size"), SIZES)
def test_output_sizes(name, stage, size):
    model = MODELS[name]
    assert measure(create(name, model.classes), model.input_shape).stages[stage].shape == (None, *size)


SEGMENTING = [name for name, model in MODELS.items() if model.logits_per == "position"]


@pytest.mark.parametrize("shape", [(572, 572, 1), (37, 50, 3), (131, 40, 1), (1001, 1), (1, 1, 1)])
@pytest.mark.parametrize(
    ("name", "settings"),
    [("unet", {}), *(("fcn", {"stride": stride}) for stride in (8, 16, 32)), ("unet", {"depth": 2})],
)
def test_logits_for_each_position_of_any_size(name, settings, shape):
    assert measure(create(name, 5, **settings), shape).shape == (*shape[:-1], 5)


# Ronneberger et al. 2015, figure 1: channels; sizes are those of padded convolutions on 512 pixels.
@pytest.mark.parametrize(
    ("stage", "size"),
    [(f"{way}{i}", (512 // 2 ** (i - 1), 64 * 2 ** (i - 1))) for i in range(1, 5) for way in ("contract", "expand")]
    + [("bottom", (32, 1024)), ("score", (512, 2))],
)
def test_unet_has_the_channels_of_its_figure(stage, size):
    stages = measure(create("unet", 2), (512, 512, 1)).stages
    (signal,) = (signal for path, signal in stages.items() if path.split(".")[-1] == stage)
    assert signal.shape == (None, size[0], *size)


def test_fcn_has_the_receptive_field_and_stride_of_its_table():
    # Long et al. 2015, table 1: 404 and 32, before the scores.
    (signal,) = (s for path, s in measure(create("fcn", 21), (224, 224, 3)).stages.items() if path.endswith("conv7"))
    assert (signal.reach, signal.stride) == ((404, 404), (32, 32))


def test_unet_sees_what_is_beside_each_level():
    # The input of expand1 is contract1 and what came back from below: twice the channels, as the figure draws it.
    merged = [p.output.shape[-1] for p in measure(create("unet", 2), (512, 512, 1)).leaves if p.path.endswith("concat")]
    assert merged == [1024, 512, 256, 128]


@pytest.mark.parametrize(("depth", "n"), [(20, 3), (32, 5), (44, 7), (56, 9), (110, 18)])
def test_a_cifar_resnet_has_as_many_layers_as_its_name_says(depth, n):
    leaves = measure(create(f"resnet{depth}", 10), (32, 32, 3)).leaves
    weighted = [leaf for leaf in leaves if type(leaf.block).__name__ in ("conv", "dense")]
    assert len(weighted) == depth == 6 * n + 2


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_an_imagenet_resnet_has_as_many_layers_as_its_name_says(depth):
    leaves = measure(create(f"resnet{depth}", 1000), (224, 224, 3)).leaves
    weighted = [leaf for leaf in leaves if type(leaf.block).__name__ in ("conv", "dense")]
    assert sum("shortcut" not in leaf.path for leaf in weighted) == depth
    assert sum("shortcut" in leaf.path for leaf in weighted) == (4 if depth >= 50 else 3)


# He et al. 2015, table 1 and section 3.3; torchvision's for stride_on="3x3"; AlexNet's is the sum over its figure.
MULTIPLY_ADDS = [
    ("resnet18", {}, 1.8e9),
    ("resnet34", {}, 3.6e9),
    ("resnet50", {}, 3.8e9),
    ("resnet50", {"stride_on": "3x3"}, 4.1e9),
    ("resnet101", {}, 7.6e9),
    ("resnet152", {}, 11.3e9),
    ("vgg19", {}, 19.6e9),
    ("alexnet", {}, 0.72e9),
]


@pytest.mark.parametrize(("name", "settings", "published"), MULTIPLY_ADDS)
def test_published_multiply_adds(name, settings, published):
    model = MODELS[name]
    counted = measure(create(name, model.classes, **settings), model.input_shape).multiply_adds
    assert counted == pytest.approx(published, rel=0.02)


def test_where_a_bottleneck_strides_changes_no_shape():
    with_1x1, with_3x3 = (measure(create("resnet50", 10, stride_on=on), (65, 64, 3)) for on in ("1x1", "3x3"))
    assert with_1x1.parameters == with_3x3.parameters
    assert [s.shape for s in with_1x1.stages.values()] == [s.shape for s in with_3x3.stages.values()]


# Araujo, Norris, Sim, "Computing receptive fields of convolutional neural networks", 2019, table of networks.
@pytest.mark.parametrize(("name", "stage", "reach"), [("alexnet", "conv5", 195), ("vgg16", "conv5", 212)])
def test_published_receptive_fields(name, stage, reach):
    model = MODELS[name]
    assert measure(create(name, model.classes), model.input_shape).stages[stage].reach == (reach, reach)


# The size that a docstring gives as the smallest, for networks that flatten.
SMALLEST = {"alexnet": 67, "alexnet_one_tower": 63, "zfnet": 47, **{f"vgg{depth}": 32 for depth in (11, 13, 16, 19)}}


@pytest.mark.parametrize(("name", "smallest"), SMALLEST.items())
def test_smallest_inputs(name, smallest):
    assert smallest_input(create(name, 10), (224, 224, 3)) == smallest


def test_res15_sees_its_published_receptive_field():
    # Tang & Lin 2018: 125 x 125, which is 1 + 2 (1 + 3 (1 + 2 + 4 + 8) + 16).
    leaves = {leaf.path: leaf for leaf in measure(create("res15", 12), (101, 40, 1)).leaves}
    assert leaves["conv13.conv"].output.reach == (125, 125)


# The registry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_a_value(name):
    block = create(name, 7)
    assert block == create(name, 7)
    assert from_dict(block.to_dict()) == block == create(block.to_dict(), 7)
    model = MODELS[name]
    one = {"example": (7,), "position": (*model.input_shape[:-1], 7), "box": (240 // 8 * 320 // 8, 7 + 4)}
    assert measure(block, model.input_shape).shape == one[model.logits_per]


def test_every_model_names_senses():
    assert all(set(model.modalities) <= set(ANY) and model.modalities for model in MODELS.values())
    assert {model.logits_per for model in MODELS.values()} == {"example", "position", "box"}


def two_layers(classes, *, width=4):
    return conv(width, 3) if classes else "nothing"


def test_a_users_own_function():
    assert create(f"{__name__}:two_layers", 2, width=9) == conv(9, 3)


BAD = {
    "stride_on": (lambda: create("resnet50", 10, stride_on="2x2"), ValueError, "'3x3'.*Received: stride_on='2x2'"),
    "stride": (lambda: create("fcn", 10, stride=4), ValueError, r"\[8, 16, 32\].*Received: stride=4"),
    "maps": (lambda: create("dcnn", 2, widths=(7, 5), maps=(6,)), ValueError, r"\(7, 5\). Received: maps=\(6,\)"),
    "name": (lambda: create("resnet21", 10), ValueError, "'lenet5'.*Received: model='resnet21'"),
    "a word": (
        lambda: create("vgg_small", 10, width="9"),
        ValueError,
        "`width` of vgg_small must be int. Received: width='9'",
    ),
    "one": (lambda: create("textcnn", 10, widths=3), ValueError, r"`widths` of textcnn must be tuple\[int, ...\]. Rec"),
    "less than none": (
        lambda: create("res8", 10, maps=-1),
        ValueError,
        "`filters` of conv must .* Received: filters=-1",
    ),
    "hyperparameter": (lambda: create("resnet20", 10, depth=3), ValueError, r"\['width'\].*Received: depth=3"),
    "module": (lambda: create("nowhere:net", 10), ValueError, "nowhere.*Received: model='nowhere:net'"),
    "function": (lambda: create(f"{__name__}:three_layers", 10), ValueError, "three_layers"),
    "not a Block": (lambda: create(f"{__name__}:two_layers", 0), TypeError, "returned str"),
    "block": (lambda: create({"type": "resnet"}, 10), ValueError, "Received: data="),
}


@pytest.mark.parametrize(("make", "kind", "message"), BAD.values(), ids=BAD)
def test_bad_names(make, kind, message):
    with pytest.raises(kind, match=message):
        make()
