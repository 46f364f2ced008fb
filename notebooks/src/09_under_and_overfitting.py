# %% [markdown]
# # 9. Under- and overfitting
#
# A network that is right about everything it has seen may still be wrong about what it has not. This notebook takes the error
# apart, and then tries everything that is usually done about it: penalties on the weights, dropout, fewer parameters, more
# examples out of few, and stopping in time.

# %%
from multicnn.blocks.cost import measure
from multicnn.lessons import bias_variance, penalties, small_data
from multicnn.lessons.sizes import sized

# %% [markdown]
# ## Bias and variance
#
# Take a curve, draw 25 points of it with some noise, and fit a polynomial. Do it again with 25 other points, 200 times. A
# straight line is always about the same, and always wrong: **bias**. A polynomial of degree 13 is right on average, but each
# one is somewhere else: **variance**. The error on new points is bias² + variance + noise, whatever the model. Looking at the
# training error alone one would take the highest degree.

# %%
repeated = bias_variance.bias_variance()
for degree, bias, variance, train, test in zip(
    repeated.degrees, repeated.bias, repeated.variance, repeated.train_errors, repeated.test_errors
):
    total = bias + variance + repeated.noise**2
    print(f"degree {degree:2}: bias² {bias:.3f} + variance {variance:.3f} + noise = {total:.3f}", end="; ")
    print(f"measured {test:.3f}, in training {train:.3f}")
repeated

# %% [markdown]
# ## Penalties: L2 and L1
#
# Large weights make large jumps. So add to the loss what they cost: **L2** adds $\frac{\lambda}{2} \sum w^2$ and shrinks all of
# them; **L1** adds $\lambda \sum |w|$ and makes many exactly 0. Here a linear classifier learns 100 digits of 8 × 8 pixels,
# which is few for 640 weights, and 20 of the labels are drawn at random. With too little $\lambda$ it learns the wrong
# ones too, with too much it learns nothing.

# %%
swept = penalties.penalties(steps=sized(3000, quick=300))
for name in ("L2", "L1"):
    best = swept.test_errors[name].argmin()
    print(f"{name}: best λ {swept.strengths[best]:g}, {swept.test_errors[name][best]:.1%} wrong,", end=" ")
    print(f"{swept.zeros[name][best]:.0%} of the weights are 0; weakest λ {swept.test_errors[name][0]:.1%} wrong")
swept

# %% [markdown]
# ## Dropout
#
# In each training step every unit is left out with probability $p$. Those that stay are multiplied by $1 / (1 - p)$, so that the
# sum that the next layer sees is the same on average; in prediction nothing is left out.

# %%
masks = small_data.masks(rate=0.5)
print("largest difference of the mean from no dropout:", abs(masks.masked.mean(axis=0) - masks.answers).max().round(3))
masks

# %% [markdown]
# A convolutional network with 150,000 parameters learns the same 100 digits, with dropout at several rates. Without it the
# loss on other digits soon rises again, although the training loss (dotted) keeps falling: it becomes more and more sure
# of its mistakes.

# %%
steps = sized(300, quick=60)
rates = {f"dropout {rate}": small_data.network(dropout=rate) for rate in (0.0, 0.25, 0.5, 0.75)}
print(f"{measure(rates['dropout 0.0'], (8, 8, 1)).parameters:,} parameters")
dropped = small_data.run(rates, steps=steps)
dropped

# %% [markdown]
# Dropout can be read as an **ensemble**: each mask is a network of its own, all share their weights, and prediction without
# dropout is a cheap way to take the mean of all of them.

# %%
one, mean, without = small_data.ensemble(dropped.networks["dropout 0.75"])
print(f"wrong with one mask {one:.1%}, with the mean of 50 masks {mean:.1%}, without dropout {without:.1%}")

# %% [markdown]
# ## Fewer parameters, or more examples
#
# A smaller network can learn less by heart, but also less in all. **Augmentation** goes the other way: every digit is moved
# by up to a pixel, each time anew, so that the network never sees the same image twice. Nothing else here helps as much.

# %%
networks = {"2 filters": small_data.network(2), "32 filters": small_data.network(32)}
networks["32, augmented"] = small_data.network(32)
compared = small_data.run(networks, {"32, augmented": small_data.shifted}, steps=steps)
for name, block in networks.items():
    print(f"{name:14} {measure(block, (8, 8, 1)).parameters:7,} parameters, {compared.test_errors[name][-1]:.1%} wrong")
compared

# %% [markdown]
# ## Stop in time
#
# The circles in the last two figures mark where the loss on other digits is lowest. **Early stopping** keeps the weights of
# that moment. (Strictly, one must not choose by the test digits: that is what a third set, for validation, is for. `multicnn
# train` holds one back and does this by default.)

# %%
for name in compared.networks:
    losses, best = compared.test_losses[name], compared.best_step(name)
    print(f"{name:14} best at step {best}: loss {losses.min():.3f}; at the end {losses[-1]:.3f}")

# %% [markdown]
# **To take with you.** The error on new examples is bias² + variance + noise. Penalties, dropout, smaller networks and early
# stopping trade variance for bias; augmentation brings in what one knows about the world. Never judge by the training error.
