# %% [markdown]
# # 2. Why convolution
#
# A convolution is one small window of weights that steps over an image and computes the same sum everywhere. This notebook
# does it with numbers that can be checked by hand, then asks how large the result is, what happens at the border, what is
# gained when the image is shifted, and how the window steps back.

# %%
import numpy as np

import multicnn.blocks as mb
from multicnn.blocks.cost import measure
from multicnn.lessons import convolution, padding, photographs, window

# %% [markdown]
# ## An image is a tensor of numbers
#
# A colour photograph has a height, a width and three **channels**: how red, green and blue each pixel is, from 0 to 255.
# The square in the photograph is shown as its numbers, once for each channel.

# %%
china = photographs.photograph("china")
print("shape:", china.shape, "type:", china.dtype)
convolution.Pixels(china, top=170, left=235, size=6)

# %% [markdown]
# ## A window that steps
#
# The **kernel** is a small matrix of weights (small and red in the pictures). At each step it lies on a part of the image;
# numbers that lie on each other are multiplied, and the products are added. That sum is one number of the output. Then the
# window moves by one cell.

# %%
image = np.array([[2, 1, 2, 3], [3, 0, 0, 2], [0, 4, 1, 0], [2, 0, 0, 0]])
kernel = np.array([[1, 1, 0], [1, -1, 0], [0, 1, 1]])
steps = window.step(image, kernel)
print(steps.output)
steps

# %% [markdown]
# The block `conv` of this package is that window as a layer of a network. With the same weights it gives the same numbers.
# A second example follows, with a kernel that looks for a diagonal.

# %%
conv = mb.conv(1, 3, padding="valid", use_bias=False)
print(convolution.applied(conv, image, weights=[kernel]))
second = np.array([[1, 0, 1, 0], [1, -1, 1, 2], [0, -1, 1, -1], [0, 1, 1, 0]])
diagonal = np.array([[1, 0, 0], [0, -1, 0], [0, 0, 1]])
window.step(second, diagonal)

# %% [markdown]
# A **pool** is a window too, which moves by its own size and has no weights: it keeps the largest number under it, or their
# mean. These are the 2 × 2 pools of the second image.

# %%
print("max pool:", convolution.applied(mb.max_pool(2), second).tolist())
print("average pool:", convolution.applied(mb.average_pool(2), second).tolist())

# %% [markdown]
# ## One dimension, and the flip
#
# Sound and text have one axis, and the window moves along it. There is a trap in the word: the *convolution* of mathematics
# turns the kernel around before it multiplies; what networks compute is called *correlation* there. A single 1 shows the
# difference: convolution gives the kernel back, correlation gives it mirrored. For kernels that look the same when turned
# around it does not matter, and a network that learns its kernels does not care.

# %%
impulse, one_two_three = np.array([0, 0, 1, 0, 0]), np.array([1, 2, 3])
both = convolution.both_ways(impulse, one_two_three)
print("correlation:", both.correlation[0], "convolution:", both.convolution[0])
print("as a layer:", convolution.applied(mb.conv(1, 3, padding="valid", use_bias=False), impulse, [one_two_three]))
both

# %% [markdown]
# ## How many steps?
#
# Let $n$ be the size of an axis, $k$ that of the kernel, $p$ the **padding**, cells that are added at each end, and $s$ the
# **stride**, the length of a step. The window fits $\lfloor (n + 2p - k) / s \rfloor + 1$ times. Each orange line below is
# one window. A padding of 1 keeps the size under a kernel of 3; a stride of 2 halves it.

# %%
settings = [(3, 1, 0), (3, 1, 1), (5, 2, 1)]
for k, s, p in settings:
    layer = mb.conv(1, k, strides=s, padding=p)
    print(
        f"28 cells, kernel {k}, stride {s}, padding {p}: formula {window.output_size(28, k, stride=s, padding=p)},",
        end=" ",
    )
    print("layer", measure(layer, (28, 28, 1)).shape[:2])
convolution.sizes(28, settings)

# %% [markdown]
# ## Channels
#
# On a colour image a filter has one kernel for each channel, and adds up what they give. The next layer treats the filters
# of this one as its channels. Here the filter asks "more red than green?" and averages over 5 × 5 pixels.

# %%
flower = photographs.photograph("flower")[100:400, 150:500]
kernels = np.full((5, 5, 3), 1 / 25) * np.array([1, -1, 0])
convolution.channels(flower, kernels)

# %% [markdown]
# ## Factors: a row and a column instead of a square
#
# Some kernels are a column times a row. Then two thin windows, one after the other, give the same result with $2k$ instead
# of $k^2$ multiplications. A Gaussian blur is one of them. Networks use the idea without asking whether the kernel can be
# factored: they simply learn a $k × 1$ and then a $1 × k$ kernel.

# %%
blur = convolution.factors(convolution.gaussian(7))
print(f"error of the factors: {blur.error:.1e}, multiplications saved: {blur.saved:.1f} times")
square = measure(mb.conv(64, 7), (32, 32, 64)).parameters
thin = measure(mb.chain(mb.conv(64, (7, 1)), mb.conv(64, (1, 7))), (32, 32, 64)).parameters
print(f"a layer of 64 filters on 64 channels: {square:,} parameters as 7 x 7, {thin:,} as 7 x 1 and 1 x 7")
blur

# %% [markdown]
# ## Beyond the border
#
# At the border the window needs numbers that are not there. Zeros are the usual answer. Others are: repeat the border
# (*edge*), mirror the image without the border (*reflect*) or with it (*symmetric*), or continue at the other side
# (*circular*). With the letters ABC and two cells at each end one sees exactly what each does.

# %%
for mode, text in padding.padded_text("ABC", 2).items():
    print(f"{mode:10} {text}")
padding.padded_image(china[100:300, 200:460], amount=60)

# %% [markdown]
# ## Why it works: shift the image, and the output shifts
#
# This is called **shift equivariance**: a cat in the corner gives the same numbers as a cat in the middle, only in the
# corner. We shift an image, and compare the output with the shifted output. Without border (circular padding) they are
# equal; zeros at the border disturb the cells next to it; with stride 2 it only holds for even shifts; a dense layer knows
# nothing of it.

# %%
plane = photographs.grey("china", width=64)[:32, :32]
equal = convolution.equivariance(plane)
for name, errors in equal.errors.items():
    print(f"{name:22} " + " ".join(f"{error:6.3f}" for error in errors))
equal

# %% [markdown]
# ## The way back: transposed convolution
#
# To make images larger (in segmentation, or to look at features), the window steps back: each number of the input
# **stamps** the kernel, times itself, onto the output, and where stamps overlap they add up. With stride $s$ the stamps lie
# $s$ cells apart; cells cut off at the border are the padding. The size is $(n - 1)\, s + k - 2p$: the formula above, solved
# for $n$.

# %%
small, stamped = np.array([[1, 2], [3, 4]]), np.array([[1, 1, 0], [1, 2, 1], [0, 1, 1]])
stamps = window.stamp(small, stamped, stride=2)
layer = mb.conv_transpose(1, 3, strides=2, padding="valid", use_bias=False)
print("as a layer: equal is", np.allclose(convolution.applied(layer, small, [stamped]), stamps.output))
print("size by the formula:", window.transposed_size(2, 3, stride=2), "in the picture:", stamps.output.shape)
stamps

# %% [markdown]
# **To take with you.** A convolution is the same small sum everywhere. Its size follows from one formula, its border from a
# choice. It has few weights, and what it finds moves with what it sees. The next notebook asks what such windows can find.
