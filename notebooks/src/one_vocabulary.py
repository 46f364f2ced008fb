# %% [markdown]
# # One vocabulary of blocks, three modalities
#
# The same network, written once, is built on images, on audio and on text; then a small one is trained on the built-in
# digits.

# %%
import tempfile
from pathlib import Path

import multicnn
import multicnn.blocks as mb
from multicnn.blocks.cost import measure
from multicnn.data.builtin import digits

# %% [markdown]
# A block is a value. It prints as its own source code, compares by value, and builds nothing until it is applied to a
# tensor.

# %%
residual = mb.chain(mb.add(mb.conv(8, 3, norm="batch"), mb.chain()), mb.activation("relu"))
net = mb.chain(
    mb.stage("conv1", mb.conv(8, 3, norm="batch", activation="relu"), mb.max_pool(2)),
    mb.stage("conv2_x", mb.repeat(2, residual)),
    mb.global_average_pool(),
    mb.dense(10),
)
net

# %% [markdown]
# Its rank comes from the tensor: two-dimensional on an image, one-dimensional on a waveform or a sentence. `measure` counts
# parameters and multiply-adds without building.

# %%
inputs = {
    "image": (net, (28, 28, 1)),
    "waveform": (net, (4000, 1)),
    "sentence": (mb.chain(mb.embed(500, 16), net), (40,)),
}
for name, (block, shape) in inputs.items():
    cost = measure(block, shape)
    counts = f"{cost.parameters:7,} parameters, {cost.multiply_adds:11,} multiply-adds"
    print(f"{name:9} {shape!s:12} {counts}, conv2_x: {cost.stages['conv2_x'].shape}")

# %% [markdown]
# Layers are named by their path, and a stage can be looked up by its name in the paper.

# %%
model = mb.network(net, (28, 28, 1))
print([layer.name for layer in model.layers][:8])
model.get_layer("conv2_x").output.shape

# %% [markdown]
# Training takes a folder, a table or the name of a built-in data set, and leaves a run folder with one file that holds
# everything needed to predict.

# %%
runs = Path(tempfile.mkdtemp())
predictor = multicnn.train("digits", runs / "digits", model=net.to_dict(), epochs=5, batch_size=16)
{name: round(predictor.metrics[name]["accuracy"], 3) for name in ("train", "val", "test", "linear_baseline")}

# %%
manifest = digits.load()
rows = manifest.rows("test")[:5]
loaded = multicnn.load(runs / "digits" / "model.keras")
predictions = loaded.predict([manifest.raw_source(row) for row in rows])
[(p.label, round(p.probability, 3)) for p in predictions], manifest.table["label"][rows].tolist()
