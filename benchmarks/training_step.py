"""Time of the training step, beside hand-written plain Keras and, if installed, PyTorch with the same layers.

    python benchmarks/training_step.py [--rounds 20] [--networks resnet20 res8 m5 textcnn] [--deterministic] [--bfloat16]
                                        [--compiled]

Ours: the network of the Block through `multicnn.backends`. Plain: the same layers written with `keras.layers`, compiled, and
trained by the function that `model.fit` calls for each step. Both take their batches from the same kind of tf.data iterator,
without XLA. PyTorch: `pytorch_peers.py`, images and log-mels channels_last, with one thread per core; eager and, with
`--compiled`, through `torch.compile`. All update running loss and accuracy and use the same optimizer. In each round they
alternate step by step; printed is the median wall-clock time of all their steps, with the quartiles of the ratios of the
rounds. `--deterministic` turns on TensorFlow's op determinism, as `multicnn train` does. `--bfloat16` trains ours and plain
under mixed_bfloat16 and PyTorch under autocast.

    network    inputs                                             optimizer
    ResNet-20  128 images of 32x32x3, 10 classes                  SGD 0.1, momentum 0.9
    res8       64 log-mels of 101x40x1, 12 classes                SGD 0.1, momentum 0.9
    M5         32 waveforms of 32,000 samples, 10 classes         SGD 0.1, momentum 0.9
    TextCNN    50 texts of 60 ids (1 to 60 of them words),        Adam 0.001
               20,000 words of 300 dimensions, 6 classes

Measured on 2 cores of an AMD EPYC with AVX-512 and bfloat16, TensorFlow 2.21, PyTorch 2.13, 8 rounds: the peer's time over
ours, with the quartiles:

    float32         ours    plain Keras               PyTorch, eager            PyTorch, compiled
    ResNet-20      231 ms   1.374 (1.315 to 1.506)    1.064 (0.982 to 1.154)    1.030 (0.995 to 1.073)
    res8           132 ms   1.015 (0.983 to 1.010)    1.442 (1.398 to 1.443)    1.460 (1.417 to 1.473)
    M5             418 ms   1.528 (1.494 to 1.530)    3.442 (3.347 to 3.656)    2.058 (1.953 to 2.158)
    TextCNN         64 ms   1.036 (1.045 to 1.093)    1.275 (1.286 to 1.329)    1.375 (1.365 to 1.450)
    bfloat16
    ResNet-20      181 ms   1.895 (1.817 to 1.966)    1.208 (1.158 to 1.320)    0.962 (0.908 to 1.110)
    res8           101 ms   1.036 (1.000 to 1.107)    1.343 (1.308 to 1.356)    1.231 (1.188 to 1.264)
    M5             284 ms   2.025 (1.887 to 2.091)    4.548 (4.264 to 4.644)    1.964 (1.859 to 2.095)
    TextCNN         62 ms   1.059 (0.976 to 1.069)    1.446 (1.304 to 1.495)    1.101 (1.013 to 1.107)

The gain over plain Keras comes from batch normalization by TensorFlow's fused kernel (`multicnn/backends/batch_norm.py`): before
it, ResNet-20 took 336 ms in 5 rounds on the same machine, M5 625. That kernel is slow for res8's 45 channels, which use Keras's.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # multicnn's default, set here because TensorFlow is imported first

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from multicnn import models
from multicnn.backends import engine
from multicnn.blocks import Block, chain, embed, network
from multicnn.tasks.losses import class_correct, class_losses

WORDS, DIMS, LENGTH = 20_000, 300, 60


@dataclass(frozen=True)
class Case:
    """One comparison: our Block, the same network by hand, a batch, an optimizer, and the number of steps per round."""

    block: Block
    plain: Callable[[], keras.Model]
    inputs: np.ndarray
    classes: int
    optimizer: Callable[[], keras.optimizers.Optimizer]
    steps: int

    @property
    def targets(self) -> np.ndarray:
        """Return a random class for each example, int32."""
        return np.random.default_rng(1).integers(0, self.classes, len(self.inputs)).astype(np.int32)


def main() -> None:
    """Print a line for each network and peer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--networks", nargs="+", default=["resnet20", "res8", "m5", "textcnn"])
    parser.add_argument("--deterministic", action="store_true")
    parser.add_argument("--bfloat16", action="store_true")
    parser.add_argument("--compiled", action="store_true")
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)
    if arguments.deterministic:
        tf.config.experimental.enable_op_determinism()
    print("network      weights  ours ms  peer                 ms  peer/ours   quartiles")
    for name in arguments.networks:
        compare(name, cases()[name], arguments.rounds, arguments.bfloat16, arguments.compiled)


def compare(name: str, case: Case, rounds: int, bfloat16: bool, compiled: bool) -> None:
    """Time all contestants and print the lines of one network."""
    policy = "mixed_bfloat16" if bfloat16 else "float32"
    ours = network(case.block, case.inputs.shape[1:], dtype=policy)
    keras.config.set_dtype_policy(policy)
    plain = case.plain()
    keras.config.set_dtype_policy("float32")
    assert ours.count_params() == plain.count_params(), (ours.count_params(), plain.count_params())
    contestants = {"ours": our_step(ours, case), "plain Keras": plain_step(plain, case)}
    if importlib.util.find_spec("torch"):
        import pytorch_peers

        pytorch_peers.torch.set_num_threads(os.cpu_count())
        peer = pytorch_peers.make(name, WORDS, DIMS)
        trainable = sum(np.prod(weight.shape) for weight in ours.trainable_weights)
        assert trainable == sum(p.numel() for p in peer.parameters())
        for kind in ("eager", "compiled") if compiled else ("eager",):
            module = pytorch_peers.torch.compile(copy.deepcopy(peer)) if kind == "compiled" else peer
            step = pytorch_peers.training_step(name, module, case.inputs, case.targets, bfloat16)
            contestants[f"PyTorch {kind}"] = step
    for step in contestants.values():
        step(), step()  # trace and warm up
    times = np.array([one_round(tuple(contestants.values()), case.steps) for _ in range(rounds)])
    medians = 1000 * np.median(times, axis=(0, 1))
    per_round = np.median(times, axis=1)
    for i, peer in list(enumerate(contestants))[1:]:
        low, high = np.quantile(per_round[:, i] / per_round[:, 0], [0.25, 0.75])
        print(
            f"{name:<10}{ours.count_params():>10,}{medians[0]:>9.1f}  {peer:<16}{medians[i]:>8.1f}"
            f"{medians[i] / medians[0]:>10.3f}   {low:.3f} to {high:.3f}",
            flush=True,
        )


def one_round(contestants: tuple[Callable[[], object], ...], turns: int) -> np.ndarray:
    """Return the seconds of each step, (turns, contestants); the order reverses every turn."""
    times = np.zeros((turns, len(contestants)))
    for turn in range(turns):
        order = range(len(contestants)) if turn % 2 == 0 else reversed(range(len(contestants)))
        for i in order:
            started = time.perf_counter()
            contestants[i]()
            times[turn, i] = time.perf_counter() - started
    return times


def our_step(model: keras.Model, case: Case) -> Callable[[], object]:
    """Return a step as `multicnn train` runs it."""
    model.compile(optimizer=case.optimizer(), jit_compile=False)
    step, batches = engine.training_step(model, class_losses, class_correct), iterator(case)
    return lambda: step(*next(batches))


def plain_step(model: keras.Model, case: Case) -> Callable[[], object]:
    """Return a step as `model.fit` runs it."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=case.optimizer(), loss=loss, metrics=["accuracy"], jit_compile=False)
    model.make_train_function()
    batches = iterator(case)

    def run() -> object:
        logs = model.train_function(batches)
        return {name: float(value) for name, value in logs.items()}

    return run


def iterator(case: Case) -> object:
    """Return an iterator that repeats one batch, so that loading costs nothing."""
    return iter(tf.data.Dataset.from_tensors((case.inputs, case.targets)).repeat())


def cases() -> dict[str, Case]:
    """Return the comparisons by name."""
    random = np.random.default_rng(0)
    images = random.normal(size=(128, 32, 32, 3)).astype(np.float32)
    spectrograms = random.normal(size=(64, 101, 40, 1)).astype(np.float32)
    waveforms = random.normal(size=(32, 32000, 1)).astype(np.float32)
    ids = random.integers(2, WORDS, (50, LENGTH)).astype(np.int32)
    ids[np.arange(LENGTH) >= random.integers(1, LENGTH + 1, 50)[:, None]] = 0
    text = chain(embed(WORDS, DIMS), models.create("textcnn", 6))
    return {
        "resnet20": Case(models.create("resnet20", 10), plain_resnet20, images, 10, momentum, 2),
        "m5": Case(models.create("m5", 10), plain_m5, waveforms, 10, momentum, 2),
        "res8": Case(models.create("res8", 12), plain_res8, spectrograms, 12, momentum, 4),
        "textcnn": Case(text, plain_textcnn, ids, 6, adam, 6),
    }


def momentum() -> keras.optimizers.Optimizer:
    """Return SGD as in He et al. 2015 and Tang & Lin 2018."""
    return keras.optimizers.SGD(0.1, momentum=0.9)


def adam() -> keras.optimizers.Optimizer:
    """Return Adam with Keras's default settings."""
    return keras.optimizers.Adam(1e-3)


def plain_resnet20() -> keras.Model:
    """Return ResNet-20 of He et al. 2015, with parameter-free shortcuts."""

    def convolution(x, filters, strides=1):
        x = layers.Conv2D(
            filters, 3, strides, padding="same", use_bias=False, kernel_initializer="he_normal"
        )(x)  # fmt: skip
        return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)

    inputs = x = keras.Input((32, 32, 3))
    x = layers.ReLU()(convolution(x, 16))
    for filters in (16, 32, 64):
        for block in range(3):
            strides = 2 if filters > 16 and block == 0 else 1
            main = layers.ReLU()(convolution(x, filters, strides))
            main = convolution(main, filters)
            if strides == 2:
                x = ops.pad(x[:, ::2, ::2], [[0, 0], [0, 0], [0, 0], [filters // 4, filters // 4]])
            x = layers.ReLU()(layers.Add()([main, x]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10)(x))


def plain_res8() -> keras.Model:
    """Return res8 of Tang & Lin 2018: ReLU before a norm without scale and shift."""

    def convolution(x):
        return layers.Conv2D(
            45, 3, padding="same", use_bias=False, activation="relu", kernel_initializer="he_normal"
        )(x)  # fmt: skip

    def normalization(x):
        return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, center=False, scale=False)(x)

    inputs = keras.Input((101, 40, 1))
    x = layers.AveragePooling2D((4, 3))(convolution(inputs))
    for block in range(3):
        main = x if block == 0 else normalization(x)
        main = convolution(normalization(convolution(main)))
        x = layers.Add()([main, x])
    x = layers.GlobalAveragePooling2D()(normalization(x))
    return keras.Model(inputs, layers.Dense(12)(x))


def plain_m5() -> keras.Model:
    """Return M5 of Dai et al. 2017."""
    inputs = x = keras.Input((32000, 1))
    for filters, size, strides in ((128, 80, 4), (128, 3, 1), (256, 3, 1), (512, 3, 1)):
        x = layers.Conv1D(
            filters, size, strides, padding="same", use_bias=False, kernel_initializer="he_normal"
        )(x)  # fmt: skip
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))
        x = layers.MaxPooling1D(4)(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(10)(x))


def plain_textcnn() -> keras.Model:
    """Return TextCNN of Kim 2014; padding is a word like any other."""
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(WORDS, DIMS)(inputs)
    branches = [layers.GlobalMaxPooling1D()(layers.Conv1D(100, width, activation="relu")(x)) for width in (3, 4, 5)]
    x = layers.Dropout(0.5)(layers.Concatenate()(branches))
    return keras.Model(inputs, layers.Dense(6, kernel_constraint=keras.constraints.MaxNorm(3))(x))


if __name__ == "__main__":
    main()
