# %% [markdown]
# # 5. Activations and gradients
#
# Without a bend between them, two layers are one. The bend is the **activation**, and its slope decides how much of the
# gradient comes back through it. This notebook looks at the slopes, at what ten of them in a row do, and at three remedies:
# other activations, inputs that are centred and scaled, and batch normalisation.

# %%
import numpy as np

from multicnn.lessons import activations, deep, scaling
from multicnn.lessons.sizes import sized

# %% [markdown]
# ## Curves and slopes
#
# The **sigmoid** goes from 0 to 1, **tanh** from -1 to 1; both are flat at their ends. **ReLU** lets what is above 0 pass and
# stops the rest. The **randomised leak** lets a little of the rest through (in training, a random share between 1/8 and
# 1/3), and **ELU** goes smoothly to -1. Mind the red lines: the slope of the sigmoid is never above 1/4.

# %%
curves = activations.curves()
for name, slopes in curves.slopes.items():
    print(f"{name:22} slope from {slopes.min():.3f} to {slopes.max():.3f}")
curves

# %% [markdown]
# ## A quarter of a quarter of a quarter
#
# On its way back the gradient is multiplied by the slope of every layer. Here are networks of ten layers whose weights
# neither stretch nor shrink (orthogonal matrices; for ReLU times $\sqrt 2$, as it stops one half). In the sigmoid network
# the first layer gets at most $(1/4)^9$ of the gradient of the last: it cannot learn. In the ReLU network it gets nearly
# all.

# %%
networks = {
    "sigmoid": deep.deep(10, activation="sigmoid", initializer="orthogonal"),
    "tanh": deep.deep(10, activation="tanh", initializer="orthogonal"),
    "relu": deep.deep(10, activation="relu", initializer=("orthogonal", {"gain": 2**0.5})),
}
layers = deep.by_layer(networks)
for name in networks:
    print(f"{name:8} per layer {layers.ratios(name).mean():.3f}, through all: {layers.ratios(name).prod():.1e}")
print(f"(1/4)^9 = {0.25**9:.1e}")
layers

# %% [markdown]
# ## It shows in training
#
# The same networks learn to read digits, by plain gradient descent. The sigmoid network stays where it was: one of ten
# digits right, as by chance.

# %%
deep.train(networks, steps=sized(200, quick=80), learning_rate=0.05)

# %% [markdown]
# ## Dead units
#
# ReLU has a price. Where its input is below 0 its slope is 0. A step that is too large can push a unit so far that it is
# below 0 for every example; then no gradient comes through and it never returns: it is **dead**. It happens most easily
# where all inputs are above 0, as pixels are when they come from a file: then one step can pull all weights of a unit down
# at once. Small steps, a leak, or inputs that are centred prevent it.

# %%
pair = {"relu": deep.deep(1), "leak": deep.deep(1, activation="leaky_relu")}
steps = sized(100, quick=60)
for rate in (0.05, 0.3):
    pixels = deep.train(pair, steps=steps, learning_rate=rate, centred=False)
    print(f"learning rate {rate}: dead units", {name: f"{share:.0%}" for name, share in pixels.dead.items()})
centred = deep.train({"relu": deep.deep(1)}, steps=steps, learning_rate=0.3)
print(f"learning rate 0.3, inputs centred: {centred.dead['relu']:.0%}")

# %% [markdown]
# ## Centre and scale the inputs
#
# Take a single neuron with two inputs, the second four times as large as the first, both with a mean that is not 0. Its
# loss is a long narrow valley. The step must be small enough for the steep walls, and is then far too small for the flat
# ground. Centring the inputs widens the valley, scaling makes it round, and the way down is a single step. (That is why the
# package's preprocessing subtracts a mean and divides by a deviation.)

# %%
ways = scaling.scaling()
for name, condition in ways.conditions.items():
    print(f"{name:20} condition {condition:7.1f}, {ways.steps[name]} steps")
ways

# %% [markdown]
# ## Batch normalisation does it inside
#
# Inputs are centred and scaled once. Inside a network the answers of a layer move while the layers below it learn. **Batch
# normalisation** centres and scales each unit over the examples of the batch, then applies a learned scale and shift. Eight
# sigmoid layers without it do not learn; with it they do, because the gradient of the first layer is a hundred times
# larger.

# %%
pair = {
    "without": deep.deep(8, activation="sigmoid", initializer="glorot_uniform"),
    "with batch norm": deep.deep(8, activation="sigmoid", initializer="glorot_uniform", norm="batch"),
}
normalised = deep.train(pair, steps=sized(300, quick=100), learning_rate=0.2)
normalised

# %% [markdown]
# In prediction there may be only one example, so the mean and variance of a batch cannot be used. The layer keeps **running
# statistics** instead: averages over the batches that it saw in training. They must be close to those of all the data.

# %%
running, of_all = deep.running_statistics(normalised, "with batch norm", 2)
print("running means of the second layer:", running[:6].round(2))
print("its means over all digits:        ", of_all[:6].round(2))
print(f"correlation over all units: {np.corrcoef(running, of_all)[0, 1]:.4f}")

# %% [markdown]
# **To take with you.** The slope of the activation multiplies the gradient once for every layer: at most 1/4 for the
# sigmoid, 1 or 0 for ReLU. ReLU units can die; those that leak cannot. Centred and scaled inputs make the valley round, and
# batch normalisation does the same inside the network.
