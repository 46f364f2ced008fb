# %% [markdown]
# # 7. Optimisers
#
# The gradient says which way is down. How far to go, and whether to remember where one came from, is what optimisers differ
# in. We let ten of them, the same ones that train networks in this package, walk on three surfaces of two variables, where
# each step can be seen.

# %%
import numpy as np

from multicnn.lessons import optimizer_paths, surfaces

# %% [markdown]
# ## The plain step
#
# Gradient descent takes a step against the gradient $g$ of the loss, times the **learning rate** $\eta$: $w \leftarrow w -
# \eta\, g$. In a ravine, steep from side to side and flat along its ground, there is no good rate. A small one is slow on
# the ground; one that is only a bit too large bounces off the walls and leaves.

# %%
for rate in (0.02, 0.095, 0.102):
    path = optimizer_paths.paths(surfaces.RAVINE, {"sgd": rate}, steps=250)
    print(
        f"rate {rate}: {path.steps_to_bottom('sgd') or 'over 250'} steps, loss after 250 steps {path.losses('sgd')[-1]:.2e}"
    )

# %% [markdown]
# ## Remember: momentum
#
# A ball that rolls keeps its **velocity**: $v \leftarrow m\, v - \eta\, g$ and $w \leftarrow w + v$. From side to side the
# gradients cancel out, along the ground they add up, to a speed that is up to $1 / (1 - m)$ times higher. **Nesterov's**
# variant takes the gradient where the ball is about to be, and so brakes in time.
#
# Some write the learning rate inside of the velocity (as above, and as Keras does), some outside: $v \leftarrow m\, v + g$,
# $w \leftarrow w - \eta\, v$ (as PyTorch does). As long as the rate is constant it is the same. When it drops, it is not:
# inside, the old velocity rolls on; outside, it drops with the rate.

# %%
constant, dropping = np.full(60, 0.05), np.r_[np.full(20, 0.05), np.full(40, 0.005)]
for name, rates in (("constant rate", constant), ("rate that drops", dropping)):
    inside, outside = optimizer_paths.momentum_two_ways(surfaces.RAVINE, rates)
    print(f"{name}: largest distance between the two {np.abs(inside - outside).max():.4f}")

# %% [markdown]
# ## A rate for each variable
#
# The others keep, for each variable, how large its gradients have been, and divide by it:
#
# * **Adagrad**: $s \leftarrow s + g^2$, $w \leftarrow w - \eta\, g / \sqrt{s}$. The steps only become smaller.
# * **RMSprop** forgets: $s \leftarrow \rho\, s + (1 - \rho)\, g^2$. **Adadelta** also, and puts the size of past steps in the
#   place of $\eta$.
# * **Adam** = RMSprop with momentum, both corrected for having begun at 0. **AdaMax** divides by the largest gradient in
#   place of the mean square, **Nadam** adds Nesterov's look ahead.
# * **Rprop** only looks at the sign of $g$: as long as it stays, the step of that variable grows by 1.2; when it changes, it
#   is halved. It needs the gradient of all data, not of a batch.
#
# In the ravine the two variables have gradients of very different size, which is what these were made for. Counted are the
# steps until 1 % of the height is left, for good.

# %%
ravine = optimizer_paths.paths(surfaces.RAVINE)
for name in ravine.paths:
    print(f"{name:9} rate {optimizer_paths.RATES[name]:5}: {ravine.steps_to_bottom(name) or 'over 200'} steps")
ravine

# %% [markdown]
# ## A saddle
#
# On a ridge the gradient across is nearly 0, and that is where deep networks spend much of their time. We start a hair
# beside the ridge. Plain descent lingers at the saddle; those that divide by the size of the gradient leave it early, since
# they make small gradients large.

# %%
saddle = optimizer_paths.paths(surfaces.SADDLE)
for name in saddle.paths:
    print(f"{name:9} {saddle.steps_to_bottom(name) or 'over 200'} steps")
saddle

# %% [markdown]
# ## A real loss
#
# Two weights of a neuron that tells the digits 3 and 8 apart by how much ink is in the left and in the right half of the image: a
# cross-entropy over 357 images. The second input is made smaller than the first, as happens with inputs of other units.

# %%
digits = optimizer_paths.paths(surfaces.of_digits())
for name in digits.paths:
    print(f"{name:9} {digits.steps_to_bottom(name) or 'over 200'} steps, loss {digits.losses(name)[-1]:.4f}")
digits

# %% [markdown]
# **To take with you.** No optimiser wins everywhere, and each has a rate of its own: compare them only when each has a good
# one. Momentum helps in ravines, rates for each variable where gradients differ in size. In a recipe it is a name:
# `multicnn train data --set optimizer.name=adam`.
