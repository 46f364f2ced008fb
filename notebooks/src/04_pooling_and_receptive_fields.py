# %% [markdown]
# # 4. Pooling and receptive fields
#
# Between its convolutions a network makes the image smaller. That has three reasons: a small shift should not matter, there
# is less to compute, and each number then sees more of the input. This notebook measures all three.

# %%
import numpy as np

import multicnn.blocks as mb
from multicnn.blocks.cost import measure
from multicnn.lessons import photographs, pooling, receptive_fields

# %% [markdown]
# ## Kinds of pooling
#
# A pool looks at a window (here 2 × 2; the colours show which) and keeps one number of it: the largest, the mean, the
# smallest, or the root of the mean square, which lies between the largest and the mean. LeNet-5's **weighted** pool learns
# two numbers for each channel: the mean times a coefficient, plus a bias (here 2 and 0.5).

# %%
image = np.array([[1, 0, 1, 0], [1, -1, 1, 2], [0, -1, 1, -1], [0, 1, 1, 0]])
small = pooling.pools(image, size=2)
for name, values in small.outputs.items():
    print(f"{name:17} {values.round(2).tolist()}")
small

# %% [markdown]
# On a photograph, with windows of 8 × 8: the maximum keeps bright details and widens them, the minimum dark ones, and the
# mean blurs.

# %%
china = photographs.grey("china")
pooling.pools(china, size=8)

# %% [markdown]
# ## A small shift matters less
#
# The features here are edges in four directions. We shift the image by one to four pixels and measure how much the features
# change. Without a pool, a shift by two pixels already makes them as good as new. The larger the window, the less they
# change; the mean changes least, but forgets most.

# %%
shifted = pooling.invariance(china)
for name, changes in shifted.changes.items():
    print(f"{name:18} " + "  ".join(f"{change:.2f}" for change in changes))
shifted

# %% [markdown]
# ## Less to compute
#
# A pool of 2 leaves a quarter of the positions, so what follows takes a quarter of the multiplications. Without its five
# pools, VGG-16's convolutions would take nearly fifty times as many.

# %%
layers = [mb.conv(32, 3), mb.conv(64, 3), mb.conv(64, 3)]
pooled = mb.chain(layers[0], mb.max_pool(2), layers[1], mb.max_pool(2), layers[2])
plain, saving = measure(mb.chain(*layers), (64, 64, 3)), measure(pooled, (64, 64, 3))
print(f"three layers: {plain.multiply_adds:,} multiply-adds; with two pools between: {saving.multiply_adds:,}")
print(f"that is {plain.multiply_adds / saving.multiply_adds:.1f} times fewer")

# %% [markdown]
# ## Each number sees more
#
# The **receptive field** of a number is the part of the input that it depends on. A 3 × 3 window sees 3 × 3 pixels; a
# second one on top sees 5 × 5. After a pool every step counts twice: a 3 × 3 window then adds 4 pixels in place of 2. Here it
# is measured: every pixel of a small image is changed in turn, and we look whether the middle of the output changes.

# %%
for name, block in {
    "one window of 3": mb.conv(1, 3),
    "two": mb.chain(mb.conv(1, 3), mb.conv(1, 3)),
    "window, pool, window": mb.chain(mb.conv(1, 3), mb.average_pool(2), mb.conv(1, 3)),
}.items():
    changed = receptive_fields.influence(block, (16, 16, 1))
    print(
        f"{name:21} sees {np.ptp(np.nonzero(changed)[0]) + 1} pixels; counted: {measure(block, (16, 16, 1)).output.reach}"
    )

# %% [markdown]
# In LeNet-5 a number after the second pool sees half of the digit. The gray sizes on the right are those of the outputs.

# %%
receptive_fields.receptive_fields("lenet5")

# %% [markdown]
# VGG-16 only has windows of 3 × 3, but thirteen of them and five pools. At its end each number sees 212 × 212 pixels: nearly all
# of the input.

# %%
crop = photographs.photograph("china")[100:324, 250:474]
receptive_fields.receptive_fields("vgg16", background=crop)

# %% [markdown]
# On sound the same numbers mean time and pitch: each step of a log-mel spectrogram is 10 ms. `res8` listens for spoken
# words; it pools once, and its last stage hears more than half a second.

# %%
receptive_fields.receptive_fields("res8", modality="log-mel")

# %% [markdown]
# On text they mean words. TextCNN has no depth: its windows see three, four or five words, and the maximum over all places
# does the rest.

# %%
receptive_fields.receptive_fields("textcnn", (20, 300), modality="text")

# %% [markdown]
# **To take with you.** Pooling buys tolerance to small shifts and fewer multiplications, and pays with precision of place.
# Together with depth it lets a network of small windows see all of its input.
