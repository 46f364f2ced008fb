"""Small versions of the models that learn a built-in data set in a minute, as (hyperparameters, preprocess fields)."""

SMALL = {
    # Images: the built-in digits, resized where 8x8 pixels are too few.
    "lenet5": ({}, {"size": (28, 28)}),
    "lenet5_1998": ({}, {"size": (28, 28)}),
    "alexnet": ({"width": 1 / 8}, {"size": (67, 67)}),
    "alexnet_one_tower": ({"width": 1 / 8}, {"size": (64, 64)}),
    "zfnet": ({"width": 1 / 8}, {"size": (48, 48)}),
    "vgg_small": ({"width": 8}, {}),
    **{f"vgg{depth}": ({"width": 8, "hidden": 128}, {"size": (32, 32)}) for depth in (11, 13, 16, 19)},
    **{f"resnet{depth}": ({"width": 8}, {}) for depth in (20, 32, 44, 56, 110)},
    **{f"resnet{depth}": ({"width": 16}, {"size": (32, 32)}) for depth in (18, 34, 50, 101, 152)},
    "squeezenet": ({"width": 1 / 2}, {"size": (32, 32)}),
    "inception_small": ({"width": 8}, {"size": (16, 16)}),
    # Texts of characters.
    **{f"char_cnn_{size}": ({"filters": 16, "units": 64}, {"level": "characters"}) for size in ("small", "large")},
}
# Hyperparameters of the models that predict at each position.
SMALL_PER_POSITION = {"fcn": {"width": 4, "hidden": 16}, "unet": {"width": 4, "depth": 2}}
