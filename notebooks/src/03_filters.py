# %% [markdown]
# # 3. Filters
#
# What can a small window of weights find? First filters that people have thought up, on a photograph and on a voice; then
# those that the eye has; then those that a network learns for itself. In the end they are much the same.

# %%
from multicnn.lessons import filters, gabor, learned_filters, photographs
from multicnn.lessons.sizes import sized

# %% [markdown]
# ## Filters by hand
#
# The names are those of image processing. **Identity** has one weight of 1 in its middle. The two **edge** filters compare a
# pixel with its 4 or 8 neighbours: where all are equal they give 0, which is grey in the pictures. **Sharpen** adds the
# edges to the image, the **blurs** average. **Sobel** filters are edges with a direction: `sobel_x` finds upright ones.

# %%
china = photographs.grey("china", width=320)
by_hand = filters.filtered(china)
for name, total in by_hand.sums.items():
    print(f"{name:14} weights sum to {total:.0f}; mean of the output {by_hand.outputs[name].mean():+.3f}")
by_hand

# %% [markdown]
# ## The same on a voice
#
# A **spectrogram** is an image of a sound: time runs to the right, pitch upwards, and bright is loud. The filters do not
# know the difference. Along time `sobel_y` finds beginnings and ends (time is the first axis of the array); across time
# `sobel_x` finds the borders of the voice's harmonics.

# %%
spectrogram, word = filters.spectrogram(row=7)
print(f"the word {word!r}: {spectrogram.shape[0]} steps of time, {spectrogram.shape[1]} bands of pitch")
filters.filtered(spectrogram, ("identity", "sobel_y", "sobel_x", "gaussian_blur"), upright=True)

# %% [markdown]
# ## A filter is the pattern it looks for
#
# The sum of products is largest where the image looks like the kernel. So to find a pattern, use it as the kernel. Here it
# is cut out of the photograph, then noise is added to the photograph, and the filter still finds its place.

# %%
detection = filters.detect(china, top=58, left=92, size=24, noise=0.1)
print("cut out at", detection.corner, "and found at", detection.highest)
detection

# %% [markdown]
# ## What the eye does
#
# In 1962 Hubel and Wiesel found cells in the visual cortex of the cat that answer to a bar of light of one direction at one
# place: **simple cells**. A **Gabor filter**, a wave under a bell, describes them well. A bank of them takes an image apart
# by direction.

# %%
gabor.bank(china, angles=6)

# %% [markdown]
# **Complex cells** also want a direction, but do not care where exactly the bar is. They can be built of two simple cells:
# one with a crest in its middle, one with a slope; the complex cell answers with the length $\sqrt{a^2 + b^2}$. When stripes
# move past, the simple cell answers in turns, the complex cell all the time. This is what pooling does in a network: it
# forgets where, and keeps what.

# %%
cells = gabor.cells()
print(f"moving stripes change the simple cell by {gabor.modulation(cells.simple):.2f},", end=" ")
print(f"the complex cell by {gabor.modulation(cells.complex):.2f}")
print("the complex cell likes the angle", cells.angles[cells.tuning.argmax()])
cells

# %% [markdown]
# ## What a network learns
#
# Now nobody draws a filter. A network of one layer sees 16 × 16 patches of two photographs, without any label. It has to
# give each patch back from the answers of its 64 filters, and its filters should be quiet most of the time. What it learns
# are bars and edges of all directions and places.

# %%
learned = learned_filters.learn(filters=64, steps=sized(1500, quick=300))
learned

# %% [markdown]
# To measure it, the Gabor filter that is nearest to each learned one is searched (the middle picture). A correlation of 1
# would be equality. Filters of white noise show what such a search finds by chance.

# %%
print(f"learned filters with a correlation of at least 0.7: {learned.share(learned.correlations):.0%}")
print(f"filters of white noise: {learned.share(learned.random):.0%}")
print(f"median: {sorted(learned.correlations)[32]:.2f} against {sorted(learned.random)[32]:.2f}")

# %% [markdown]
# **To take with you.** A filter answers where the image looks like it. Edges and bars of all directions are what the eye
# starts with, and what a network learns from photographs. In deep networks the later layers do the same with the answers
# of the earlier ones; how much of the image they then see is the subject of the next notebook.
