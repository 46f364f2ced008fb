# %% [markdown]
# # 6. Initialisation
#
# Before the first step the weights must be something. It matters more than one would think: with wrong ones a deep network
# never starts to learn. We try six ways on a network of eight ReLU layers, and look inside before and during training.

# %%
import numpy as np

from multicnn.lessons import deep, initialization
from multicnn.lessons.sizes import sized

# %% [markdown]
# ## Six ways to begin
#
# * **zeros**: all weights 0;
# * **one constant**: all weights 0.02;
# * **too small** and **too large**: drawn from normal distributions of deviation 0.01 and 0.5;
# * **Xavier** (Glorot and Bengio 2010): variance $2 / (n_{in} + n_{out})$, so that the spread of the answers stays the same
#   where the activation is nearly a straight line;
# * **He** (2015): variance $2 / n_{in}$: twice as much, because ReLU stops one half.

# %%
networks = initialization.networks()
for name, initializer in initialization.INITIALIZERS.items():
    print(f"{name:13} {initializer}")

# %% [markdown]
# ## Forward and back, before any training
#
# On the left is how far the answers of a layer spread over examples and units, on the right how long the gradient is. With
# He's weights both stay level from the first layer to the last. With those that are too small the answers shrink to about a
# billionth, with those that are too large they grow a thousand times. With zeros nothing comes
# through at all (drawn at the lower edge).

# %%
layers = deep.by_layer(networks)
for name, values in layers.activations.items():
    print(f"{name:13} spread {values[0]:9.2e} in layer 1, {values[-1]:9.2e} in layer 8")
layers

# %% [markdown]
# ## Why: a sum of n terms
#
# A unit adds up $n$ products of a weight and an input. The variance of a sum is the sum of the variances: $n \,
# \mathrm{Var}(w) \, \mathrm{E}(x^2)$. For the answers to keep their size, $n \, \mathrm{Var}(w)$ must be 1, or 2 with ReLU,
# after which only half of $\mathrm{E}(x^2)$ is left. This is measured here: by what a layer multiplies the mean square.

# %%
for name in ("Xavier", "He", "too small", "too large"):
    measured, predicted = initialization.gain(name)
    print(f"{name:13} multiplies by {measured:8.4f}; n Var(w) / 2 = {predicted:8.4f}")

# %% [markdown]
# ## Symmetry
#
# With one constant the answers do not vanish, and still it cannot work: all units of a layer have the same weights, give the
# same answer, get the same gradient, and so stay the same for ever. The layer has 64 units and the power of one. That is
# why weights must be **random**.

# %%
trained = deep.train(networks, steps=sized(200, quick=80), learning_rate=0.05)
for name, network in trained.networks.items():
    print(f"{name:13} different units in layer 2 after training: {initialization.different_units(network, 2)}")

# %% [markdown]
# ## And now training
#
# The same batches and the same learning rate for all.

# %%
for name, accuracy in trained.accuracies.items():
    print(f"{name:13} {accuracy:.0%} of the held-out digits right")
trained

# %% [markdown]
# ## The activation matters
#
# For tanh, which is nearly a straight line around 0, Xavier's variance is right, and He's a little too large: the answers go
# towards the flat ends.

# %%
pair = {name: initialization.network(name, activation="tanh") for name in ("Xavier", "He", "too small")}
with_tanh = deep.by_layer(pair)
for name, values in with_tanh.activations.items():
    print(
        f"{name:10} spread of layer 8: {values[-1]:.4f}; gradient of layer 1 / layer 8: {np.prod(with_tanh.ratios(name)):.4f}"
    )
with_tanh

# %% [markdown]
# **To take with you.** Weights must be random, so that units can become different, and of the right size, so that neither
# answers nor gradients die out or blow up: variance $2/n$ for ReLU, about $1/n$ for tanh. The blocks of this package take
# the initialiser by its name: `mb.conv(64, 3, kernel_initializer="he_normal")`.
