"""The training step of our networks beside hand-written plain Keras of the same layers.

    python benchmarks/training_step.py [--rounds 20] [--networks resnet20 res8 textcnn] [--deterministic]

Ours: the Block's network through `multicnn.training.step.training_step`. Plain: the layers written out by hand with
`keras.layers`, compiled, and trained through the function that `model.fit` calls for each step. Both take their batches from
the same kind of tf.data iterator, keep running loss and accuracy, use the same optimizer in float32, without XLA. In each
round the two take turns, step by step; printed is the median wall-clock time of all their steps, with the quartiles of the
rounds' own ratios, and beside it the ratio of the median processor times, which other work on the machine disturbs less.
`--deterministic` turns on TensorFlow's determinism for both, which `multicnn train` does.

    network    inputs                                             optimizer
    ResNet-20  128 pictures of 32x32x3, 10 classes                SGD 0.1, momentum 0.9
    res8       64 log-mels of 101x40x1, 12 classes                SGD 0.1, momentum 0.9
    TextCNN    50 texts of 60 ids (1 to 60 of them words),        Adam 0.001
               20,000 words of 300 dimensions, 6 classes

Measured on 2 cores of an AMD EPYC, TensorFlow 2.21, 20 rounds: plain / ours 1.015 (ResNet-20), 1.011 (res8), 1.031 (TextCNN).
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from multicnn import models
from multicnn.blocks import Block, chain, embed, network
from multicnn.training.step import training_step

WORDS, DIMS, LENGTH = 20_000, 300, 60


@dataclass(frozen=True)
class Case:
    """One comparison: our Block, the same by hand, a batch for them, an optimizer, and how many steps of each a round has."""

    block: Block
    plain: Callable[[], keras.Model]
    inputs: np.ndarray
    classes: int
    optimizer: Callable[[], keras.optimizers.Optimizer]
    steps: int


def main() -> None:
    """Prints a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--networks", nargs="+", default=["resnet20", "res8", "textcnn"])
    parser.add_argument("--deterministic", action="store_true")
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)
    if arguments.deterministic:
        tf.config.experimental.enable_op_determinism()
    print("network      weights  ours ms  plain ms  plain/ours   quartiles       processor")
    for name in arguments.networks:
        compare(name, cases()[name], arguments.rounds)


def compare(name: str, case: Case, rounds: int) -> None:
    """Times both and prints the line of one network."""
    ours, plain = network(case.block, case.inputs.shape[1:]), case.plain()
    assert ours.count_params() == plain.count_params(), (ours.count_params(), plain.count_params())
    contestants = our_step(ours, case), plain_step(plain, case)
    for step in contestants:
        step(), step()  # traces, and warms up
    times = np.array([one_round(contestants, case.steps) for _ in range(rounds)])  # (round, turn, contestant, clock)
    (ours_ms, ours_cpu), (plain_ms, plain_cpu) = 1000 * np.median(times, axis=(0, 1))
    of_rounds = np.median(times[..., 0], axis=1)
    low, high = np.quantile(of_rounds[:, 1] / of_rounds[:, 0], [0.25, 0.75])
    print(
        f"{name:<10}{ours.count_params():>10,}{ours_ms:>9.1f}{plain_ms:>10.1f}{plain_ms / ours_ms:>12.3f}"
        f"   {low:.3f} to {high:.3f}{plain_cpu / ours_cpu:>13.3f}",
        flush=True,
    )


def one_round(contestants: tuple[Callable[[], object], ...], turns: int) -> np.ndarray:
    """Seconds of the wall clock and of the processor for each step, (turns, contestants, 2); each is first in turn."""
    times = np.zeros((turns, len(contestants), 2))
    for turn in range(turns):
        order = range(len(contestants)) if turn % 2 == 0 else reversed(range(len(contestants)))
        for i in order:
            wall, processor = time.perf_counter(), time.process_time()
            contestants[i]()
            times[turn, i] = time.perf_counter() - wall, time.process_time() - processor
    return times


def our_step(model: keras.Model, case: Case) -> Callable[[], object]:
    """A step as `multicnn train` makes it."""
    model.compile(optimizer=case.optimizer(), jit_compile=False)
    totals = tf.Variable([0.0, 0.0, 0.0], dtype=tf.float64, trainable=False)
    step, batches = training_step(model, totals), iterator(case)

    def run() -> object:
        step(batches)
        return totals.numpy()  # waits until the step is done

    return run


def plain_step(model: keras.Model, case: Case) -> Callable[[], object]:
    """A step as `model.fit` makes it."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=case.optimizer(), loss=loss, metrics=["accuracy"], jit_compile=False)
    model.make_train_function()
    batches = iterator(case)

    def run() -> object:
        logs = model.train_function(batches)
        return {name: float(value) for name, value in logs.items()}

    return run


def iterator(case: Case) -> object:
    """The same batch again and again, so that making batches costs nothing."""
    targets = np.random.default_rng(1).integers(0, case.classes, len(case.inputs)).astype(np.int32)
    return iter(tf.data.Dataset.from_tensors((case.inputs, targets)).repeat())


def cases() -> dict[str, Case]:
    """The three comparisons."""
    random = np.random.default_rng(0)
    pictures = random.normal(size=(128, 32, 32, 3)).astype(np.float32)
    spectrograms = random.normal(size=(64, 101, 40, 1)).astype(np.float32)
    ids = random.integers(2, WORDS, (50, LENGTH)).astype(np.int32)
    ids[np.arange(LENGTH) >= random.integers(1, LENGTH + 1, 50)[:, None]] = 0
    text = chain(embed(WORDS, DIMS), models.create("textcnn", 6))
    return {
        "resnet20": Case(models.create("resnet20", 10), plain_resnet20, pictures, 10, momentum, 2),
        "res8": Case(models.create("res8", 12), plain_res8, spectrograms, 12, momentum, 4),
        "textcnn": Case(text, plain_textcnn, ids, 6, adam, 6),
    }


def momentum() -> keras.optimizers.Optimizer:
    """Of He et al. 2015, and Tang & Lin 2018."""
    return keras.optimizers.SGD(0.1, momentum=0.9)


def adam() -> keras.optimizers.Optimizer:
    """With Keras's own settings."""
    return keras.optimizers.Adam(1e-3)


def plain_resnet20() -> keras.Model:
    """ResNet-20 of He et al. 2015, shortcuts without parameters."""

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
    """res8 of Tang & Lin 2018: ReLU before a norm without scale and shift."""

    def convolution(x):
        return layers.Conv2D(
            45, 3, padding="same", use_bias=False, activation="relu", kernel_initializer="he_normal"
        )(x)  # fmt: skip

    def normalisation(x):
        return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, center=False, scale=False)(x)

    inputs = keras.Input((101, 40, 1))
    x = layers.AveragePooling2D((4, 3))(convolution(inputs))
    for block in range(3):
        main = x if block == 0 else normalisation(x)
        main = convolution(normalisation(convolution(main)))
        x = layers.Add()([main, x])
    x = layers.GlobalAveragePooling2D()(normalisation(x))
    return keras.Model(inputs, layers.Dense(12)(x))


def plain_textcnn() -> keras.Model:
    """TextCNN of Kim 2014; padding is a word like any other."""
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(WORDS, DIMS)(inputs)
    branches = [layers.GlobalMaxPooling1D()(layers.Conv1D(100, width, activation="relu")(x)) for width in (3, 4, 5)]
    x = layers.Dropout(0.5)(layers.Concatenate()(branches))
    return keras.Model(inputs, layers.Dense(6, kernel_constraint=keras.constraints.MaxNorm(3))(x))


if __name__ == "__main__":
    main()
