"""Time of TextCNN's training step, beside plain PyTorch and plain Keras.

    python benchmarks/textcnn.py [--rounds 10]

The network and the batch of `training_step.py`: 50 texts of 60 ids, 1 to 60 of them words, 20,000 words of 300 dimensions, 100
filters each of 3, 4 and 5 words, dropout 0.5, 6 classes, Adam with a rate of 0.001, float32. Ours and Keras's steps are those
of that benchmark. PyTorch's is the usual loop: forward pass, cross-entropy, `zero_grad`, backward pass, `step`, and reading the
loss; its embedding is dense, like the others'. In each round they alternate step by step. PyTorch is imported last:
its threads spin beside TensorFlow's, so each step first waits until the threads of the one before are asleep.

Measured on 2 cores of an AMD EPYC at a load of 6 from other work, TensorFlow 2.21, PyTorch 2.13, 6 rounds: plain Keras / ours
0.98 (in CPU time 0.96), plain PyTorch / ours 5.3 (3.5; its threads suffer most from other work). That was without oneDNN and
before embedding gradients stayed IndexedSlices; since then `training_step.py`, on otherwise idle machines, gave plain Keras /
ours 0.99 and 1.04.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # multicnn's default, set here because TensorFlow is imported first

import keras
import numpy as np
from training_step import DIMS, WORDS, Case, cases, our_step, plain_step

from multicnn.blocks import network

CLASSES = 6


def main() -> None:
    """Print a line for each contestant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)
    case = cases()["textcnn"]
    contestants = {
        "ours": our_step(network(case.block, case.inputs.shape[1:]), case),
        "plain Keras": plain_step(case.plain(), case),
        "plain PyTorch": torch_step(case),
    }
    for step in contestants.values():
        step(), step()  # trace and warm up
    times = np.array([one_round(list(contestants.values()), case.steps) for _ in range(arguments.rounds)])
    per_round = np.median(times, axis=1)  # (round, contestant, clock)
    print("                 ms    / ours    CPU time / ours")
    for i, name in enumerate(contestants):
        wall, cpu = np.median(per_round[:, i] / per_round[:, 0], axis=0)
        print(f"{name:<14}{1000 * np.median(times[:, :, i, 0]):>6.1f}{wall:>9.3f}{cpu:>14.3f}")


def one_round(contestants: list[Callable[[], object]], turns: int) -> np.ndarray:
    """Return wall-clock and CPU seconds of each step, (turns, contestants, 2); the contestants rotate."""
    times = np.zeros((turns, len(contestants), 2))
    for turn in range(turns):
        for i in np.roll(np.arange(len(contestants)), turn):
            time.sleep(0.005)  # until the threads of the one before are asleep
            wall, cpu = time.perf_counter(), time.process_time()
            contestants[i]()
            times[turn, i] = time.perf_counter() - wall, time.process_time() - cpu
    return times


def torch_step(case: Case) -> Callable[[], object]:
    """Return the usual training step in PyTorch."""
    import torch
    from torch import nn

    class TextCNN(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(WORDS, DIMS, padding_idx=0)
            self.convolutions = nn.ModuleList(nn.Conv1d(DIMS, 100, width) for width in (3, 4, 5))
            self.dropout = nn.Dropout(0.5)
            self.output = nn.Linear(300, CLASSES)

        def forward(self, ids):
            x = self.embedding(ids).transpose(1, 2)
            pooled = [torch.relu(convolution(x)).max(dim=2).values for convolution in self.convolutions]
            return self.output(self.dropout(torch.cat(pooled, dim=1)))

    torch.manual_seed(0)
    model = TextCNN().train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    ids = torch.from_numpy(case.inputs.astype(np.int64))
    targets = torch.randint(0, CLASSES, (len(ids),))

    def run() -> float:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(ids), targets)
        loss.backward()
        optimizer.step()
        return loss.item()

    return run


if __name__ == "__main__":
    main()
