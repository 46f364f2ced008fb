# %% [markdown]
# # 8. Losses
#
# Training makes one number smaller. What we want is few wrong answers; what we minimise is something else, and this notebook
# shows why. It draws the usual losses, reads them as probabilities, and finds out which of them show a way down.

# %%
import numpy as np

from multicnn.lessons import loss_curves, surely_wrong

# %% [markdown]
# ## Curves
#
# With two classes, let $y$ be the right answer, -1 or 1, and $z$ the sum of the neuron. The **margin** $m = y z$ is above 0 if
# the answer is right, and large if it is surely right.
#
# * **step**: 1 if wrong, 0 if right. The number of wrong answers: what we want.
# * **hinge**: $\max(0, 1 - m)$: right is not enough, it should be right by a margin of 1.
# * **squared**: $(1 - m)^2$: it also punishes answers that are too surely right.
# * **logistic**: $\log(1 + e^{-m})$. With $\log_2$ it is 1 where the margin is 0, and so lies above the step everywhere;
#   with the natural logarithm, as in programs, it is $\ln 2 \approx 0.69$ there. The two differ by that factor and nothing else.
#
# With more classes the logistic loss becomes the **cross-entropy**: minus the logarithm of the right class's probability.

# %%
curves = loss_curves.losses()
at_zero = {name: round(float(loss(np.array([0.0]))[0]), 3) for name, loss in loss_curves.LOSSES.items()}
print("at a margin of 0:", at_zero)
curves

# %% [markdown]
# ## Losses are likelihoods
#
# Where do they come from? Say what the probability of each answer is, and take **minus its logarithm**: the most likely
# weights are those with the smallest sum. Backwards, $e^{-\mathrm{loss}}$ is the probability that a loss believes in:
#
# * **logistic**: $P(y) = 1 / (1 + e^{-y z})$. Both answers add up to 1, for every $z$: it is a probability.
# * **step**: the answer is right with a fixed probability, however large $z$ is: labels are flipped like a coin.
# * **squared**: seen as a probability of a *number*, it is Gauss's bell around $z$, right for measurements, not for classes.
# * **hinge**: the total of both answers changes with $z$: it is the likelihood of nothing. It has other merits.

# %%
likely = loss_curves.likelihoods()
for name in likely.likelihoods:
    print(f"{name:18} the total of both answers changes by {likely.spread(name):.0%}")
likely

# %% [markdown]
# ## Why not simply minimise the mistakes?
#
# Because the step is flat. Its slope is 0 wherever there is one, so the gradient says nothing, and nothing moves. All the
# others show a way down, and end with nearly the same line.

# %%
trained = loss_curves.descents()
for name, accuracy in trained.accuracies.items():
    print(f"{name:18} {accuracy[0]:.0%} right at first, {accuracy[-1]:.0%} in the end")
trained

# %% [markdown]
# ## Why not the squared error, with softmax?
#
# The probabilities $p$ of a network come from **softmax**. The gradient of the cross-entropy for the logits is $p - t$: the
# more wrong, the larger, up to about 1. The squared error $\sum (p - t)^2$ goes back through softmax, which is flat where it is
# sure, and its gradient is multiplied by $p (1 - p)$. A network that is *surely wrong* should change most, and changes
# least.

# %%
logits, right = np.array([[20.0, 0.0]]), np.array([[0.0, 1.0]])
for name in surely_wrong.NAMES:
    slopes = surely_wrong.gradient(name, logits, right)
    print(f"{name:14} gradient {slopes[0]}, by hand {surely_wrong.by_hand(name, logits, right)[0]}")

# %% [markdown]
# In training: a network of one layer begins by being sure that every digit is a 0, and none of them is. Cross-entropy
# corrects it within some steps. The squared error never does.

# %%
stuck = surely_wrong.stuck()
for name, accuracies in stuck.accuracies.items():
    print(f"{name:14} {accuracies[-1]:.0%} right after {len(accuracies) - 1} steps")
stuck

# %% [markdown]
# **To take with you.** A loss must have a slope where the answer is wrong. The logistic loss and the cross-entropy are minus
# the logarithm of a probability, and pair with sigmoid and softmax: together their gradient is simply $p - t$. In a recipe
# the loss is a name: `--set loss=hinge`.
