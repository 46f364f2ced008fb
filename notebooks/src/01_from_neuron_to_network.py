# %% [markdown]
# # 1. From neuron to network
#
# A neuron adds up its inputs, each times a weight, and answers 1 if the sum is above 0. This notebook asks what one such
# neuron can learn, what it never will, and what changes when neurons are put in two layers. At the end we count weights,
# and see why images need something better than layers in which everything is connected with everything.

# %%
import numpy as np

import multicnn.blocks as mb
from multicnn.blocks.cost import measure
from multicnn.lessons import approximation, chain_rule, neuron, weight_counts

# %% [markdown]
# ## One neuron is a line
#
# With two inputs, the sum $w_1 x_1 + w_2 x_2 + b$ is above 0 on one side of a straight line, and below 0 on the other: the
# **weights** turn the line, the **bias** $b$ moves it. Take $w = (1, 1)$ and $b = -1.5$. The sum is above 0 only if both
# inputs are 1, so this neuron computes AND.

# %%
inputs, answers = neuron.gate("AND")
sums = inputs @ np.array([1, 1]) - 1.5
for row, total in zip(inputs, sums):
    print(f"inputs {row}: sum {total:+.1f}, answer {int(total > 0)}")

# %% [markdown]
# ## The perceptron finds its line
#
# Nobody has to choose the weights. Rosenblatt's rule (1958) goes through the examples; after a wrong answer it moves every
# weight by (right answer − given answer) × input. For AND, OR and NOT it soon makes no mistake any more. The picture shows
# the two sides of the line that was learned; NOT has one input, so its line is a point.

# %%
tables = {name: neuron.gate(name) for name in ("AND", "OR", "NOT")}
lines = {name: neuron.perceptron(*table) for name, table in tables.items()}
for name, line in lines.items():
    print(f"{name:3}: weights {line.weights}, bias {line.bias:+.1f}, mistakes by epoch {line.mistakes[:8]}")
neuron.regions(lines, tables)

# %% [markdown]
# ## XOR: no line will do
#
# XOR (one or the other, but not both) has its 1s at opposite corners. The perceptron never stops making mistakes. That is
# not its fault: if we try lines of every direction and position, the best still has one of four corners wrong.

# %%
inputs, answers = neuron.gate("XOR")
single = neuron.perceptron(inputs, answers, epochs=100)
print("mistakes in the last epochs of the perceptron:", single.mistakes[-5:])
print("the best of all lines:", neuron.best_line(inputs, answers), "right")

# %% [markdown]
# ## A hidden layer bends the line
#
# Now the inputs first go to four **hidden** neurons, and a last neuron sees only what these answer. For learning, the hard
# threshold is replaced by smooth functions: $h = \tanh(W_1 x + b_1)$ and $p = \sigma(w_2 h + b_2)$, where $p$ is the
# probability of the answer 1. Such a network learns XOR. Each hidden neuron still is a line; together they are a region.

# %%
network = chain_rule.train_by_hand(inputs, answers)
print("right with one hidden layer:", network.accuracy(inputs, answers))
print("probabilities of 1:", network(inputs).round(3))
table = (inputs, answers)
neuron.regions({"one neuron": single, "one hidden layer": network}, {"one neuron": table, "one hidden layer": table})

# %% [markdown]
# ## How it learned: the chain rule
#
# Training makes the **loss** smaller: the cross-entropy $-\log p$ of the right answer. For that we need the slope of the
# loss along every weight, and the chain rule gives it from the end backwards. With the target $t$:
#
# * at the output's sum: $\partial L / \partial z_2 = p - t$
# * for the output's weights: $\partial L / \partial w_2 = (p - t)\, h$
# * at a hidden sum: $\partial L / \partial z_1 = (p - t)\, w_2\, (1 - h^2)$, as $1 - h^2$ is the slope of tanh
# * for the hidden weights: $\partial L / \partial W_1 = x \; \partial L / \partial z_1$
#
# The picture has the numbers for one example. Every red number is made of red numbers to its right and black ones: check
# one with a pocket calculator.

# %%
chain_rule.backward(chain_rule.initial(2, 2, seed=1), x=[1, 0], target=1)

# %% [markdown]
# Frameworks do the same for any network; they call it **automatic differentiation**. Its gradients and ours by hand are the
# same up to rounding. Below is the loss while the network above was trained by these four lines of mathematics.

# %%
weights = chain_rule.initial(2, 4, seed=3)
by_hand = chain_rule.gradients_by_hand(weights, inputs, answers)
automatic = chain_rule.gradients_automatic(weights, inputs, answers)
print("largest difference:", chain_rule.largest_difference(by_hand, automatic))
network

# %% [markdown]
# ## What can a hidden layer compute? Any curve
#
# A steep neuron is a step. A step up and, a little later, a step down make a **bump**; each bump takes two hidden neurons.

# %%
approximation.bump(left=0.35, right=0.65)

# %% [markdown]
# With many narrow bumps, each as high as the curve at that point, any continuous curve can be approximated. This is the
# **universal approximation theorem** in pictures. The theorem has a price: to halve the error takes twice the neurons.

# %%
curve = approximation.approximate(bumps=(4, 8, 16, 32, 64, 128))
for bumps, error in zip(curve.bumps, curve.errors):
    print(f"{2 * bumps:4} hidden neurons: mean error {error:.4f}")
curve

# %% [markdown]
# ## The price on images
#
# So one hidden layer suffices in principle. But in a **dense** layer every neuron has a weight for every input, and a
# photograph of 224 × 224 pixels in three colours has 150,528 of them. A **convolution** has one small window of weights for
# each of its filters, and slides it over the image: its number of weights does not depend on the size of the image at all.

# %%
shape = (224, 224, 3)
dense = measure(mb.chain(mb.flatten(), mb.dense(64)), shape).parameters
conv = measure(mb.conv(64, 3), shape).parameters
print(f"dense layer: {dense:,} parameters; convolution: {conv:,}; {dense // conv:,} times fewer")
weight_counts.weight_counts()

# %% [markdown]
# **To take with you.** A neuron divides its inputs by a line. XOR needs a hidden layer. The chain rule, from the loss
# backwards, tells every weight how to change. Enough hidden neurons approximate any curve, but on images a dense layer
# wastes thousands of times more weights than a convolution, which is the subject of the next notebook.
